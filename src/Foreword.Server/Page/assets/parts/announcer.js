// Reads streamed text to screen readers: sentence by sentence, because single tokens would interrupt each other.
import { el } from "../dom.js";

export class Announcer {
  #waiting = "";
  root = el("div", { class: "visually-hidden", role: "log", "aria-live": "polite" });

  /** Adds streamed text. It is read when a sentence or a line ends. */
  add(more) {
    this.#waiting += more;
    const end = /^[\s\S]*[.!?。！？\n]/.exec(this.#waiting);
    if (!end) return;
    this.#waiting = this.#waiting.slice(end[0].length);
    this.say(end[0]);
  }

  /** Reads what is left. */
  finish() {
    this.say(this.#waiting);
    this.#waiting = "";
  }

  /** Reads a text. */
  say(sentence) {
    if (sentence.trim() === "") return;
    this.root.append(el("p", {}, sentence));
    while (this.root.childElementCount > 20) this.root.firstElementChild.remove();
  }
}

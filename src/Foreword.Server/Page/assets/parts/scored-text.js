// A text whose tokens are colored by their probability. A token opens its alternatives.
import { el, button, newId, select } from "../dom.js";
import { show, text } from "../strings.js";
import { alternatives, namesOf, rankOf } from "./token-scores.js";

/** What the colors stand for: a token has the first that holds. */
const bands = {
  probability: [0.5, 0.1, 0.01, 0].map((least, i) => [`scored.p${i + 1}`, (token) => Math.exp(token.logProb) >= least]),
  rank: [1, 5, alternatives, Infinity].map((most, i) => [`scored.r${i + 1}`, (token) => (rankOf(token) ?? Infinity) <= most]),
};

/** Shows tokens as they are written, with a legend. */
export class ScoredText {
  #tokens = [];
  #elements = [];
  #model;
  #attempt;
  #choose;
  #before = el("span", { class: "before" });
  #written = el("span", { class: "written" });
  #coloring = select([["probability", "scored.probability"], ["rank", "scored.rank"], ["none", "scored.none"]], () => this.#color());
  #legend = el("ul", { class: "legend" });
  #note = el("p", { class: "help", say: "scored.note" });
  #panel = el("div", { class: "alternatives", popover: "auto", role: "dialog", label: "scored.alternatives" });

  /** model() returns the name of the tokens' model, attempt is the context's, and choose(place, token, name) is called when the user takes another token. */
  constructor({ model, attempt, choose }) {
    [this.#model, this.#attempt, this.#choose] = [model, attempt, choose];
    this.#coloring.id = newId("coloring");
    this.text = el("div", { class: "text", role: "group", label: "scored.text", on: { click: (event) => this.#click(event), keydown: (event) => this.#key(event) } }, this.#before, this.#written);
    const legend = el("div", { class: "scored-legend" }, el("label", { for: this.#coloring.id, say: "scored.colors" }), this.#coloring, this.#legend, this.#note);
    this.root = el("div", { class: "scored" }, this.text, legend, this.#panel);
    this.#color();
  }

  get tokens() {
    return this.#tokens;
  }

  /** Returns the whole text that is shown. */
  get content() {
    return this.#before.textContent + this.#tokens.map((token) => token.text).join("");
  }

  /** Shows a text without scores before the tokens, and no tokens. */
  begin(before) {
    this.#before.textContent = before;
    this.cut(0);
  }

  /** Keeps the first tokens. */
  cut(count) {
    this.#tokens.length = count;
    this.#elements.splice(count).forEach((element) => element.remove());
    if (count > 0 && this.#elements.every((element) => element.tabIndex < 0)) this.#elements[0].tabIndex = 0;
  }

  add(token) {
    const i = this.#tokens.push(token) - 1;
    const element = el("span", { class: "token", role: "button", tabindex: i === 0 ? "0" : "-1", "data-place": i });
    this.#elements.push(element);
    this.#written.append(element);
    this.#draw(i);
  }

  /** Adds text to the last token: characters that were held back until it was clear that they are no stop text. */
  extend(more) {
    if (this.#tokens.length === 0 || more === "") return;
    this.#tokens.at(-1).text += more;
    this.#draw(this.#tokens.length - 1);
  }

  /** Marks the last token as the one that ended the text. */
  end() {
    const last = this.#elements.at(-1);
    if (!last || this.#tokens.at(-1).text !== "") return;
    last.classList.add("end");
    show(last, "scored.end", {}, "aria-label");
  }

  #draw(i) {
    const token = this.#tokens[i], element = this.#elements[i];
    element.textContent = token.text;
    element.classList.toggle("part", token.text === "");
    element.setAttribute("aria-label", token.logProb === null ? token.text : `${token.text.trim() || "·"} ${percent(token.logProb)}`);
    this.#tint(i);
  }

  #tint(i) {
    const kind = this.#coloring.value;
    if (kind === "none" || this.#tokens[i].logProb === null) delete this.#elements[i].dataset.band;
    else this.#elements[i].dataset.band = bands[kind].findIndex(([, holds]) => holds(this.#tokens[i])) + 1;
  }

  #color() {
    const kind = this.#coloring.value;
    this.#legend.replaceChildren(...(bands[kind] ?? []).map(([key], i) => el("li", { "data-band": i + 1, say: key })));
    this.#note.hidden = kind === "none";
    this.#tokens.forEach((_, i) => this.#tint(i));
  }

  #click(event) {
    const element = event.target.closest(".token");
    if (element) this.#open(Number(element.dataset.place));
  }

  /** Arrows go from token to token, and Enter opens one: all tokens together are one stop of the Tab key. */
  #key(event) {
    const place = this.#elements.indexOf(event.target);
    const next = { ArrowRight: place + 1, ArrowDown: place + 1, ArrowLeft: place - 1, ArrowUp: place - 1, Home: 0, End: this.#elements.length - 1 }[event.key];
    if (place < 0) return;
    if (event.key === "Enter" || event.key === " ") this.#open(place);
    else if (this.#elements[next]) this.focus(next);
    else return;
    event.preventDefault();
  }

  /** Moves the focus to a token. */
  focus(place) {
    for (const element of this.#elements) element.tabIndex = -1;
    this.#elements[place].tabIndex = 0;
    this.#elements[place].focus();
  }

  #open(place) {
    return this.#attempt(() => this.#openPanel(place));
  }

  async #openPanel(place) {
    const token = this.#tokens[place];
    if (token.logProb === null) return;
    this.focus(place);
    const shown = token.top.slice(0, 10);
    const names = await namesOf(this.#model(), [token.id, ...shown.map(({ id }) => id)]);
    const rank = rankOf(token);
    const head = el("p", {});
    show(head, rank === null ? "scored.beyond" : "scored.place", { token: visible(names[0]), probability: percent(token.logProb), rank });
    this.#panel.replaceChildren(head, el("ol", {}, shown.map((other, i) => el("li", {}, this.#alternative(place, other, names[i + 1], other.id === token.id)))), button("scored.close", () => this.#panel.hidePopover(), { class: "plain" }));
    this.#panel.showPopover();
    const box = this.#elements[place].getClientRects()[0] ?? this.#elements[place].getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = this.#panel;
    this.#panel.style.left = `${Math.max(8, Math.min(box.left, innerWidth - width - 8))}px`;
    this.#panel.style.top = `${Math.max(8, box.bottom + 4 + height > innerHeight ? box.top - height - 4 : box.bottom + 4)}px`;
    this.#panel.querySelector("button").focus();
  }

  #alternative(place, other, name, isDrawn) {
    const bar = el("span", { class: "bar" });
    bar.style.width = `${Math.exp(other.logProb) * 100}%`;
    return el("button", { type: "button", "aria-current": isDrawn ? "true" : "false", on: { click: () => { this.#panel.hidePopover(); this.#choose(place, other, name); } } },
      el("code", {}, visible(name)), el("span", { class: "share" }, percent(other.logProb)), el("span", { class: "track", "aria-hidden": "true" }, bar));
  }
}

/** Returns a token's name with its blanks visible. */
export const visible = (name) => name === "" ? text("scored.empty") : name.replaceAll(" ", "␣").replaceAll("\n", "⏎").replaceAll("\t", "⇥").replaceAll("bytes:", "");

/** Returns a probability in percent. */
export function percent(logProb) {
  const value = Math.exp(logProb) * 100;
  return value >= 0.1 ? `${value.toFixed(1)} %` : `${value.toPrecision(1)} %`;
}

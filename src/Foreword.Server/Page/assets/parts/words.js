// What each word of a text contributes to a prediction: the prediction with the word, less the prediction without it.
import { post } from "../api.js";
import { el } from "../dom.js";
import { show } from "../strings.js";

const batch = 64; // examples of one request; the server computes them together
const listed = 8; // words whose contribution is listed as a number

/** Returns the parts of a text: { text, isWord }. Chinese words are parts, too. */
export function partsOf(text) {
  return [...new Intl.Segmenter(undefined, { granularity: "word" }).segment(text)].map(({ segment, isWordLike }) => ({ text: segment, isWord: isWordLike }));
}

/** Returns a text without one of its parts and the blank after it. */
export function without(parts, place) {
  const isBlank = (part) => part !== undefined && part.text.trim() === "";
  const skipped = isBlank(parts[place + 1]) ? place + 1 : isBlank(parts[place - 1]) && place === parts.length - 1 ? place - 1 : place;
  return parts.filter((_, i) => i !== place && i !== skipped).map((part) => part.text).join("");
}

/** Shows texts whose words are colored by what they contribute to one class, or to the value. */
export class WordContributions {
  #note = el("p", { class: "help" });
  #texts = el("div", { class: "contributions" });
  #strongest = el("ol", { class: "strongest" });
  #words = []; // { element, text, prediction without the word }
  #base = null;
  root = el("section", { class: "words", hidden: true }, el("h2", { say: "words.title" }), this.#note, this.#texts, this.#strongest);

  /** Computes the predictions without each word of the texts of one example, in requests of 64 examples. */
  async compute(model, texts, base, signal) {
    this.clear();
    this.#base = base;
    const examples = [];
    texts.forEach((text, column) => {
      const parts = partsOf(text);
      const isOnly = parts.filter((part) => part.isWord).length < 2; // without its only word there is no text
      const spans = parts.map((part, place) => {
        const element = el("span", part.isWord ? { class: "word" } : {}, part.text);
        if (part.isWord && !isOnly) examples.push({ element, text: part.text, input: texts.with(column, without(parts, place)) });
        return element;
      });
      this.#texts.append(el("p", {}, spans));
    });
    this.root.hidden = examples.length === 0;
    for (let from = 0; from < examples.length; from += batch) {
      const part = examples.slice(from, from + batch);
      const { data } = await post("v1/classify", { model, input: part.map(({ input }) => input) }, signal);
      part.forEach(({ element, text }, i) => this.#words.push({ element, text, prediction: data[i] }));
      this.#draw(this.#shown);
    }
  }

  clear() {
    this.#words = [];
    this.#texts.replaceChildren();
    this.#strongest.replaceChildren();
    this.root.hidden = true;
  }

  #shown = { place: null, label: "" };

  /** Shows the contributions to the class at a place; with null, to the value. */
  show(place, label) {
    this.#shown = { place, label };
    show(this.#note, place === null ? "words.value" : "words.class", { label });
    this.#draw(this.#shown);
  }

  #draw({ place }) {
    const of = (prediction) => place === null ? prediction.value : prediction.probs[place];
    const said = (difference) => place === null ? signed(difference, 3) : `${signed(difference * 100, 1)} %`;
    const differences = this.#words.map(({ prediction }) => of(this.#base) - of(prediction));
    const largest = Math.max(...differences.map(Math.abs), place === null ? 1e-9 : 0.02); // small differences stay pale
    this.#words.forEach(({ element }, i) => {
      const difference = differences[i];
      element.dataset.sign = difference >= 0 ? "plus" : "minus";
      element.style.setProperty("--share", `${Math.round(Math.abs(difference) / largest * 45)}%`);
      element.title = said(difference);
    });
    const order = this.#words.map((_, i) => i).sort((a, b) => Math.abs(differences[b]) - Math.abs(differences[a])).slice(0, listed);
    this.#strongest.replaceChildren(...order.map((i) => el("li", {}, el("span", {}, this.#words[i].text), el("span", { class: "share" }, said(differences[i])))));
  }
}

const signed = (value, digits) => `${value >= 0 ? "+" : "−"}${Math.abs(value).toFixed(digits)}`;

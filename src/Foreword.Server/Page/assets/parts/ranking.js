// Sorts texts by how they fit another text, with a model that is fine-tuned for pairs.
import { post } from "../api.js";
import { el, button, field } from "../dom.js";

export class Ranking {
  #model;
  #attempt;
  #query = el("textarea", { rows: 2 });
  #documents = el("textarea", { rows: 5 });
  #label = el("select");
  #labelField = field("ranking.label", this.#label);
  #results = el("ol", { class: "ranking", "aria-live": "polite" });

  constructor({ model, attempt }) {
    [this.#model, this.#attempt] = [model, attempt];
    this.root = el("details", { class: "work" }, el("summary", { say: "ranking.title" }),
      field("ranking.query", this.#query),
      field("ranking.documents", this.#documents),
      this.#labelField,
      el("div", { class: "actions" }, button("ranking.rank", () => this.#attempt(() => this.#rank()))),
      this.#results);
  }

  /** Shows the controls for a model whose task reads these two texts, or hides them. Labels are empty if it predicts a number. */
  use(isPair, labels) {
    this.root.hidden = !isPair;
    this.#results.replaceChildren();
    if (!isPair) return;
    this.#label.replaceChildren(...labels.map((value) => el("option", { value }, value)));
    this.#label.value = labels.find((label) => label.toLowerCase() === "entailment") ?? labels.at(-1) ?? "";
    this.#labelField.hidden = labels.length === 0;
  }

  async #rank() {
    const documents = this.#documents.value.split("\n").filter((line) => line.trim() !== "");
    const label = this.#label.value ? { label: this.#label.value } : {};
    const { results } = await post("v1/rerank", { model: this.#model(), query: this.#query.value, documents, ...label });
    this.#results.replaceChildren(...results.map(({ index, relevance_score: score }) => el("li", {}, el("span", {}, documents[index]), el("span", { class: "share" }, score.toPrecision(3)))));
  }
}

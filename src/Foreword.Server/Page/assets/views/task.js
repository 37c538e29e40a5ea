// Task: what a fine-tuned model predicts for a text, and what each word contributes.
import { post } from "../api.js";
import { el, button, newId, onSend } from "../dom.js";
import { clear, hasText, show } from "../strings.js";
import { Ranking } from "../parts/ranking.js";
import { WordContributions } from "../parts/words.js";

export const title = "task.title";
export const uses = "task";

export function render(root, context) {
  const form = el("div", { class: "work" });
  const state = el("p", { class: "state", role: "status" });
  const bars = el("ol", { class: "bars" });
  const words = new WordContributions();
  const ranking = new Ranking({ model: context.model, attempt: context.attempt });
  const predictButton = button("task.predict", predict, { class: "main" });
  let inputs = []; // a textarea for each text that the task reads
  let choices = null; // the textarea of the choices, one a line; null for a task without choices
  let running = null; // the AbortController of the prediction that goes on

  root.append(form, el("div", { class: "actions" }, predictButton), state, bars, words.root, ranking.root);
  context.onModel(build);
  context.onOpen((parameters) => {
    build();
    inputs.forEach((input, i) => { input.value = parameters.get(`text${i + 1}`) ?? input.value; });
    if (choices) choices.value = parameters.get("choices") ?? choices.value;
  });

  const meta = () => context.models.find((model) => model.id === context.model()).meta;

  /** Creates a control for each text that the model's task reads. What was typed stays where the controls are the same. */
  function build() {
    const { task, inputs: names, choices: hasChoices, labels } = meta();
    const texts = inputs.map((input) => input.value);
    inputs = names.map((_, i) => el("textarea", { rows: 3, id: newId("input") }));
    inputs.forEach((input, i) => { input.value = texts[i] ?? ""; });
    choices = hasChoices ? el("textarea", { rows: 4, id: newId("choices") }) : null;
    [...inputs, ...(choices ? [choices] : [])].forEach((input) => onSend(input, predict));
    form.replaceChildren(el("p", { class: "help" }, el("span", { say: "task.kind" }), " ", named("task.kind", task)),
      ...inputs.map((input, i) => el("div", { class: "field" }, el("label", { for: input.id }, named("task.input", hasText(`task.input.${task}.${names[i]}`) ? `${task}.${names[i]}` : names[i])), input)),
      ...(choices ? [el("div", { class: "field" }, el("label", { for: choices.id, say: "task.choices" }), choices)] : []));
    ranking.use(names.length === 2 && !hasChoices && task !== "span", labels);
    clearResult();
  }

  function clearResult() {
    running?.abort();
    clear(state);
    bars.replaceChildren();
    words.clear();
  }

  async function predict() {
    clearResult();
    const { signal } = running = new AbortController();
    const model = context.model(), texts = inputs.map((input) => input.value);
    history.replaceState(null, "", context.link({ model, ...Object.fromEntries(texts.map((text, i) => [`text${i + 1}`, text])), ...(choices ? { choices: choices.value } : {}) }));
    predictButton.setAttribute("aria-busy", "true");
    await context.attempt(() => choices ? choose(model, texts, signal) : classify(model, texts, signal));
    predictButton.removeAttribute("aria-busy");
  }

  async function choose(model, texts, signal) {
    const given = choices.value.split("\n").filter((line) => line.trim() !== "");
    const { choice, index, probabilities } = await post("v1/choose", { model, input: texts.filter((text, i) => i === 0 || text !== ""), choices: given }, signal);
    show(state, "task.label", { label: choice });
    showBars(given, probabilities, index, null);
  }

  async function classify(model, texts, signal) {
    const { data: [prediction], labels } = await post("v1/classify", { model, input: [texts] }, signal);
    const isNumber = prediction.value !== undefined;
    show(state, isNumber ? "task.value" : prediction.label === "" ? "task.none" : "task.label", { label: prediction.label });
    if (prediction.words !== undefined || (prediction.probs.length === 0 && !isNumber)) return; // labels of words, or a part of a text: the answer says it all
    const best = prediction.probs.indexOf(Math.max(...prediction.probs));
    showBars(labels, prediction.probs, best, isNumber ? null : (place) => words.show(place, labels[place]));
    words.show(isNumber ? null : best, prediction.label);
    await words.compute(model, texts, prediction, signal);
  }

  /** Shows a bar for each class, the likeliest first. With select, a class can be selected. */
  function showBars(labels, probabilities, best, select) {
    const order = probabilities.map((_, i) => i).sort((a, b) => probabilities[b] - probabilities[a]);
    bars.replaceChildren(...order.map((place) => {
      const bar = el("span", { class: "bar" });
      bar.style.width = `${probabilities[place] * 100}%`;
      const parts = [el("span", { class: "label" }, labels[place]), el("span", { class: "share" }, `${(probabilities[place] * 100).toFixed(1)} %`), el("span", { class: "track", "aria-hidden": "true" }, bar)];
      const row = select
        ? el("button", { type: "button", "aria-pressed": place === best, on: { click: () => { bars.querySelectorAll("button").forEach((other) => other.setAttribute("aria-pressed", other === row)); select(place); } } }, parts)
        : el("div", {}, parts);
      return el("li", {}, row);
    }));
  }
}

/** Returns an element with the name of a kind of task, or of what a task reads. Names that others added are shown as they are. */
function named(group, name) {
  return hasText(`${group}.${name}`) ? el("span", { say: `${group}.${name}` }) : name;
}

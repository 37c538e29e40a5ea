// Compare: two models, or two settings of one, continue the same prompt at the same time.
import { CompletionPane } from "../parts/completion-pane.js";
import { el, button, field, onSend } from "../dom.js";
import { SamplingForm } from "../parts/sampling.js";

export const title = "compare.title";
export const uses = "texts";

export function render(root, context) {
  const names = context.models.filter((model) => model.meta.task === undefined).map((model) => model.id);
  const prompt = el("textarea", { rows: 4, hint: "write.hint" });
  const sides = ["a", "b"].map((letter, i) => createSide(letter, names[Math.min(i, names.length - 1)]));
  const writeButton = button("compare.write", write, { class: "main" });
  const stopButton = button("write.stop", () => sides.forEach(({ pane }) => pane.stop()));
  onSend(prompt, write);
  root.append(
    el("div", { class: "work" }, field("write.prompt", prompt), el("div", { class: "actions" }, writeButton, stopButton)),
    el("div", { class: "sides" }, sides.map((side) => side.root)));
  showButtons();

  context.onOpen((parameters) => {
    if (parameters.size === 0) return;
    prompt.value = parameters.get("prompt") ?? "";
    for (const { letter, model, options } of sides) {
      const own = new URLSearchParams([...parameters].filter(([name]) => name.startsWith(`${letter}.`)).map(([name, value]) => [name.slice(2), value]));
      if (names.includes(own.get("model"))) model.value = own.get("model");
      options.use(own);
    }
  });

  function createSide(letter, name) {
    const model = el("select", {}, names.map((value) => el("option", { value }, value)));
    model.value = name;
    const options = new SamplingForm();
    const pane = new CompletionPane({ model: () => model.value, options, attempt: context.attempt, changed: () => showButtons() });
    const side = el("div", { class: "side", role: "group", label: `compare.${letter}` },
      el("h2", { say: `compare.${letter}` }),
      field("header.model", model),
      el("details", { class: "side-options" }, el("summary", { say: "options.title" }), options.root),
      pane.root);
    return { letter, model, options, pane, root: side };
  }

  function write() {
    const settings = sides.flatMap(({ letter, model, options }) => Object.entries({ model: model.value, ...options.changed() }).map(([key, value]) => [`${letter}.${key}`, value]));
    history.replaceState(null, "", context.link({ prompt: prompt.value, ...Object.fromEntries(settings) }));
    return Promise.all(sides.map(({ pane }) => pane.write(prompt.value)));
  }

  function showButtons() {
    const isRunning = sides.some(({ pane }) => pane.isRunning);
    writeButton.hidden = isRunning;
    stopButton.hidden = !isRunning;
  }
}

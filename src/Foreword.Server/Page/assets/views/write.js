// Write: continues a prompt, and shows how probable each token was.
import { CompletionPane } from "../parts/completion-pane.js";
import { el, button, field, onSend } from "../dom.js";
import { SamplingForm } from "../parts/sampling.js";

export const title = "write.title";
export const uses = "text";

export function render(root, context) {
  const prompt = el("textarea", { rows: 5, hint: "write.hint" });
  const options = new SamplingForm();
  const pane = new CompletionPane({ model: context.model, options, attempt: context.attempt, changed: showButtons });
  const writeButton = button("write.write", write, { class: "main" });
  const stopButton = button("write.stop", () => pane.stop());
  const moreButton = button("write.more", () => pane.writeOn());
  const scoreButton = button("write.score", () => pane.score(prompt.value), { tip: "write.score.tip" });
  const copyButton = button("write.copy", () => copy(pane.content, "write.copied"));
  const linkButton = button("write.link", () => copy(address(), "write.linked"));
  onSend(prompt, write);

  root.append(el("div", { class: "columns" },
    el("div", { class: "work" },
      field("write.prompt", prompt),
      el("div", { class: "actions" }, writeButton, stopButton, moreButton, scoreButton, el("span", { class: "gap" }), copyButton, linkButton),
      pane.root),
    el("aside", { label: "options.title" }, options.root)));
  showButtons();

  context.onOpen((parameters) => {
    if (parameters.size === 0) return;
    prompt.value = parameters.get("prompt") ?? "";
    options.use(parameters);
  });

  const address = () => context.link({ model: context.model(), prompt: prompt.value, ...options.changed() });

  function write() {
    history.replaceState(null, "", address());
    return pane.write(prompt.value);
  }

  function copy(content, key) {
    return context.attempt(async () => {
      await navigator.clipboard.writeText(content);
      pane.say(key);
    });
  }

  function showButtons() {
    const { isRunning } = pane, isEmpty = pane.content === "";
    writeButton.hidden = isRunning;
    stopButton.hidden = !isRunning;
    moreButton.disabled = isRunning || isEmpty;
    scoreButton.disabled = isRunning;
    copyButton.disabled = isEmpty;
  }
}

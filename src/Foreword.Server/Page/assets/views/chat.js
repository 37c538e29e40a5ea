// Chat: a conversation with a model that has a template.
import { stream, ApiError } from "../api.js";
import { el, button, field, onSend } from "../dom.js";
import { Announcer } from "../parts/announcer.js";
import { SamplingForm } from "../parts/sampling.js";
import { text } from "../strings.js";

export const title = "chat.title";
export const uses = "text";

export function render(root, context) {
  const system = el("textarea", { rows: 2, hint: "chat.system.hint" });
  const input = el("textarea", { rows: 3, hint: "chat.hint" });
  const options = new SamplingForm();
  const announcer = new Announcer();
  const list = el("ol", { class: "messages" });
  const sendButton = button("chat.send", send, { class: "main" });
  const stopButton = button("write.stop", () => running?.abort());
  const againButton = button("chat.again", answerAgain);
  const clearButton = button("chat.clear", startOver);
  const messages = []; // { role, content, element }
  let running = null; // the AbortController of the answer that is being written
  onSend(input, send, { enterSends: true });

  root.append(el("div", { class: "columns" },
    el("div", { class: "work" },
      field("chat.system", system),
      list, announcer.root,
      field("chat.message", input),
      el("p", { class: "help", say: "chat.keys" }),
      el("div", { class: "actions" }, sendButton, stopButton, againButton, el("span", { class: "gap" }), clearButton)),
    el("aside", { label: "options.title" }, options.root)));
  showButtons();

  function add(role, content) {
    const body = el("div", { class: "body" }, content);
    const message = { role, content, body, element: el("li", { class: role }, el("h2", { say: `chat.${role}` }), body) };
    messages.push(message);
    list.append(message.element);
    return message;
  }

  function removeFrom(place) {
    messages.splice(place).forEach(({ element }) => element.remove());
  }

  async function send() {
    const content = input.value.trim();
    if (content === "" || running) return;
    input.value = "";
    const place = messages.length;
    add("user", content);
    if (!(await answer())) { // the message can be corrected
      removeFrom(place);
      if (input.value === "") input.value = content;
    }
  }

  async function answerAgain() {
    removeFrom(messages.length - 1);
    await answer();
  }

  function startOver() {
    running?.abort();
    removeFrom(0);
    showButtons();
    input.focus();
  }

  /** Writes an answer to the messages. Returns whether there is one, at least in part. */
  async function answer() {
    const mine = running = new AbortController();
    const sent = [...(system.value.trim() ? [{ role: "system", content: system.value }] : []), ...messages.map(({ role, content }) => ({ role, content }))];
    const written = add("assistant", "");
    written.element.setAttribute("aria-busy", "true");
    showButtons();
    await context.attempt(async () => {
      try {
        for await (const { choices: [choice] } of stream("v1/chat/completions", { model: context.model(), messages: sent, ...options.fields() }, mine.signal)) {
          const more = choice.delta.content ?? "";
          written.content += more;
          written.body.textContent = written.content.trimStart(); // many templates end where a blank follows
          announcer.add(more);
        }
      } catch (error) {
        throw error.code === "chat_template_missing" ? new ApiError(text("chat.no-template", { model: context.model() }), error.status, error.code) : error;
      } finally {
        announcer.finish();
      }
    });
    written.element.removeAttribute("aria-busy");
    if (written.content === "" && messages.includes(written)) removeFrom(messages.indexOf(written));
    if (running === mine) running = null;
    showButtons();
    return written.content !== "";
  }

  function showButtons() {
    sendButton.hidden = running !== null;
    stopButton.hidden = running === null;
    againButton.disabled = running !== null || messages.at(-1)?.role !== "assistant";
    clearButton.disabled = messages.length === 0;
  }
}

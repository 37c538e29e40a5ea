// Asks for the API key. It is kept in this browser only.
import { el, button, field } from "./dom.js";
import { recall, remember } from "./store.js";

let asked = null; // the question that is open; calls that fail at the same time share it

/** Asks for the key. Returns it, or null if the user gives none. */
export function askForKey(message) {
  asked ??= ask(message).finally(() => { asked = null; });
  return asked;
}

function ask(message) {
  return new Promise((resolve) => {
    const input = el("input", { type: "password", autocomplete: "off", spellcheck: "false" });
    input.value = recall("key") ?? "";
    const give = () => {
      const key = input.value.trim();
      remember("key", key || null);
      finish(key || null);
    };
    const forget = () => {
      remember("key", null);
      finish(null);
    };
    const form = el("form", { on: { submit: (event) => { event.preventDefault(); give(); } } },
      el("h2", { id: "key-title", say: "key.title" }),
      el("p", { class: "note" }, message ?? "", message ? " " : "", el("span", { say: "key.note" })),
      field("key.label", input),
      el("div", { class: "actions" },
        el("button", { type: "submit", class: "main", say: "key.use" }),
        button("key.forget", forget),
        button("key.cancel", () => finish(null), { class: "plain" })));
    const dialog = el("dialog", { "aria-labelledby": "key-title", on: { cancel: (event) => { event.preventDefault(); finish(null); } } }, form);
    const finish = (key) => {
      dialog.close();
      dialog.remove();
      resolve(key);
    };
    document.body.append(dialog);
    dialog.showModal();
    input.select();
  });
}

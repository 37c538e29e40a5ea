// Creates elements. Texts only become text nodes, so nothing that a model or a user writes is read as HTML.
import { show } from "./strings.js";

let lastId = 0;

/** Returns an id that no other element has. */
export const newId = (name) => `${name}-${++lastId}`;

/**
 * Creates an element.
 * Attributes: `on` holds event listeners, `say` the key of its text, `label`, `hint` and `tip` the keys of aria-label, placeholder and title.
 * Other values that are true or false become properties.
 */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    else if (name === "say") show(element, value);
    else if (name === "label") show(element, value, {}, "aria-label");
    else if (name === "hint") show(element, value, {}, "placeholder");
    else if (name === "tip") show(element, value, {}, "title");
    else if (typeof value === "boolean" && !name.startsWith("aria-")) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.flat());
  return element;
}

/** Creates a button with the text of a key. */
export const button = (key, click, attributes = {}) => el("button", { type: "button", say: key, on: { click }, ...attributes });

/** Creates a labelled control: the label above it. */
export function field(key, control, attributes = {}) {
  control.id ||= newId("field");
  return el("div", { class: "field", ...attributes }, el("label", { for: control.id, say: key }), control);
}

/** Creates a list to choose from; entries are [value, key of the text]. */
export const select = (entries, change) =>
  el("select", { on: { change } }, entries.map(([value, key]) => el("option", { value, say: key })));

/** Calls send on Ctrl+Enter, or with enterSends on Enter alone. Enter that ends the input of a Chinese word sends nothing. */
export function onSend(input, send, { enterSends = false } = {}) {
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing || !(event.ctrlKey || event.metaKey || (enterSends && !event.shiftKey))) return;
    event.preventDefault();
    send();
  });
}

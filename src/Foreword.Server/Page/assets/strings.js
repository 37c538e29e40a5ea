// Shows every text of the page in the chosen language, and changes the language of what is already shown.
import { english } from "./strings/english.js";
import { chinese } from "./strings/chinese.js";
import { recall, remember } from "./store.js";

const languages = { en: english, zh: chinese };
const shown = new WeakMap(); // element -> Map of "text" or an attribute -> { key, values }

let language = recall("language") ?? (navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en");

/** Returns the language, "en" or "zh". */
export const currentLanguage = () => language;

/** Returns a text in the current language. {name} in it stands for values.name. */
export function text(key, values = {}) {
  const found = languages[language][key];
  if (found === undefined) throw new Error(`there is no text ${key}`);
  return found.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** Returns whether there is a text. */
export const hasText = (key) => english[key] !== undefined;

/** Shows a text as the content of an element, or as one of its attributes. It follows the language. */
export function show(element, key, values = {}, attribute = "text") {
  if (!shown.has(element)) shown.set(element, new Map());
  shown.get(element).set(attribute, { key, values });
  element.dataset.shown = "";
  write(element, attribute, text(key, values));
}

/** Shows nothing more in an element. */
export function clear(element) {
  shown.get(element)?.delete("text");
  element.textContent = "";
}

/** Changes the language, also of what is shown. */
export function setLanguage(next) {
  language = next;
  remember("language", next);
  document.documentElement.lang = next === "zh" ? "zh-Hans" : "en";
  for (const element of document.querySelectorAll("[data-shown]")) {
    for (const [attribute, { key, values }] of shown.get(element)) write(element, attribute, text(key, values));
  }
}

function write(element, attribute, value) {
  if (attribute === "text") element.textContent = value;
  else element.setAttribute(attribute, value);
}

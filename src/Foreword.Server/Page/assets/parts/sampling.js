// The options of a completion: their defaults, their controls, and the fields of a request that they become.
import { el, button, newId, select } from "../dom.js";

/** Every option with the default of the API; max_tokens alone has a default of the page. The names are the request's fields. */
const options = [
  { name: "max_tokens", kind: "whole", initial: 100, min: 1, max: 4096 },
  { name: "temperature", kind: "number", initial: 1, min: 0, max: 2, step: 0.05, slides: true },
  { name: "top_k", kind: "whole", initial: 0, min: 0, max: 100000 },
  { name: "top_p", kind: "number", initial: 1, min: 0, max: 1, step: 0.01, slides: true },
  { name: "seed", kind: "whole", initial: "", min: 0, max: Number.MAX_SAFE_INTEGER },
  { name: "stop", kind: "lines", initial: "" },
  { name: "min_p", kind: "number", initial: 0, min: 0, max: 1, step: 0.01, slides: true, more: true },
  { name: "typical_p", kind: "number", initial: 1, min: 0.01, max: 1, step: 0.01, slides: true, more: true },
  { name: "repetition_penalty", kind: "number", initial: 1, min: 0.5, max: 2, step: 0.01, slides: true, more: true },
  { name: "presence_penalty", kind: "number", initial: 0, min: -2, max: 2, step: 0.1, slides: true, more: true },
  { name: "frequency_penalty", kind: "number", initial: 0, min: -2, max: 2, step: 0.1, slides: true, more: true },
  { name: "logit_bias", kind: "biases", initial: "", more: true },
  { name: "min_tokens", kind: "whole", initial: 0, min: 0, max: 4096, more: true },
  { name: "stop_token_ids", kind: "ids", initial: "", more: true },
  { name: "ignore_eos", kind: "flag", initial: false, more: true },
  { name: "form", kind: "choice", initial: "any", choices: ["any", "json_object", "json_schema", "choice", "regex"], more: true },
  { name: "form_text", kind: "text", initial: "", more: true },
];

/** Controls for all options, with help, and a reset for each and for all. */
export class SamplingForm {
  #rows = new Map(); // name -> { option, read(), set(value), root }

  constructor() {
    const rows = options.map((option) => this.#row(option));
    const split = options.findIndex((option) => option.more);
    this.root = el("div", { class: "options" },
      el("div", { class: "options-head" }, el("h2", { say: "options.title" }), button("options.reset", () => this.reset(), { class: "plain" })),
      rows.slice(0, split),
      el("details", {}, el("summary", { say: "options.more" }), rows.slice(split)));
    this.#showFormText();
  }

  /** Returns the fields of a request. Options with the API's default are left out. */
  fields() {
    const fields = {};
    for (const [name, { option, read }] of this.#rows) {
      const value = read();
      if (name.startsWith("form") || (value === option.initial && name !== "max_tokens") || value === "") continue;
      fields[name] = fieldOf(option.kind, value);
    }
    const [form, formText] = ["form", "form_text"].map((name) => this.#rows.get(name).read());
    return { ...fields, ...constraintOf(form, formText) };
  }

  /** Returns what differs from the defaults, for an address. */
  changed() {
    return Object.fromEntries([...this.#rows].map(([name, row]) => [name, row.read(), row.option.initial])
      .filter(([, value, initial]) => value !== initial).map(([name, value]) => [name, String(value)]));
  }

  /** Sets the options that an address names, and all others to their defaults. */
  use(parameters) {
    for (const [name, { option, set }] of this.#rows) {
      const given = parameters.get(name);
      if (given === null) set(option.initial);
      else set(option.kind === "flag" ? given === "true" : option.kind === "number" || (option.kind === "whole" && given !== "") ? Number(given) : given);
    }
    this.#showFormText();
  }

  reset() {
    this.use(new URLSearchParams());
  }

  #row(option) {
    const { name, kind, initial } = option;
    const id = newId(name);
    const control = createControl(option, id);
    const read = () => valueOf(kind, control);
    const undo = button("options.default", () => { set(initial); this.#showFormText(); control.focus(); }, { class: "undo", label: `options.default.label` });
    const slider = option.slides ? el("input", { type: "range", min: option.min, max: option.max, step: option.step, label: `option.${name}`, on: { input: () => { control.value = slider.value; changed(); } } }) : null;
    const changed = () => {
      if (slider) slider.value = control.value;
      undo.hidden = read() === initial;
    };
    const set = (value) => {
      if (kind === "flag") control.checked = value;
      else control.value = value;
      changed();
    };
    control.addEventListener("input", () => { changed(); this.#showFormText(); });
    const root = el("div", { class: `field option ${kind}` },
      el("div", { class: "option-head" }, el("label", { for: id, say: `option.${name}` }), undo),
      el("div", { class: "option-controls" }, slider ?? [], control),
      el("p", { class: "help", id: `${id}-help`, say: `option.${name}.help` }));
    this.#rows.set(name, { option, read, set, root });
    set(initial);
    return root;
  }

  /** Shows the text of the form only where a form needs one. */
  #showFormText() {
    const form = this.#rows.get("form"), formText = this.#rows.get("form_text");
    if (form && formText) formText.root.hidden = ["any", "json_object"].includes(form.read());
  }
}

function createControl({ name, kind, choices, min, max, step, initial }, id) {
  const described = { id, "aria-describedby": `${id}-help` };
  let control;
  if (kind === "choice") {
    control = select(choices.map((value) => [value, `option.${name}.${value}`]));
  } else if (kind === "flag") {
    control = el("input", { type: "checkbox" });
  } else if (kind === "number" || kind === "whole") {
    control = el("input", { type: "number", min, max, step: step ?? 1, inputmode: "decimal", ...(initial === "" ? { hint: `option.${name}.empty` } : {}) });
  } else {
    control = el("textarea", { rows: kind === "text" ? 4 : 2, spellcheck: "false" });
  }
  for (const [attribute, value] of Object.entries(described)) control.setAttribute(attribute, value);
  return control;
}

function valueOf(kind, control) {
  if (kind === "flag") return control.checked;
  if (kind === "number" || kind === "whole") return control.value === "" ? "" : Number(control.value);
  return control.value;
}

function fieldOf(kind, value) {
  const lines = () => value.split("\n").filter((line) => line !== "").map((line) => line.replaceAll("\\n", "\n"));
  if (kind === "lines") return lines();
  if (kind === "ids") return value.split(/[\s,]+/).filter(Boolean).map(Number);
  if (kind === "biases") return Object.fromEntries(lines().map((line) => line.split("=")).map(([id, bias]) => [id.trim(), Number(bias)]));
  return value;
}

function constraintOf(form, formText) {
  switch (form) {
    case "json_object": return { response_format: { type: "json_object" } };
    case "json_schema": return { json_schema: schemaOf(formText) };
    case "choice": return { choice: formText.split("\n").filter((line) => line !== "") };
    case "regex": return { regex: formText };
    default: return {};
  }
}

/** Parses a schema. A text that is no JSON is sent as it is, so that the server says what is wrong. */
function schemaOf(formText) {
  try {
    return JSON.parse(formText);
  } catch {
    return formText;
  }
}

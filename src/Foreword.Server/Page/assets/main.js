// The shell of the page: header, navigation, the model, language, colors, the API key, and problems.
//
// A view is a module in views/. To add one:
//   1. Export `title` (the key of its name in strings/), `uses` ("text", "texts", "task" or null, see `fits`) and `render(root, context)`.
//   2. Add it to `views` below. Its name is the part after # in the address.
//   3. Add its texts to strings/english.js and strings/chinese.js, and its styles to views.css.
// `render` is called once, when the view is first opened. The view stays in the page afterwards and is hidden while another one is open.
//   context.models          all models as GET /v1/models lists them
//   context.model()         the name of the model that is chosen in the header; null if none fits the view
//   context.onModel(f)      calls f when another model is chosen
//   context.onOpen(f)       calls f each time the view is opened, also the first time, with the URLSearchParams after its name in the address
//   context.onClose(f)      calls f when another view is opened
//   context.isOpen()        whether the view is the open one
//   context.attempt(f)      runs an async function and shows its problem; a stop by the user is none
//   context.link(values)    the address of the view with these settings, to share
// Views call the API with get, post and stream of api.js, and create elements with el of dom.js.
import { get, useKeyDialog, ApiError } from "./api.js";
import { el, button, newId } from "./dom.js";
import { recall, remember } from "./store.js";
import { clear, currentLanguage, setLanguage, show } from "./strings.js";
import { askForKey } from "./key.js";
import * as write from "./views/write.js";
import * as chat from "./views/chat.js";
import * as compare from "./views/compare.js";
import * as task from "./views/task.js";
import * as tokens from "./views/tokens.js";

const views = { write, chat, compare, task, tokens };

const rendered = new Map(); // name -> { root, modelListeners, openListeners, closeListeners }
const chosen = {}; // "text" and "task" -> the name of the model
let models = [];
let open = null;

const modelSelect = el("select", { id: newId("model"), on: { change: chooseModel } });
const modelField = el("div", { class: "model" }, el("label", { for: modelSelect.id, say: "header.model" }), modelSelect);
const languageButton = button("header.language", () => { setLanguage(currentLanguage() === "zh" ? "en" : "zh"); showTitle(); }, { class: "plain" });
const colorsButton = button("header.dark", switchColors, { class: "plain" });
const keyButton = button("header.key", () => askForKey(null), { class: "plain", hidden: recall("key") === null });
const problemText = el("p");
const problem = el("div", { class: "problem", role: "alert", hidden: true }, problemText, button("problem.close", hideProblem, { class: "plain" }));
const links = new Map(Object.entries(views).map(([name, view]) => [name, el("a", { href: `#${name}`, say: view.title })]));
const main = el("main", { id: "main" });

function build() {
  document.body.append(
    el("a", { class: "skip", href: "#main", say: "header.skip", on: { click: (event) => { event.preventDefault(); main.querySelector("section:not([hidden]) h1")?.focus(); } } }),
    el("header", {},
      el("div", { class: "bar" },
        el("span", { class: "name" }, "Foreword"),
        modelField,
        el("div", { class: "switches" }, keyButton, languageButton, colorsButton)),
      el("nav", { label: "header.views" }, [...links.values()])),
    problem,
    main);
  setLanguage(currentLanguage());
  useColors(recall("colors"));
}

async function start() {
  build();
  useKeyDialog((message) => {
    keyButton.hidden = false;
    return askForKey(message);
  });
  await attempt(loadModels);
  addEventListener("hashchange", openFromAddress);
  openFromAddress();
}

/** Waits until the models are loaded: only then the server lists all that it knows about them. */
async function loadModels() {
  while (!(await get("ready").then(() => true, (error) => { if (error.status !== 503) throw error; return false; }))) {
    showProblem("problem.loading");
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  hideProblem();
  models = (await get("v1/models")).data;
  for (const kind of ["text", "task"]) chosen[kind] = models.find((model) => fits(model, kind))?.id ?? null;
}

/** Returns whether a view can use a model: "text" is one language model, "texts" all of them, "task" one fine-tuned model. */
function fits(model, uses) {
  return (model.meta.task === undefined) === uses.startsWith("text");
}

const isPicked = (uses) => uses === "text" || uses === "task"; // in the header

function openFromAddress() {
  const [name, values] = location.hash.slice(1).split("?");
  const next = views[name] ? name : "write";
  const parameters = new URLSearchParams(values ?? "");
  if (open !== next) {
    hideProblem();
    const before = rendered.get(open);
    if (before) {
      before.root.hidden = true;
      before.closeListeners.forEach((f) => f());
    }
    open = next;
  }
  const { uses } = views[open];
  if (isPicked(uses) && models.some((model) => model.id === parameters.get("model") && fits(model, uses))) chosen[uses] = parameters.get("model");
  if (!rendered.has(open)) renderView(open);
  const view = rendered.get(open);
  view.root.hidden = false;
  for (const [link, element] of links) {
    if (link === open) element.setAttribute("aria-current", "page");
    else element.removeAttribute("aria-current");
  }
  showTitle();
  listModels();
  view.openListeners.forEach((f) => f(parameters));
}

function renderView(name) {
  const { title, uses, render } = views[name];
  const root = el("section", { class: `view ${name}` }, el("h1", { say: title, tabindex: "-1" }));
  const view = { root, modelListeners: [], openListeners: [], closeListeners: [] };
  rendered.set(name, view);
  main.append(root);
  if (uses && !models.some((model) => fits(model, uses))) {
    root.append(el("p", { class: "note", say: uses === "task" ? "shell.no-task-model" : "shell.no-text-model" }));
    return;
  }
  render(root, {
    models,
    model: () => chosen[uses] ?? null,
    onModel: (f) => view.modelListeners.push(f),
    onOpen: (f) => view.openListeners.push(f),
    onClose: (f) => view.closeListeners.push(f),
    isOpen: () => open === name,
    attempt,
    link: (values) => `${location.href.split("#")[0]}#${name}?${new URLSearchParams(values)}`,
  });
}

/** Lists the models that fit the open view. */
function listModels() {
  const { uses } = views[open];
  const fitting = isPicked(uses) ? models.filter((model) => fits(model, uses)) : [];
  modelField.hidden = fitting.length === 0;
  modelSelect.replaceChildren(...fitting.map((model) => el("option", { value: model.id }, model.id)));
  if (fitting.length > 0) modelSelect.value = chosen[uses];
}

function chooseModel() {
  chosen[views[open].uses] = modelSelect.value;
  rendered.get(open).modelListeners.forEach((f) => f());
}

/** Runs an async function and shows its problem. */
async function attempt(work) {
  hideProblem();
  try {
    return await work();
  } catch (error) {
    if (error.name === "AbortError") return undefined;
    if (error instanceof ApiError) showProblem("problem.said", { message: error.message });
    else {
      showProblem("problem.page", { message: error.message });
      throw error; // a fault of the page: the browser's console shows where
    }
    return undefined;
  }
}

function showProblem(key, values) {
  problem.hidden = false;
  show(problemText, key, values);
}

function hideProblem() {
  problem.hidden = true;
  clear(problemText);
}

function showTitle() {
  document.title = `${links.get(open).textContent} · Foreword`;
}

function switchColors() {
  useColors(isDark() ? "light" : "dark");
  remember("colors", isDark() ? "dark" : "light");
}

function isDark() {
  return (document.documentElement.dataset.colors ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
}

/** Uses light or dark colors; with null, the system's. */
function useColors(colors) {
  if (colors) document.documentElement.dataset.colors = colors;
  show(colorsButton, isDark() ? "header.light" : "header.dark");
}

await start();

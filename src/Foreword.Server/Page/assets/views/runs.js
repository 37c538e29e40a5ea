// Runs: the curves, texts and checkpoints of training runs, refreshed while they train.
import { get } from "../api.js";
import { el, field, newId, select } from "../dom.js";
import { Chart, number } from "../parts/chart.js";
import { show, text } from "../strings.js";

export const title = "runs.title";
export const uses = null;

const pause = 3000, colors = 6;
const measures = {
  loss: [["loss", "runs.training", false], ["eval_loss", "runs.validation", true]],
  learning_rate: [["learning_rate", "runs.rate", false]],
  tokens_per_second: [["tokens_per_second", "runs.speed", false]],
};

export function render(root, context) {
  const rows = new Map(); // id -> lines of metrics
  const shown = new Set(); // ids whose curves are drawn
  const known = new Map(); // id -> color
  const chart = new Chart();
  const measure = select(Object.keys(measures).map((name) => [name, `runs.measure.${name}`]), draw);
  const log = el("input", { type: "checkbox", id: newId("log"), on: { change: draw } });
  const list = el("ul", { class: "runs-list" });
  const details = el("div", { class: "run" });
  const empty = el("p", { say: "runs.none", hidden: true });
  const content = el("div", { class: "columns" },
    el("div", { class: "work" },
      el("div", { class: "runs-controls" }, field("runs.measure", measure), el("div", { class: "check" }, log, el("label", { for: log.id, say: "runs.log" }))),
      chart.root, details),
    el("aside", { label: "runs.list" }, list));
  let runs = [], open = null, timer = null, drawnList = "", drawnDetails = "";

  root.append(empty, content);
  context.onOpen(() => refresh());
  context.onClose(() => clearTimeout(timer));

  /** Reads what is new, and once more after a pause while the view is open. */
  async function refresh() {
    clearTimeout(timer);
    await context.attempt(async () => {
      runs = (await get("v1/runs")).data;
      empty.hidden = runs.length > 0;
      content.hidden = runs.length === 0;
      for (const { id } of runs) if (!known.has(id)) known.set(id, known.size % colors + 1);
      if (shown.size === 0 && runs.length > 0) shown.add(runs[0].id);
      open = runs.some(({ id }) => id === open) ? open : runs[0]?.id ?? null;
      showList();
      for (const run of runs) if (shown.has(run.id)) await readMetrics(run);
      draw();
      await showDetails();
    });
    clearTimeout(timer);
    if (context.isOpen()) timer = setTimeout(refresh, pause);
  }

  /** Reads the lines from the last known step on. A validation can follow the training line of its step later, so that step is read again. */
  async function readMetrics({ id, steps }) {
    const before = rows.get(id) ?? [], last = before.reduce((most, { step }) => Math.max(most, step), -1);
    const kept = steps < last ? [] : before.filter(({ step }) => step < last); // a resumed run may have gone back
    const after = kept.length > 0 ? `?after=${last - 1}` : "";
    rows.set(id, [...(after ? kept : []), ...(await get(`v1/runs/${encodeURIComponent(id)}/metrics${after}`)).data]);
  }

  function draw() {
    const curves = runs.filter(({ id }) => shown.has(id)).flatMap(({ id }) => measures[measure.value].map(([key, name, dashed]) => ({
      name: `${id} · ${text(name)}`, color: known.get(id), dashed,
      points: (rows.get(id) ?? []).filter((row) => key in row).map((row) => [row.step, row[key]]),
    })));
    chart.show(curves, log.checked);
  }

  function showList() {
    const now = JSON.stringify([runs, open, [...shown], document.documentElement.lang]);
    if (now === drawnList) return; // the focus stays where it is
    drawnList = now;
    const focused = document.activeElement?.dataset.run;
    list.replaceChildren(...runs.map((run) => {
      const check = el("input", { type: "checkbox", checked: shown.has(run.id), "data-run": `curve ${run.id}`, on: { change: () => { toggle(run); } } });
      check.setAttribute("aria-label", text("runs.show", { id: run.id }));
      const name = el("button", { type: "button", class: "plain", "data-run": run.id, on: { click: () => choose(run) } }, run.id);
      if (run.id === open) name.setAttribute("aria-current", "true");
      const state = el("p", { class: "help" });
      show(state, run.planned_steps ? "runs.progress" : "runs.progress.open", { kind: text(`runs.kind.${run.kind}`), steps: run.steps, planned: run.planned_steps, state: text(`runs.state.${run.state}`) });
      return el("li", { class: `curve-${known.get(run.id)}` }, check, el("div", {}, name, state));
    }));
    [...list.querySelectorAll("[data-run]")].find((one) => one.dataset.run === focused)?.focus();
  }

  function toggle({ id }) {
    if (!shown.delete(id)) shown.add(id);
    return refresh();
  }

  function choose({ id }) {
    open = id;
    shown.add(id);
    return refresh();
  }

  async function showDetails() {
    if (open === null) return;
    const run = await get(`v1/runs/${encodeURIComponent(open)}`);
    const now = JSON.stringify([run.id, run.samples.length, run.checkpoints, run.recipe, document.documentElement.lang]);
    if (now === drawnDetails) return;
    drawnDetails = now;
    details.replaceChildren(el("h2", {}, run.id), samplesOf(run), checkpointsOf(run),
      el("details", {}, el("summary", { say: "runs.recipe" }), el("pre", { tabindex: "0", label: "runs.recipe" }, run.recipe)));
  }

  /** Shows the texts of a step, the last one first. */
  function samplesOf({ samples }) {
    if (samples.length === 0) return el("p", { class: "help", say: "runs.samples.none" });
    const steps = [...new Set(samples.map(({ step }) => step))];
    const texts = el("div", { class: "samples" });
    const slider = el("input", { type: "range", min: 0, max: steps.length - 1, value: steps.length - 1, on: { input: showStep } });
    const place = el("p", { class: "help" });
    showStep();
    return el("section", {}, el("h3", { say: "runs.samples" }), field("runs.samples.step", slider), place, texts);

    function showStep() {
      const step = steps[slider.value];
      show(place, "runs.cursor.step", { step });
      slider.setAttribute("aria-valuetext", text("runs.cursor.step", { step }));
      texts.replaceChildren(...samples.filter((one) => one.step === step).map((one) => el("p", {}, el("span", { class: "before" }, one.prompt), one.text)));
    }
  }

  function checkpointsOf({ checkpoints }) {
    if (checkpoints.length === 0) return el("p", { class: "help", say: "runs.checkpoints.none" });
    return el("section", {}, el("h3", { say: "runs.checkpoints" }), el("table", { class: "readout" },
      el("thead", {}, el("tr", {}, el("th", { scope: "col", say: "runs.step" }), el("th", { scope: "col", say: "runs.size" }))),
      el("tbody", {}, checkpoints.map(({ step, bytes }) => el("tr", {}, el("td", {}, String(step)), el("td", {}, `${number(bytes / 1e6)} MB`))))));
  }
}

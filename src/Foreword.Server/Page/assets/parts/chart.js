// Draws curves over steps as SVG, with a cursor that the pointer or the keyboard moves.
import { el, newId } from "../dom.js";
import { show, text } from "../strings.js";

const height = 320, left = 56, right = 12, top = 12, bottom = 28;

/** A plot of curves. Each curve has `name`, `color` (1 to 6), `dashed` and `points`, a list of [step, value] in the order of steps. */
export class Chart {
  #curves = [];
  #log = false;
  #width = 720;
  #from = 0;
  #to = 1;
  #svg = svg("svg", { class: "chart", role: "img" });
  #cursor = el("input", { type: "range", id: newId("cursor"), on: { input: () => this.#read() } });
  #rows = el("tbody");
  #line = null;
  #x = null;

  root = el("div", { class: "plot" }, this.#svg,
    el("div", { class: "field" }, el("label", { for: this.#cursor.id, say: "runs.cursor" }), this.#cursor),
    el("table", { class: "readout" },
      el("thead", {}, el("tr", {}, el("th", { scope: "col", say: "runs.curve" }), el("th", { scope: "col", say: "runs.step" }), el("th", { scope: "col", say: "runs.value" }))),
      this.#rows));

  constructor() {
    new ResizeObserver(([{ contentRect }]) => {
      if (contentRect.width === 0 || Math.abs(contentRect.width - this.#width) < 1) return;
      this.#width = contentRect.width;
      this.#draw();
    }).observe(this.root);
    this.#svg.addEventListener("pointermove", (event) => {
      const share = (event.clientX - this.#svg.getBoundingClientRect().left - left) / (this.#width - left - right);
      this.#cursor.value = this.#from + Math.min(1, Math.max(0, share)) * (this.#to - this.#from);
      this.#read();
    });
  }

  /** Shows curves. The cursor keeps its step, or stays at the end if it was there. */
  show(curves, log) {
    const atEnd = this.#cursor.value === this.#cursor.max || this.#curves.length === 0;
    this.#curves = curves.filter(({ points }) => points.length > 0);
    this.#log = log;
    const steps = this.#curves.flatMap(({ points }) => [points[0][0], points.at(-1)[0]]);
    this.#from = steps.length > 0 ? Math.min(...steps) : 0;
    this.#to = steps.length > 0 ? Math.max(...steps, this.#from + 1) : 1;
    this.#cursor.min = this.#from;
    this.#cursor.max = this.#to;
    if (atEnd) this.#cursor.value = this.#to;
    this.#draw();
  }

  #draw() {
    const drawn = this.#curves.map((curve) => ({ ...curve, points: curve.points.filter(([, value]) => value !== null && (!this.#log || value > 0)) }));
    const values = drawn.flatMap(({ points }) => points.map(([, value]) => value));
    const scale = this.#log ? Math.log10 : (value) => value;
    let low = values.reduce((least, value) => Math.min(least, scale(value)), Infinity), high = values.reduce((most, value) => Math.max(most, scale(value)), -Infinity);
    if (!(low < high)) [low, high] = Number.isFinite(low) ? [low - 0.5, low + 0.5] : [0, 1];
    const x = this.#x = (step) => left + (step - this.#from) / (this.#to - this.#from) * (this.#width - left - right);
    const y = (value) => top + (high - scale(value)) / (high - low) * (height - top - bottom);
    show(this.#svg, "runs.chart", { count: this.#curves.length, from: this.#from, to: this.#to }, "aria-label");
    this.#svg.setAttribute("viewBox", `0 0 ${this.#width} ${height}`);
    this.#line = svg("line", { class: "cursor", y1: top, y2: height - bottom });
    this.#svg.replaceChildren(
      ...(this.#log ? powers(low, high) : ticks(low, high, 5)).map((value) => svg("g", { class: "tick" },
        svg("line", { x1: left, x2: this.#width - right, y1: y(value), y2: y(value) }), svg("text", { x: left - 8, y: y(value) + 4, "text-anchor": "end" }, number(value)))),
      ...ticks(this.#from, this.#to, this.#width / 120).map((step) => svg("g", { class: "tick" }, svg("text", { x: x(step), y: height - 8, "text-anchor": "middle" }, number(step)))),
      this.#line,
      ...drawn.map(({ color, dashed, points }) => svg("path", { class: `curve curve-${color}${dashed ? " dashed" : ""}`, d: points.map(([step, value], i) => `${i ? "L" : "M"}${x(step).toFixed(1)} ${y(value).toFixed(1)}`).join("") + (points.length === 1 ? "h0" : "") })));
    this.#read();
  }

  /** Shows the values at the cursor: of each curve the last one up to there, else its first. */
  #read() {
    const step = Number(this.#cursor.value);
    this.#line?.setAttribute("x1", this.#x(step));
    this.#line?.setAttribute("x2", this.#x(step));
    this.#cursor.setAttribute("aria-valuetext", text("runs.cursor.step", { step }));
    this.#rows.replaceChildren(...this.#curves.map(({ name, color, dashed, points }) => {
      const [at, value] = points.findLast(([one]) => one <= step) ?? points[0];
      return el("tr", {}, el("th", { scope: "row" }, svg("svg", { class: "sample", viewBox: "0 0 24 8", "aria-hidden": "true" }, svg("path", { class: `curve curve-${color}${dashed ? " dashed" : ""}`, d: "M0 4H24" })), name),
        el("td", {}, String(at)), el("td", {}, value === null ? "–" : number(value)));
    }));
  }
}

/** Returns a number as short as four digits allow. */
export const number = (value) => value !== 0 && (Math.abs(value) >= 1e6 || Math.abs(value) < 1e-3) ? value.toExponential(2).replace("e+", "e") : String(Number(value.toPrecision(4)));

function svg(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Returns about `count` round numbers from low to high. */
function ticks(low, high, count) {
  const rough = (high - low) / Math.max(1, count), power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((digit) => digit * power).find((one) => one >= rough);
  const found = [];
  for (let i = Math.ceil(low / step); i * step <= high; i++) found.push(Number((i * step).toPrecision(12)));
  return found;
}

/** Returns round numbers between two powers of ten, given as their exponents. */
function powers(low, high) {
  const digits = high - low > 3 ? [1] : [1, 2, 5], found = [];
  for (let power = Math.floor(low); power <= high; power++) found.push(...digits.map((digit) => digit * 10 ** power));
  const inside = found.filter((value) => Math.log10(value) >= low && Math.log10(value) <= high);
  return inside.length > 1 ? inside : [10 ** low, 10 ** high];
}

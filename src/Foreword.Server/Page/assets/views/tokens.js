// Tokens: how the tokenizer of each model cuts a text.
import { get, post } from "../api.js";
import { el, field } from "../dom.js";
import { visible } from "../parts/scored-text.js";
import { show } from "../strings.js";
import { bytesOf } from "../parts/token-scores.js";

export const title = "tokens.title";
export const uses = "texts";

const most = 2000; // tokens that are shown
const delay = 200; // milliseconds after the last key

export function render(root, context) {
  const names = context.models.filter((model) => model.meta.task === undefined).map((model) => model.id);
  const input = el("textarea", { rows: 5, spellcheck: "false", hint: "tokens.hint", on: { input: cutSoon } });
  const cards = names.map(createCard);
  let timer = 0;
  let running = null; // the AbortController of the calls that go on
  root.append(el("div", { class: "work" },
    field("tokens.text", input), el("p", { class: "help", say: "tokens.note" }),
    el("div", { class: "cards" }, cards.map((card) => card.root))));
  cards.forEach(describe);

  context.onOpen((parameters) => {
    if (!parameters.has("text")) return;
    input.value = parameters.get("text");
    cut();
  });

  async function describe({ name, facts }) {
    await context.attempt(async () => {
      const { tokenizer_class: kind, vocab_size: size } = await get(`tokenizer_info?model=${encodeURIComponent(name)}`);
      show(facts, "tokens.facts", { kind, size: size.toLocaleString() });
    });
  }

  function cutSoon() {
    clearTimeout(timer);
    timer = setTimeout(cut, delay);
  }

  async function cut() {
    running?.abort();
    const { signal } = running = new AbortController();
    history.replaceState(null, "", context.link({ text: input.value }));
    await context.attempt(() => Promise.all(cards.map(async (card) => {
      const { tokens } = await post("tokenize", { model: card.name, content: input.value, with_pieces: true }, signal);
      showTokens(card, tokens);
    })));
  }

  function showTokens({ count, pieces, rows }, tokens) {
    const characters = [...input.value].length;
    show(count, "tokens.count", { count: tokens.length.toLocaleString(), ratio: tokens.length > 0 ? (characters / tokens.length).toFixed(2) : "–" });
    const shown = tokens.slice(0, most);
    pieces.replaceChildren(...shown.map(({ piece, id }) => el("span", { class: "piece", title: id }, visible(piece))));
    rows.replaceChildren(...shown.map(({ piece, id }) => el("tr", {}, el("td", {}, el("code", {}, visible(piece))), el("td", {}, id), el("td", {}, el("code", {}, hex(piece))))));
  }
}

function createCard(name) {
  const [facts, count, pieces, rows] = [el("p", { class: "help" }), el("p", { class: "state", "aria-live": "polite" }), el("div", { class: "pieces" }), el("tbody")];
  const table = el("table", {}, el("thead", {}, el("tr", {}, ["tokens.piece", "tokens.id", "tokens.bytes"].map((key) => el("th", { scope: "col", say: key })))), rows);
  const body = el("div", { class: "table", tabindex: "0", role: "region", label: "tokens.table" }, table);
  return { name, facts, count, pieces, rows, root: el("article", { class: "card" }, el("h2", {}, name), facts, count, pieces, el("details", {}, el("summary", { say: "tokens.table" }), body)) };
}

const hex = (piece) => [...bytesOf(piece)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");

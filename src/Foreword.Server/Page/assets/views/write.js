// Write: continues a prompt, and shows how probable each token was.
import { post, stream } from "../api.js";
import { el, button, field } from "../dom.js";
import { SamplingForm } from "../sampling.js";
import { ScoredText } from "../scored-text.js";
import { clear, show, text } from "../strings.js";
import { spell, namesOf, scored, tokensOf } from "../tokens.js";
import { Announcer } from "../announcer.js";

export const title = "write.title";
export const uses = "text";

export function render(root, context) {
  const prompt = el("textarea", { rows: 5, hint: "write.hint", on: { keydown: (event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) start(writeFromPrompt); } } });
  const options = new SamplingForm();
  const output = new ScoredText({ model: context.model, choose: (place, token, name) => start((signal) => writeFromChoice(place, token, name, signal)) });
  const state = el("p", { class: "state" });
  const announcer = new Announcer();
  const writeButton = button("write.write", () => start(writeFromPrompt), { class: "main" });
  const scoreButton = button("write.score", () => start(scorePrompt), { tip: "write.score.tip" });
  const moreButton = button("write.more", () => start(writeOn), { disabled: true });
  const stopButton = button("write.stop", () => running?.abort(), { hidden: true });
  const copyButton = button("write.copy", () => context.attempt(async () => { await navigator.clipboard.writeText(output.content); show(state, "write.copied"); }), { disabled: true });
  const linkButton = button("write.link", () => context.attempt(async () => { await navigator.clipboard.writeText(address()); show(state, "write.linked"); }));
  let running = null; // the AbortController of the text that is being written
  let ids = null; // the tokens of the prompt, after they were needed

  root.append(el("div", { class: "columns" },
    el("div", { class: "work" },
      field("write.prompt", prompt),
      el("div", { class: "actions" }, writeButton, stopButton, moreButton, scoreButton, el("span", { class: "gap" }), copyButton, linkButton),
      output.root, state, announcer.root),
    el("aside", { label: "options.title" }, options.root)));

  context.onOpen((parameters) => {
    if ([...parameters].length === 0) return;
    prompt.value = parameters.get("prompt") ?? "";
    options.use(parameters);
  });

  const address = () => context.link({ ...(context.model() ? { model: context.model() } : {}), prompt: prompt.value, ...options.changed() });

  /** Runs one piece of work at a time. */
  async function start(work) {
    running?.abort();
    const mine = running = new AbortController();
    setRunning(true);
    await context.attempt(() => work(mine.signal));
    if (running === mine) {
      running = null;
      setRunning(false);
    }
  }

  function setRunning(isRunning) {
    stopButton.hidden = !isRunning;
    writeButton.hidden = isRunning;
    output.root.setAttribute("aria-busy", isRunning);
    const isEmpty = output.content === "";
    copyButton.disabled = isEmpty;
    moreButton.disabled = isRunning || isEmpty;
    scoreButton.disabled = isRunning;
  }

  async function writeFromPrompt(signal) {
    history.replaceState(null, "", address());
    ids = null;
    output.begin(prompt.value);
    await write(prompt.value, signal);
  }

  /** Takes another token at a place, and continues from there. */
  async function writeFromChoice(place, token, name, signal) {
    const before = await promptIds(signal);
    const { top } = output.tokens[place];
    output.cut(place);
    const chosen = { ...token, top };
    spell([chosen], [name]);
    output.add(chosen);
    await write([...before, ...output.tokens.map(({ id }) => id)], signal);
  }

  async function writeOn(signal) {
    const before = await promptIds(signal);
    if (output.tokens.at(-1)?.text === "") output.cut(output.tokens.length - 1); // the token that ended the text
    await write([...before, ...output.tokens.map(({ id }) => id)], signal);
  }

  /** Returns the tokens of the prompt, as the server reads them. */
  async function promptIds(signal) {
    if (ids) return ids;
    const answer = await post("v1/completions", { model: context.model(), prompt: prompt.value, max_tokens: 0, echo: true, ...scored, logprobs: 0 }, signal);
    return ids = tokensOf(answer.choices[0].logprobs).map(({ id }) => id);
  }

  async function write(from, signal) {
    clear(state);
    const clock = { start: performance.now(), first: 0, last: 0, count: 0 };
    let reason = null;
    try {
      for await (const event of stream("v1/completions", { model: context.model(), prompt: from, ...options.fields(), ...scored }, signal)) {
        const [choice] = event.choices;
        const tokens = tokensOf(choice.logprobs);
        if (tokens.length === 0) output.extend(choice.text);
        for (const token of tokens) {
          clock.last = performance.now();
          clock.first ||= clock.last;
          clock.count++;
          output.add({ ...token, text: choice.text });
        }
        announcer.add(choice.text);
        showClock(clock, reason = choice.finish_reason);
      }
      if (reason === "stop") output.end();
    } finally {
      announcer.finish();
      if (signal.aborted) showClock(clock, "stopped");
    }
  }

  function showClock({ start: begin, first, last, count }, reason) {
    show(state, reason ? `write.state.${reason}` : "write.state", {
      count, first: Math.round(first ? first - begin : 0), speed: count > 1 ? ((count - 1) / (last - first) * 1000).toFixed(1) : "–",
    });
  }

  /** Shows how probable the prompt's own tokens are. Nothing is written. */
  async function scorePrompt(signal) {
    const answer = await post("v1/completions", { model: context.model(), prompt: prompt.value, max_tokens: 0, echo: true, ...scored }, signal);
    const tokens = tokensOf(answer.choices[0].logprobs);
    spell(tokens, await namesOf(context.model(), tokens.map(({ id }) => id), signal));
    output.begin("");
    ids = [];
    tokens.forEach((token) => output.add(token));
    const known = tokens.filter(({ logProb }) => logProb !== null);
    const mean = known.reduce((sum, { logProb }) => sum + logProb, 0) / Math.max(1, known.length);
    show(state, "write.scored", { count: tokens.length, perplexity: known.length > 0 ? Math.exp(-mean).toPrecision(3) : "–" });
    announcer.say(text("write.scored", { count: tokens.length, perplexity: Math.exp(-mean).toPrecision(3) }));
  }
}

// A text that is being written: its tokens, how fast they come, and what continues it. Write has one, Compare has two.
import { post, stream } from "../api.js";
import { el } from "../dom.js";
import { Announcer } from "./announcer.js";
import { ScoredText } from "./scored-text.js";
import { clear, show } from "../strings.js";
import { namesOf, scored, spell, tokensOf } from "./token-scores.js";

export class CompletionPane {
  #model;
  #options;
  #attempt;
  #changed;
  #prompt = ""; // what the text began with
  #ids = null; // the tokens of the prompt, after they were needed
  #running = null; // the AbortController of the work that goes on
  #output;
  #state = el("p", { class: "state" });
  #announcer = new Announcer();

  /** model() returns the model's name, options is a SamplingForm, attempt is the context's, and changed() is called when work begins or ends. */
  constructor({ model, options, attempt, changed }) {
    [this.#model, this.#options, this.#attempt, this.#changed] = [model, options, attempt, changed];
    this.#output = new ScoredText({ model, choose: (place, token, name) => this.#start((signal) => this.#writeFromChoice(place, token, name, signal)) });
    this.#output.text.after(this.#state);
    this.root = el("div", { class: "pane" }, this.#output.root, this.#announcer.root);
  }

  get isRunning() {
    return this.#running !== null;
  }

  /** The whole text that is shown, with the prompt. */
  get content() {
    return this.#output.content;
  }

  /** Continues a prompt. */
  write(prompt) {
    return this.#start((signal) => {
      [this.#prompt, this.#ids] = [prompt, null];
      this.#output.begin(prompt);
      return this.#write(prompt, signal);
    });
  }

  /** Continues the text that is shown. */
  writeOn() {
    return this.#start(async (signal) => {
      const before = await this.#promptIds(signal);
      if (this.#output.tokens.at(-1)?.text === "") this.#output.cut(this.#output.tokens.length - 1); // the token that ended the text
      await this.#write([...before, ...this.#output.tokens.map(({ id }) => id)], signal);
    });
  }

  /** Shows how probable a text's own tokens are. Nothing is written. */
  score(prompt) {
    return this.#start(async (signal) => {
      const tokens = await this.#read(prompt, signal);
      spell(tokens, await namesOf(this.#model(), tokens.map(({ id }) => id), signal));
      [this.#prompt, this.#ids] = ["", []];
      this.#output.begin("");
      tokens.forEach((token) => this.#output.add(token));
      const known = tokens.filter(({ logProb }) => logProb !== null);
      const mean = known.reduce((sum, { logProb }) => sum + logProb, 0) / known.length;
      this.say("pane.scored", { count: tokens.length, perplexity: known.length > 0 ? Math.exp(-mean).toPrecision(3) : "–" });
    });
  }

  stop() {
    this.#running?.abort();
  }

  /** Shows a sentence below the text, and reads it to screen readers. */
  say(key, values) {
    show(this.#state, key, values);
    this.#announcer.say(this.#state.textContent);
  }

  /** Runs one piece of work at a time. */
  async #start(work) {
    this.#running?.abort();
    const mine = this.#running = new AbortController();
    clear(this.#state);
    this.#showRunning();
    await this.#attempt(() => work(mine.signal));
    if (this.#running !== mine) return;
    this.#running = null;
    this.#showRunning();
  }

  #showRunning() {
    this.#output.root.setAttribute("aria-busy", this.isRunning);
    this.#changed();
  }

  /** Takes another token at a place, and continues from there. */
  async #writeFromChoice(place, token, name, signal) {
    const before = await this.#promptIds(signal);
    const chosen = { ...token, top: this.#output.tokens[place].top };
    spell([chosen], [name]);
    this.#output.cut(place);
    this.#output.add(chosen);
    await this.#write([...before, ...this.#output.tokens.map(({ id }) => id)], signal);
  }

  /** Returns the tokens of the prompt as the server reads them. */
  async #promptIds(signal) {
    return this.#ids ??= (await this.#read(this.#prompt, signal, { logprobs: 0 })).map(({ id }) => id);
  }

  /** Returns the tokens of a text with their scores. */
  async #read(prompt, signal, fields = {}) {
    const answer = await post("v1/completions", { model: this.#model(), prompt, max_tokens: 0, echo: true, ...scored, ...fields }, signal);
    return tokensOf(answer.choices[0].logprobs);
  }

  async #write(from, signal) {
    const clock = { start: performance.now(), first: 0, last: 0, count: 0 };
    let reason = "stopped";
    try {
      for await (const { choices: [choice] } of stream("v1/completions", { model: this.#model(), prompt: from, ...this.#options.fields(), ...scored }, signal)) {
        const tokens = tokensOf(choice.logprobs);
        if (tokens.length === 0) this.#output.extend(choice.text);
        for (const token of tokens) {
          clock.last = performance.now();
          clock.first ||= clock.last;
          clock.count++;
          this.#output.add({ ...token, text: choice.text });
        }
        this.#announcer.add(choice.text);
        if (choice.finish_reason) reason = choice.finish_reason;
        else show(this.#state, "pane.state", speedOf(clock));
      }
      if (reason === "stop") this.#output.end();
    } finally {
      this.#announcer.finish();
      if (clock.count > 0) this.say(`pane.state.${reason}`, speedOf(clock));
    }
  }
}

function speedOf({ start, first, last, count }) {
  return { count, first: Math.round(first - start), speed: last > first ? ((count - 1) / (last - first) * 1000).toFixed(1) : "–" };
}

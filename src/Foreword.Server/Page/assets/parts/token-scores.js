// Tokens with their probabilities, as the API gives them.
import { post } from "../api.js";

/** The number of alternatives that a request asks for with each token: the most that the server gives. */
export const alternatives = 20;

/** The fields of a request whose answer has ids, log-probabilities and alternatives. */
export const scored = { logprobs: alternatives, return_tokens_as_token_ids: true };

/** Returns the tokens of an answer's `logprobs`: { id, logProb, top: [{ id, logProb }], text }. The first token of a text has no logProb. */
export function tokensOf(logprobs) {
  return (logprobs?.tokens ?? []).map((name, i) => ({
    id: idOf(name),
    logProb: logprobs.token_logprobs[i],
    top: Object.entries(logprobs.top_logprobs?.[i] ?? {}).map(([other, logProb]) => ({ id: idOf(other), logProb })).sort((a, b) => b.logProb - a.logProb),
    text: "",
  }));
}

/** Returns the place of a token among the likeliest, from 1; null if it is not among the alternatives that were asked for. */
export function rankOf(token) {
  const place = token.top.findIndex((other) => other.id === token.id);
  return place < 0 || place >= alternatives ? null : place + 1;
}

/** Returns the texts of ids: what each of them is called alone. */
export const namesOf = async (model, ids, signal) => (await post("detokenize", { model, tokens: ids, return_token_strs: true }, signal)).token_strs;

/** Returns the bytes of a token's name. A name that is no whole character is written as bytes:\xNN. */
export function bytesOf(name) {
  const parts = /^bytes:((?:\\x[0-9a-f]{2})+)$/.exec(name);
  return parts ? Uint8Array.from(parts[1].slice(2).split("\\x"), (hex) => Number.parseInt(hex, 16)) : new TextEncoder().encode(name);
}

/** Sets the text of each token. A character of several tokens is the text of the last of them. */
export function spell(tokens, names) {
  const decoder = new TextDecoder();
  tokens.forEach((token, i) => { token.text = decoder.decode(bytesOf(names[i]), { stream: true }); });
}

function idOf(name) {
  return Number(name.replace("token_id:", ""));
}

// Calls the server's public API. Every problem becomes an ApiError with the server's own sentence.
import { recall } from "./store.js";
import { text } from "./strings.js";

/** A problem that the server states, or that it cannot be reached. */
export class ApiError extends Error {
  constructor(message, status = 0, code = null) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

let askForKey = async () => null;

/** Sets the function that asks for the API key. It gets the server's sentence, saves the key and returns it, or null. */
export const useKeyDialog = (ask) => { askForKey = ask; };

/** Returns the answer to GET as JSON. */
export const get = async (path, signal) => (await send(path, { signal })).json();

/** Returns the answer to POST as JSON. */
export const post = async (path, body, signal) => (await send(path, { method: "POST", body: JSON.stringify(body), signal })).json();

/** Yields the events of a streamed answer as JSON. */
export async function* stream(path, body, signal) {
  const response = await send(path, { method: "POST", body: JSON.stringify({ ...body, stream: true }), signal });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const events = (rest + value).split("\n\n");
      rest = events.pop();
      for (const event of events) {
        const data = event.replace(/^data: /, "");
        if (data === "[DONE]") return;
        const parsed = JSON.parse(data);
        if (parsed.error) throw new ApiError(parsed.error.message, 0, parsed.error.code);
        yield parsed;
      }
    }
  } finally {
    reader.cancel().catch(() => {}); // a stream that was left early ends on the server, too
  }
}

async function send(path, options) {
  for (;;) {
    const key = recall("key");
    const headers = { "Content-Type": "application/json", ...(key ? { Authorization: `Bearer ${key}` } : {}) };
    let response;
    try {
      response = await fetch(new URL(path, document.baseURI), { ...options, headers });
    } catch (problem) {
      if (problem.name === "AbortError") throw problem;
      throw new ApiError(text("error.unreachable"));
    }
    if (response.ok) return response;
    const told = await errorOf(response);
    if (response.status !== 401) throw told;
    if (recall("key") === key && (await askForKey(told.message)) === null) throw told; // else another call has asked meanwhile
  }
}

async function errorOf(response) {
  try {
    const { error } = await response.json();
    return new ApiError(error.message, response.status, error.code);
  } catch {
    return new ApiError(text("error.status", { status: response.status }), response.status);
  }
}

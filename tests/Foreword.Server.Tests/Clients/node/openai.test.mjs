// Talks to the server with OpenAI's own client, which parses streams and errors itself.
import assert from "node:assert/strict";
import { test } from "node:test";
import OpenAI from "openai";

const { FOREWORD_OPEN: open, FOREWORD_GUARDED: guarded, FOREWORD_BUSY: busy } = process.env;
const model = "tiny";
const client = clientOf(open, "any");
const messages = [{ role: "system", content: "Be short." }, { role: "user", content: [{ type: "text", text: "the cat" }] }];

function clientOf(address, apiKey) {
  return new OpenAI({ baseURL: `${address}/v1`, apiKey, maxRetries: 0 });
}

async function collect(stream) {
  const chunks = [];
  for await (const chunk of stream)
    chunks.push(chunk);
  return chunks;
}

function textOf(chunks) {
  return chunks.flatMap(chunk => chunk.choices).map(choice => choice.delta?.content ?? choice.text ?? "").join("");
}

test("completions are the same whole and streamed, and the stream ends with the usage", async () => {
  const request = { model, prompt: "the cat", max_tokens: 20, seed: 3, temperature: 0.8, logprobs: 2, stop: ["qqq"] };
  const whole = await client.completions.create(request);
  const chunks = await collect(await client.completions.create({ ...request, stream: true, stream_options: { include_usage: true } }));
  assert.equal(textOf(chunks), whole.choices[0].text);
  assert.equal(whole.choices[0].logprobs.tokens.length, whole.usage.completion_tokens);
  assert.equal(chunks.flatMap(chunk => chunk.choices).at(-1).finish_reason, whole.choices[0].finish_reason);
  assert.equal(chunks.at(-1).usage.total_tokens, whole.usage.total_tokens);
  assert.ok(chunks.every(chunk => chunk.object === "text_completion"));
});

test("several prompts and samples have their places", async () => {
  const answer = await client.completions.create({ model, prompt: ["a", "b"], n: 2, max_tokens: 3, seed: 1 });
  assert.deepEqual(answer.choices.map(choice => choice.index), [0, 1, 2, 3]);
});

test("chat answers are the same whole and streamed", async () => {
  const request = { model, messages, max_completion_tokens: 20, seed: 3, logprobs: true, top_logprobs: 2 };
  const whole = await client.chat.completions.create(request);
  const chunks = await collect(await client.chat.completions.create({ ...request, stream: true, stream_options: { include_usage: true } }));
  assert.equal(textOf(chunks), whole.choices[0].message.content);
  assert.equal(whole.choices[0].message.role, "assistant");
  assert.equal(chunks[0].choices[0].delta.role, "assistant");
  assert.equal(chunks.at(-1).usage.total_tokens, whole.usage.total_tokens);
  assert.equal(whole.choices[0].logprobs.content.length, whole.usage.completion_tokens);
});

test("the client's own accumulator of streams accepts ours", async () => {
  const runner = client.chat.completions.stream({ model, messages, max_tokens: 20, seed: 3, stream_options: { include_usage: true } });
  let deltas = "";
  runner.on("content", delta => deltas += delta);
  const answer = await runner.finalChatCompletion();
  assert.equal(answer.choices[0].message.content, deltas);
  assert.ok(["stop", "length"].includes(answer.choices[0].finish_reason));
  assert.ok((await runner.totalUsage()).completion_tokens > 0);
});

test("structured output is parsed by the client", async () => {
  const schema = { type: "object", properties: { answer: { type: "string", enum: ["yes", "no"] }, sure: { type: "boolean" } }, required: ["answer", "sure"], additionalProperties: false };
  const answer = await client.chat.completions.parse({
    model, messages, max_tokens: 60, seed: 3, response_format: { type: "json_schema", json_schema: { name: "reply", strict: true, schema } },
  });
  assert.ok(["yes", "no"].includes(answer.choices[0].message.parsed.answer));
  assert.equal(typeof answer.choices[0].message.parsed.sure, "boolean");
});

test("embeddings come as numbers, although the client asks for base64", async () => {
  const { data, usage } = await client.embeddings.create({ model, input: ["the cat", "the dog"], dimensions: 8 });
  const plain = await client.embeddings.create({ model, input: "the dog", dimensions: 8, encoding_format: "float" });
  assert.deepEqual(data.map(one => one.index), [0, 1]);
  assert.equal(usage.prompt_tokens, usage.total_tokens);
  plain.data[0].embedding.forEach((value, i) => assert.ok(Math.abs(value - data[1].embedding[i]) < 1e-6));
});

test("models are listed and found", async () => {
  const names = (await collect(await client.models.list())).map(one => one.id);
  assert.deepEqual(names, [model]);
  assert.equal((await client.models.retrieve(model)).id, model);
});

test("problems become the client's own types of errors", async () => {
  const badRequest = await problem(client.chat.completions.create({ model, messages, temperature: 1000 }), OpenAI.BadRequestError);
  assert.equal(badRequest.param, "temperature");
  assert.equal(badRequest.type, "invalid_request_error");
  assert.match(badRequest.message, /temperature is 1000/);
  const streamed = await problem(client.chat.completions.create({ model, messages, stream: true, top_p: 2 }), OpenAI.BadRequestError);
  assert.equal(streamed.param, "top_p");
  const missing = await problem(client.completions.create({ model: "other", prompt: "a" }), OpenAI.NotFoundError);
  assert.equal(missing.code, "model_not_found");
  const refused = await problem(clientOf(guarded, "wrong").models.list(), OpenAI.AuthenticationError);
  assert.equal(refused.code, "invalid_api_key");
  assert.equal((await clientOf(guarded, "right").models.list()).data.length, 1);

  async function problem(promise, type) {
    return await promise.then(() => assert.fail("the request was answered"), error => {
      assert.ok(error instanceof type, `${error.constructor.name}: ${error.message}`);
      return error;
    });
  }
});

test("a full queue is a rate limit, and the client's retries end it", async () => {
  const request = { model, prompt: "a", max_tokens: 200, logit_bias: { 0: -100 } };
  const all = await Promise.allSettled(Array.from({ length: 30 }, () => clientOf(busy, "any").completions.create(request)));
  const refused = all.filter(one => one.status === "rejected").map(one => one.reason);
  assert.ok(refused.length > 0);
  assert.ok(refused.every(error => error instanceof OpenAI.RateLimitError && error.headers.get("retry-after") === "1"));
  const patient = new OpenAI({ baseURL: `${busy}/v1`, apiKey: "any", maxRetries: 10 });
  await Promise.all(Array.from({ length: 4 }, () => patient.completions.create({ ...request, max_tokens: 5 })));
});

test("a stream can be left midway, and the server goes on", async () => {
  const stream = await client.chat.completions.create({ model, messages, stream: true, max_tokens: 200, ignore_eos: true });
  for await (const chunk of stream) {
    if (chunk.choices.length > 0)
      break;
  }
  const aborted = new AbortController();
  const waiting = client.completions.create({ model, prompt: "a", max_tokens: 250, ignore_eos: true, n: 16 }, { signal: aborted.signal });
  setTimeout(() => aborted.abort(), 5);
  await assert.rejects(waiting, OpenAI.APIUserAbortError);
  assert.equal((await client.completions.create({ model, prompt: "a", max_tokens: 1 })).choices.length, 1);
});

// Talks to the server with the AI SDK and its provider for servers that are compatible with OpenAI's.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { APICallError, embed, embedMany, generateObject, generateText, streamObject, streamText } from "ai";
import { z } from "zod";

const { FOREWORD_OPEN: open, FOREWORD_GUARDED: guarded, FOREWORD_BUSY: busy } = process.env;
const name = "tiny";
const provider = providerOf(open, "any");
const settings = { model: provider.chatModel(name), maxOutputTokens: 25, seed: 4, temperature: 0.8, topP: 0.9, maxRetries: 0 };
const schema = z.object({ answer: z.enum(["yes", "no"]), sure: z.boolean() });

function providerOf(address, apiKey) {
  return createOpenAICompatible({ name: "foreword", baseURL: `${address}/v1`, apiKey, includeUsage: true, supportsStructuredOutputs: true });
}

test("chat texts are the same whole and streamed, usage and reason included", async () => {
  const whole = await generateText({ ...settings, system: "Be short.", prompt: "the cat" });
  const streamed = streamText({ ...settings, system: "Be short.", prompt: "the cat" });
  let text = "";
  for await (const part of streamed.textStream)
    text += part;
  assert.equal(text, whole.text);
  assert.equal(await streamed.finishReason, whole.finishReason);
  assert.ok(["stop", "length"].includes(whole.finishReason));
  assert.equal((await streamed.usage).totalTokens, whole.usage.totalTokens);
  assert.equal(whole.usage.totalTokens, whole.usage.inputTokens + whole.usage.outputTokens);
});

test("a conversation reads the earlier turns from the cache", async () => {
  const first = "the cat sat on the mat and the dog sat on the cat, which the mat and the dog did not like at all".repeat(1);
  const messages = [{ role: "user", content: first }, { role: "assistant", content: "yes" }, { role: "user", content: "why" }];
  await generateText({ ...settings, maxOutputTokens: 1, messages });
  const again = await generateText({ ...settings, maxOutputTokens: 1, messages });
  assert.ok(again.usage.inputTokenDetails.cacheReadTokens > 0, JSON.stringify(again.usage));
});

test("completion models work, streamed or not", async () => {
  const request = { ...settings, model: provider.completionModel(name), prompt: "the cat" };
  const whole = await generateText(request);
  let text = "";
  for await (const part of streamText(request).textStream)
    text += part;
  assert.equal(text, whole.text);
});

test("objects match their schema, whole and streamed", async () => {
  const whole = await generateObject({ ...settings, maxOutputTokens: 60, schema, prompt: "Is it?" });
  assert.deepEqual(schema.parse(whole.object), whole.object);
  const streamed = streamObject({ ...settings, maxOutputTokens: 60, schema, prompt: "Is it?" });
  for await (const partial of streamed.partialObjectStream)
    assert.equal(typeof partial, "object");
  assert.deepEqual(await streamed.object, whole.object);
  const choice = await generateObject({ ...settings, maxOutputTokens: 60, output: "enum", enum: ["red", "green"], prompt: "Which?" });
  assert.ok(["red", "green"].includes(choice.object));
});

test("embeddings of one and of several texts agree", async () => {
  const model = provider.embeddingModel(name);
  const { embedding, usage } = await embed({ model, value: "the dog" });
  const { embeddings } = await embedMany({ model, values: ["the cat", "the dog"] });
  assert.ok(usage.tokens > 0);
  embedding.forEach((value, i) => assert.ok(Math.abs(value - embeddings[1][i]) < 1e-6));
});

test("problems carry status, message and whether a retry may help", async () => {
  const bad = await problem(generateText({ ...settings, topP: 3, prompt: "a" }));
  assert.deepEqual([bad.statusCode, bad.isRetryable], [400, false]);
  assert.match(bad.message, /top_p is 3/);
  const refused = await problem(generateText({ ...settings, model: providerOf(guarded, "wrong").chatModel(name), prompt: "a" }));
  assert.equal(refused.statusCode, 401);
  const all = await Promise.allSettled(Array.from({ length: 30 }, () =>
    generateText({ ...settings, model: providerOf(busy, "any").chatModel(name), maxOutputTokens: 150, prompt: "a" })));
  const limited = all.filter(one => one.status === "rejected").map(one => one.reason);
  assert.ok(limited.length > 0);
  assert.ok(limited.every(error => error.statusCode === 429 && error.isRetryable));

  async function problem(promise) {
    return await promise.then(() => assert.fail("the request was answered"), error => {
      assert.ok(APICallError.isInstance(error), error);
      return error;
    });
  }
});

test("a stream can be aborted midway", async () => {
  const aborted = new AbortController();
  const streamed = streamText({ ...settings, maxOutputTokens: 200, prompt: "a", abortSignal: aborted.signal });
  const kinds = [];
  for await (const part of streamed.fullStream) {
    kinds.push(part.type);
    if (part.type === "text-delta")
      aborted.abort();
  }
  assert.equal(kinds.at(-1), "abort");
  assert.ok((await generateText({ ...settings, maxOutputTokens: 1, prompt: "a" })).usage.outputTokens > 0);
});

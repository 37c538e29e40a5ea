// node llama.mjs FOLDER MODEL.gguf PROMPTS.json TOKENS: what llama.cpp, installed in FOLDER by `npm install node-llama-cpp`, makes of the prompts:
// JSON [{"ids", "tokens"}], the prompt's ids and the tokens of its greedy continuation, computed on the CPU with a float32 cache.
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, modelPath, prompts, count] = process.argv.slice(2);
const { getLlama, LlamaLogLevel } = await import(pathToFileURL(join(resolve(folder), "node_modules/node-llama-cpp/dist/index.js")));
// One thread: llama.cpp's threads wait for each other by spinning, which takes minutes where others use the processor.
const llama = await getLlama({ gpu: false, build: "never", skipDownload: true, logLevel: LlamaLogLevel.error, maxThreads: 1 });
const model = await llama.loadModel({ modelPath, gpuLayers: 0 });
const context = await model.createContext({ contextSize: model.trainContextSize, threads: 1, flashAttention: false, experimentalKvCacheKeyType: "F32", experimentalKvCacheValueType: "F32" });
const sequence = context.getSequence();
const results = [];
for (const prompt of JSON.parse(readFileSync(prompts, "utf8"))) {
  const ids = [...model.tokenize(prompt)];
  const tokens = [];
  await sequence.clearHistory();
  for await (const token of sequence.evaluate(ids, { temperature: 0, yieldEogToken: true })) {
    if (tokens.push(token) === Number(count))
      break;
  }
  results.push({ ids, tokens });
}
console.log(JSON.stringify(results));
process.exit(0);

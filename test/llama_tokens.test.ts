// How llama.cpp encodes a whole prompt, as llama-server does, beside our tokenizer. A stock node-llama-cpp is asked.
import { getLlama, type Llama, LlamaLogLevel } from "node-llama-cpp";
import { afterAll, beforeAll, expect, it } from "vitest";
import { defaultSystem, defaultTemplate, renderPrompt } from "../gguf/prompt.ts";
import { openTokenizer } from "../native/tokenizer/background.ts";
import { Conversions } from "./converted.ts";
import { type TokenizerName, tokenizerJson, tokenizerPath } from "./fixtures.ts";
import { sampleTexts } from "./native/tokenizer_samples.ts";

const prompt = { system: defaultSystem, template: defaultTemplate };
const conversions = new Conversions();
let llama: Llama;
beforeAll(async () => {
  llama = await getLlama({
    gpu: false,
    build: "never",
    progressLogs: false,
    logLevel: LlamaLogLevel.error,
  });
});
afterAll(async () => {
  await llama.dispose();
  await conversions.remove();
});

/** The passages whose prompts llama.cpp encodes otherwise, of the file's own template. */
async function differences(name: TokenizerName, passages: readonly string[]): Promise<string[]> {
  const path = await conversions.path("meta", {
    tokenizer: tokenizerPath(name),
    layout: "llama",
    // The weights belong to another tokenizer: there is nothing to try out.
    proof: false,
    rope: "interleaved",
    gateUp: "gate-first",
    normEps: 1e-5,
    ropeBase: 10_000,
  });
  const model = await llama.loadModel({ modelPath: path, vocabOnly: true });
  const { tokenizer: stored } = model.fileInfo.metadata as unknown as {
    tokenizer: { "chat_template.rerank": string };
  };
  const tokenizer = openTokenizer(tokenizerJson(name));
  const query = "capital of Germany";
  const ours = await tokenizer.encode(
    passages.map((passage) => renderPrompt(prompt, query, passage)),
  );
  tokenizer.dispose();
  const different = passages.filter((passage, index) => {
    const text = stored["chat_template.rerank"]
      .replace("{query}", query)
      .replace("{document}", () => passage);
    return model.tokenize(text, true).join() !== ours[index]!.join();
  });
  await model.dispose();
  return different;
}

const samples = sampleTexts(200).map((text) => text.slice(0, 2000));

it.each<TokenizerName>(["bytelevel", "llama3", "sentencepiece"])(
  "%s: the same tokens for every text",
  async (name) => {
    expect(await differences(name, samples)).toEqual([]);
  },
);

// llama.cpp does not normalize text, which qwen2's tokenizer does, and knows no splitting like nanochat's.
it.each<TokenizerName>(["qwen2", "nanochat"])(
  "%s: the same tokens for plain text",
  async (name) => {
    const different = await differences(name, samples);
    expect(different.length).toBeLessThan(0.15 * samples.length);
    expect(different.filter((text) => /^[a-z ,.]*$/i.test(text))).toEqual([]);
  },
);

// The independent check: an engine nobody here wrote, node-llama-cpp's prebuilt one, reads the same weights from the
// llama layout and must give the same logits for the same token ids.
import { getLlama, type Llama, LlamaLogLevel, type Token } from "node-llama-cpp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Conversions } from "./converted.ts";
import { type CheckpointName, golden } from "./fixtures.ts";

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
it("is the prebuilt one", () => {
  expect(llama.buildType).toBe("prebuilt");
});

afterAll(async () => {
  await llama.dispose();
  await conversions.remove();
});

/** The decision tokens' logits after a prompt, by llama.cpp. */
async function theirLogits(
  path: string,
  prompts: readonly (readonly number[])[],
  ids: readonly number[],
) {
  const model = await llama.loadModel({ modelPath: path, useMmap: false });
  const context = await model.createContext({
    contextSize: 256,
    threads: 1,
    flashAttention: false,
    // Theirs are F16 by default, ours F32.
    experimentalKvCacheKeyType: "F32",
    experimentalKvCacheValueType: "F32",
  });
  const sequence = context.getSequence();
  const results: number[][] = [];
  for (const prompt of prompts) {
    await sequence.clearHistory();
    const tokens = prompt as Token[];
    const filter = { tokens: ids as Token[] };
    const [last] = (
      await sequence.controlledEvaluate([
        ...tokens.slice(0, -1),
        [tokens.at(-1)!, { generateNext: { logits: { filter } } }],
      ])
    ).slice(-1);
    results.push(ids.map((id) => last!.next.logits!.get(id as Token)!));
  }
  await model.dispose();
  return results;
}

describe.each(["llama", "meta"] as CheckpointName[])("%s, in the llama layout", (name) => {
  it("has the same logits in a stock llama.cpp", async () => {
    const { prompts, decision } = golden(name);
    // Their logits of a single token, the beginning of everything, are not asked for.
    const asked = prompts.filter(({ tokens }) => tokens.length > 1);
    expect(asked.length).toBeGreaterThan(3);
    const path = await conversions.path(name, { layout: "llama" });
    const theirs = await theirLogits(
      path,
      asked.map(({ tokens }) => tokens),
      decision.map(({ id }) => id),
    );
    for (const [index, prompt] of asked.entries()) {
      for (const [row, logit] of prompt.decisionLogits.entries()) {
        expect(Math.abs(theirs[index]![row]! - logit), `${prompt.name}, row ${row}`).toBeLessThan(
          1e-3,
        );
      }
    }
  });
});

// Our BERT files in a stock node-llama-cpp: its tokens are the library's, its vectors and scores those of PyTorch.
import { getLlama, type Llama, LlamaLogLevel, type Token } from "node-llama-cpp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Encoders } from "./encoders.ts";
import { encoderGolden } from "./fixtures.ts";

const encoders = new Encoders();
let llama: Llama;
beforeAll(async () => {
  llama = await getLlama({
    ...{ gpu: false, build: "never", progressLogs: false },
    logLevel: LlamaLogLevel.error,
  });
});
afterAll(async () => {
  await llama.dispose();
  await encoders.remove();
});

/** More threads than free cores wait for each other for seconds. */
const small = { contextSize: 64, threads: 1 };

const load = async (path: string) => llama.loadModel({ modelPath: path, useMmap: false });

function cosine(a: readonly number[], b: readonly number[]): number {
  const product = (x: readonly number[], y: readonly number[]) =>
    x.reduce((sum, value, index) => sum + value * y[index]!, 0);
  return product(a, b) / Math.sqrt(product(a, a) * product(b, b));
}

describe.each(["mean", "cls"] as const)("the vectors of %s", (name) => {
  it.each(["F32", "Q8_0"] as const)("are PyTorch's, in %s", async (type) => {
    const model = await load(await encoders.path(name, { type }));
    const context = await model.createEmbeddingContext(small);
    for (const { first, tokens, output } of encoderGolden(name).cases) {
      if (first === "") continue;
      // Beyond ASCII llama.cpp cleans text otherwise than the library does.
      const own = model.tokenize(first).map(Number);
      if (/^[ -~]*$/.test(first)) expect(own, first).toEqual(tokens.slice(1, -1));
      const given = tokens.slice(1, -1) as Token[];
      const { vector } = await context.getEmbeddingFor(given);
      expect(cosine(vector, output), first).toBeGreaterThan(type === "F32" ? 0.9999 : 0.999);
    }
    await model.dispose();
  });
});

describe("the scores of rank", () => {
  it("are PyTorch's, with token types left out", async () => {
    const model = await load(await encoders.path("rank"));
    const ranking = await model.createRankingContext(small);
    const { model: ours, mode } = await encoders.open("rank");
    for (const { first, second, tokens } of encoderGolden("rank").cases.slice(0, 8)) {
      // llama.cpp gives every token the first type.
      const given = Int32Array.from(tokens);
      const offsets = Int32Array.of(0, tokens.length);
      const [logit] = await ours.score(given, offsets, mode, Int32Array.of(tokens.length));
      const score = await ranking.rank(first, second!);
      expect(Math.abs(score - 1 / (1 + Math.exp(-logit!))), `${first} | ${second}`).toBeLessThan(
        2e-3,
      );
    }
    ours.dispose();
    await model.dispose();
  });
});

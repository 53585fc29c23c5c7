// One model in every runtime: our two graphs, node-llama-cpp and llama-server with the patch, and a stock node-llama-cpp.
import { getLlama, type Llama, LlamaLogLevel, type Token } from "node-llama-cpp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { defaultSystem, defaultTemplate, renderPrompt } from "../gguf/prompt.ts";
import { openTokenizer } from "../native/tokenizer/background.ts";
import { type LoadOptions, loadGate, type Verdict } from "../src/index.ts";
import { marginOf } from "../src/verdict.ts";
import { Conversions } from "./converted.ts";
import { type CheckpointName, golden, tokenizerJson } from "./fixtures.ts";
import { patchedServer, unlessPatched } from "./llama_builds.ts";
import { LlamaServer } from "./llama_server.ts";

const query = "capital of Germany";
const passages = [
  "Berlin is the capital of Germany.",
  "Paris is the capital of France.",
  "The Nile is the longest river.",
  "",
  "Caf\u00e9 na\u00efve \u2014 \u{1f600} 12345\r\n\ttabs and   spaces, can't it?",
  "A passage may be a good deal longer than its query. ".repeat(5),
];

const prompt = { system: defaultSystem, template: defaultTemplate };
const tokenizer = openTokenizer(tokenizerJson("bytelevel"));
const conversions = new Conversions();
afterAll(() => {
  tokenizer.dispose();
  return conversions.remove();
});

async function judged(path: string, options: LoadOptions): Promise<readonly Verdict[]> {
  await using gate = await loadGate(path, { threads: 1, ...options });
  return await gate.judgeAll(query, passages);
}

const marginsOf = (verdicts: readonly Verdict[]) => verdicts.map(({ margin }) => margin);

/**
 * Keys and values are cached in F16 there, ours are F32. With weights in 8 bits the activations are rounded to 8 bits
 * too, and what is a last bit elsewhere becomes a step.
 */
const tolerances = { F32: 0.02, Q8_0: 0.2 };

function expectAgreement(
  margins: readonly number[],
  reference: readonly number[],
  tolerance: number,
) {
  expect(margins).toHaveLength(reference.length);
  for (const [index, margin] of reference.entries()) {
    expect(Math.abs(margins[index]! - margin), passages[index]).toBeLessThan(tolerance);
    expect(margins[index]! > 0, passages[index]).toBe(margin > 0);
  }
}

const logit = (probability: number) => Math.log(probability / (1 - probability));

/** The tokens when the parts of the prompt are encoded one by one. */
async function tokensOfParts(passage: string): Promise<Int32Array> {
  const [start, middle, end] = renderPrompt(prompt, "{|}", "{|}").split("{|}");
  const parts = await tokenizer.encode([start!, query, middle!, passage, end!]);
  return Int32Array.of(parts[0]![0]!, ...parts.flatMap((ids) => [...ids.slice(1)]));
}

/** "llama" has a tied head, "meta" one of its own that the file leaves out, "nano" a router that nobody reads. */
const models = [
  ["llama", "F32"],
  ["meta", "F32"],
  ["meta", "Q8_0"],
  ["nano", "F32"],
] as const satisfies readonly (readonly [CheckpointName, string])[];

const patched = it.skipIf(!patchedServer);

describe.each(models)("%s in %s", (name, type) => {
  const tolerance = tolerances[type];
  let path: string;
  let verdicts: readonly Verdict[];
  let reference: readonly number[];
  let llama: Llama | undefined;
  let server: LlamaServer | undefined;
  beforeAll(async () => {
    path = await conversions.path(name, { type });
    verdicts = await judged(path, { engine: "reference" });
    reference = marginsOf(verdicts);
    expect(verdicts.every(({ windows }) => windows === 1)).toBe(true);
    expect(new Set(verdicts.map(({ relevant }) => relevant))).toEqual(new Set([true, false]));
    if (!patchedServer) return;
    llama = await getLlama("lastBuild", { logLevel: LlamaLogLevel.error });
    server = await LlamaServer.start(patchedServer, path);
  });
  afterAll(async () => {
    await llama?.dispose();
    await server?.stop();
  });

  it("decides alike in our fast graph", async () => {
    // Its weights and activations have 8 bits: a few hundredths of a logit on so small a model.
    expectAgreement(marginsOf(await judged(path, {})), reference, 0.5);
  });

  it("decides alike in a stock node-llama-cpp, as a llama file", async () => {
    const stock = await conversions.path(name, { type, layout: "llama" });
    const found = await judged(stock, { backend: "llama", gpu: false });
    expectAgreement(marginsOf(found), reference, tolerance);
  });

  patched(`decides alike in the patched one, as a backend${unlessPatched}`, async () => {
    const found = await judged(path, { backend: "llama", gpu: false });
    expectAgreement(marginsOf(found), reference, tolerance);
  });

  patched(`gives the probability in its ranking context${unlessPatched}`, async () => {
    const model = await llama!.loadModel({ modelPath: path, useMmap: false });
    const template = "{{query}}{{document}}";
    const ranking = await model.createRankingContext({ contextSize: 256, template });
    const margins: number[] = [];
    for (const passage of passages) {
      const [tokens] = await tokenizer.encode([renderPrompt(prompt, query, passage)]);
      margins.push(logit(await ranking.rank([...tokens!] as Token[], [])));
    }
    expectAgreement(margins, reference, tolerance);
  });

  patched(`ranks by the file's own template, of the parts' tokens${unlessPatched}`, async () => {
    const model = await llama!.loadModel({ modelPath: path, useMmap: false });
    const ranking = await model.createRankingContext({ contextSize: 256 });
    const margins = (await ranking.rankAll(query, [...passages])).map(logit);
    const own = await conversions.model(name, { type });
    const expected: number[] = [];
    for (const passage of passages) {
      const tokens = await tokensOfParts(passage);
      const logits = await own.score(tokens, Int32Array.of(0, tokens.length), "decision");
      const labels = golden(name).decision.map(({ label }) => label);
      expected.push(marginOf({ kind: "decision", tokenIds: [], labels })!(logits));
    }
    own.dispose();
    expectAgreement(margins, expected, tolerance);
  });

  patched(`gives the margin in llama-server, of our very tokens${unlessPatched}`, async () => {
    const { scores, tokens } = await server!.rerank(query, passages);
    expectAgreement(scores, reference, tolerance);
    expect(tokens).toBe(verdicts.reduce((sum, verdict) => sum + verdict.tokens, 0));
  });
});

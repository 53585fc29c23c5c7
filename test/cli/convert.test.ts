import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { describeModel } from "../../gguf/architecture.ts";
import { readGguf } from "../../gguf/read.ts";
import { bytesSource } from "../../gguf/source.ts";
import { readTokenizer } from "../../native/tokenizer/tokenizer.ts";
import { Interrupt } from "../../src/cli/run.ts";
import { loadGate } from "../../src/index.ts";
import { buildSafetensors } from "../convert/safetensors_builder.ts";
import { encoderPath, tokenizerJson } from "../fixtures.ts";
import { qrag } from "./harness.ts";

let folder: string;
const at = (name: string) => join(folder, name);

/** A checkpoint of random weights, one block, with Hugging Face's names for Llama. */
function checkpoint(): Uint8Array {
  const { vocabularySize } = readTokenizer(tokenizerJson("bytelevel"));
  let state = 7;
  const tensor = (...shape: number[]) => {
    const length = shape.reduce((product, size) => product * size, 1);
    const values = Float32Array.from({ length }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return (state / 2 ** 32 - 0.5) * 0.4;
    });
    return { dtype: "F32", shape, data: new Uint8Array(values.buffer) };
  };
  const block = "model.layers.0.";
  return buildSafetensors({
    "model.embed_tokens.weight": tensor(vocabularySize, 32),
    [`${block}input_layernorm.weight`]: tensor(32),
    [`${block}self_attn.q_proj.weight`]: tensor(32, 32),
    [`${block}self_attn.k_proj.weight`]: tensor(16, 32),
    [`${block}self_attn.v_proj.weight`]: tensor(16, 32),
    [`${block}self_attn.o_proj.weight`]: tensor(32, 32),
    [`${block}post_attention_layernorm.weight`]: tensor(32),
    [`${block}mlp.gate_proj.weight`]: tensor(64, 32),
    [`${block}mlp.up_proj.weight`]: tensor(64, 32),
    [`${block}mlp.down_proj.weight`]: tensor(32, 64),
    "model.norm.weight": tensor(32),
    "spare.thing": tensor(3),
  });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "qrag-convert-"));
  await writeFile(at("model.safetensors"), checkpoint());
  await writeFile(at("tokenizer.json"), tokenizerJson("bytelevel"));
  await writeFile(at("map.json"), '{"spare.thing": "drop"}');
  await writeFile(at("prompt.json"), '{"system": "", "template": "{query} # {passage} ="}');
});
afterAll(() => rm(folder, { recursive: true }));

/** Everything stated, so that nothing of a random model has to be found out. */
const stated = [
  ...["--no-proof", "--rope", "half", "--gate-up", "gate-first", "--norm-eps", "1e-5"],
  ...["--rope-base", "10000", "--heads", "4", "--context-length", "128"],
];
const args = (output: string, ...more: string[]) => [
  ...["convert", at("model.safetensors"), "--tokenizer", at("tokenizer.json"), "-o", at(output)],
  ...["--map", at("map.json"), ...stated, ...more],
];

describe("qrag convert", () => {
  it("writes a file that loads, and reports on standard error", async () => {
    const { exitCode, out, err } = await qrag(args("out.gguf", "--prompt", at("prompt.json")));
    expect([exitCode, out]).toEqual([0, ""]);
    expect(err).toMatch(/^WIRING +IS +SETTLED BY\nrope +half +--rope$/m);
    expect(err).toMatch(
      /^blk\.0\.attn_q\.weight +Q8_0 +32 x 32 +1088 .*self_attn\.q_proj\.weight$/m,
    );
    expect(err).toMatch(/^spare\.thing +dropped +/m);
    expect(err).toMatch(/^output\.weight +not in the file +tied/m);
    expect(err).toMatch(/^Check it with: qrag verify .*out\.gguf$/m);
    await using gate = await loadGate(at("out.gguf"), { threads: 1, engine: "reference" });
    expect(gate.info).toMatchObject({ name: "model", contextLength: 128, fullVocabulary: true });
    const file = await readGguf(bytesSource(await readFile(at("out.gguf"))));
    expect(file.metadata.get("qrag.prompt.template")).toMatchObject({
      value: "{query} # {passage} =",
    });
  });

  it("reports as JSON", async () => {
    const { out, err } = await qrag(args("json.gguf", "--json", "--type", "f16", "--name", "mine"));
    expect(err).toBe("");
    expect(JSON.parse(out)).toMatchObject({
      output: at("json.gguf"),
      type: "F16",
      model: { architecture: "qrag", output: { kind: "decision" }, frame: { kind: "prompt" } },
      wiring: { wiring: { rope: "half", ropeBase: 10_000 } },
      dropped: [{ name: "spare.thing" }],
    });
  });

  it("writes the plain llama layout", async () => {
    const { exitCode, err } = await qrag(args("llama.gguf", "--layout", "llama"));
    expect(exitCode).toBe(0);
    const file = await readGguf(bytesSource(await readFile(at("llama.gguf"))));
    expect(file.metadata.get("general.architecture")).toMatchObject({ value: "llama" });
    // qrag verify runs the engine, which does not know this layout.
    expect(err).not.toContain("qrag verify");
    expect(err).toMatch(/backend: "llama"/);
  });

  it("names the types that are in the file, not the one that was asked for", async () => {
    const { err } = await qrag(args("short.gguf", "--type", "q4_k"));
    expect(err).toMatch(/ bytes, F16 and F32, from a safetensors checkpoint/);
    expect(err).toMatch(/stored as F16 instead of Q4_K: rows of 32/);
  });

  it("reads the folder of an encoder, and says what its file gives", async () => {
    const more = ["--query-prefix", "q: ", "--no-normalize"];
    const embedding = ["--type", "q8_0", "--embedding-type", "q4_0"];
    const to = ["-o", at("mean.gguf")];
    const { exitCode, err } = await qrag([
      "convert",
      encoderPath("mean"),
      ...to,
      ...more,
      ...embedding,
    ]);
    expect(exitCode).toBe(0);
    expect(err).toMatch(/^token_embd\.weight +Q4_0 .*embeddings\.word_embeddings\.weight$/m);
    expect(err).toMatch(/^pooler\.dense\.weight +dropped +pooling by mean does not use it$/m);
    expect(err).toMatch(
      /^vectors: mean pooling\n.*: \d+ bytes, Q8_0, F32 and Q4_0, from a safetensors/m,
    );
    expect(err).toMatch(/^Check it with: qrag verify /m);
    const file = await readGguf(bytesSource(await readFile(at("mean.gguf"))));
    expect(file.metadata.get("qrag.frame.query")?.value).toBe("q: ");
  });

  it("writes down which scripts and languages a cross-encoder reads", async () => {
    const reads = ["--scripts", "Latin,Greek", "--languages", "en,ell"];
    const to = ["-o", at("labels.gguf")];
    const { err } = await qrag(["convert", encoderPath("labels"), ...to, ...reads]);
    expect(err).toMatch(/^labels: irrelevant, relevant$/m);
    const { metadata } = await readGguf(bytesSource(await readFile(at("labels.gguf"))));
    expect(metadata.get("qrag.scripts")?.value).toEqual(["Latin", "Greek"]);
    expect(metadata.get("general.languages")?.value).toEqual(["en", "ell"]);
  });

  it("writes down whom a gate asks for a second opinion, and keeps it when it is quantized", async () => {
    const asked = await qrag(["convert", encoderPath("mean"), "-o", at("asked.gguf")]);
    expect(asked.exitCode).toBe(0);
    const opinion = ["--second-opinion", at("asked.gguf"), "--opinion", "4,0.5,2"];
    await qrag([
      "convert",
      encoderPath("labels"),
      "-o",
      at("opinion.gguf"),
      "-t",
      "f32",
      ...opinion,
    ]);
    await qrag(["quantize", at("opinion.gguf"), "-o", at("small.gguf"), "-t", "q8_0"]);
    const again = ["--second-opinion", at("opinion.gguf"), "--opinion", "4,0.5,2"];
    const wrong = await qrag(["convert", encoderPath("labels"), "-o", at("w.gguf"), ...again]);
    expect(wrong.err).toMatch(/gives verdicts: a second opinion needs vectors/);
    const vectors = await qrag(["convert", encoderPath("mean"), "-o", at("w.gguf"), ...opinion]);
    expect(vectors.err).toMatch(/--second-opinion is for models that judge/);
    const embedder = createHash("sha256")
      .update(await readFile(at("asked.gguf")))
      .digest("hex");
    for (const name of ["opinion.gguf", "small.gguf"]) {
      const file = await readGguf(bytesSource(await readFile(at(name))));
      expect(describeModel(file).secondOpinion).toEqual({
        ...{ embedder, weight: 4, centre: 0.5, within: 2 },
      });
    }
  });

  it.each([
    [
      "an opinion of nobody",
      ["convert", "x", "-o", "o", "--opinion", "4,0.5,2"],
      2,
      /--second-opinion is missing/,
    ],
    [
      "an opinion without numbers",
      ["convert", "x", "-o", "o", "--second-opinion", "e.gguf"],
      2,
      /--opinion is missing/,
    ],
    [
      "an opinion of two numbers",
      ["convert", "x", "-o", "o", "--second-opinion", "e.gguf", "--opinion", "4,0.5"],
      2,
      /three numbers for --opinion/,
    ],
    ["no checkpoint", ["convert", "x.pt", "-o", "x.gguf"], 3, /x\.pt: .*no such file/],
    ["no output", ["convert", "x.pt", "--tokenizer", "t.json"], 2, /--output is missing/],
    [
      "two words on length",
      ["convert", "x", "-o", "o", "--normalize", "--no-normalize"],
      2,
      /contradict each other/,
    ],
    [
      "languages without scripts",
      ["convert", "x", "-o", "o", "--languages", "en"],
      2,
      /--languages needs --scripts/,
    ],
    [
      "an order that is none",
      ["convert", "x.pt", "--tokenizer", "t", "-o", "o", "--rope", "odd"],
      2,
      /half, interleaved for --rope/,
    ],
    [
      "a number that is none",
      ["convert", "x.pt", "--tokenizer", "t", "-o", "o", "--rope-base", "ten"],
      2,
      /number above 0 for --rope-base/,
    ],
    [
      "a layout that is none",
      ["convert", "x.pt", "--tokenizer", "t", "-o", "o", "--layout", "gpt"],
      2,
      /qrag, llama for --layout/,
    ],
  ])("refuses %s", async (_name, given, code, message) => {
    const { exitCode, err } = await qrag(given);
    expect(exitCode).toBe(code);
    expect(err).toMatch(message);
  });

  it.each([
    ["a map that is not there", "--map", undefined, /missing\.json could not be read/],
    ["a map that is no JSON", "--map", "{", /bad\.json is not JSON/],
    ["a map that is an array", "--map", '["a"]', /bad\.json holds something that is no string/],
    ["a map of numbers", "--map", '{"a": 1}', /holds something that is no string/],
    ["an empty map", "--map", "{}", /no JSON object with strings/],
    [
      "a prompt without a system",
      "--prompt",
      '{"template": "{query}{passage}"}',
      /"system" and "template"/,
    ],
    ["a prompt without a passage", "--prompt", '{"system": "", "template": "{query}"}', /passage/],
    [
      "rows without labels",
      "--rows",
      '{"query": "q", "passage": "p"}',
      /bad\.json: line 1 is not a labelled row/,
    ],
    ["rows that are no JSON", "--rows", "[1,", /bad\.json: is neither JSON lines nor JSON/],
    [
      "rows of something else",
      "--rows",
      '[{"query": "q", "passage": "p", "label": 2}]',
      /bad\.json: row 1 is not a labelled row/,
    ],
  ])("refuses %s", async (_name, option, content, message) => {
    const path = content === undefined ? at("missing.json") : at("bad.json");
    if (content !== undefined) await writeFile(path, content);
    const { exitCode, err } = await qrag(args("never.gguf", option, path));
    expect([exitCode, err]).toEqual([3, expect.stringMatching(message)]);
    expect(await readdir(folder)).not.toContain("never.gguf");
  });

  it("leaves nothing behind when it is interrupted", async () => {
    const before = await readdir(folder);
    const signal = AbortSignal.abort(new Interrupt("SIGINT", 130));
    expect(await qrag(args("never.gguf"), { signal })).toMatchObject({ exitCode: 130, err: "" });
    expect(await readdir(folder)).toEqual(before);
  });
});

// Whole conversions: every family of names gives the same file, and the file gives back the checkpoint's weights.
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { QragError } from "../../base/errors.ts";
import { convertCheckpoint } from "../../convert/convert.ts";
import type { ConvertOptions } from "../../convert/options.ts";
import type { ConvertReport } from "../../convert/report.ts";
import { requantize } from "../../convert/requantize.ts";
import { describeModel } from "../../gguf/architecture.ts";
import { type TensorTypeName, tensorTypes } from "../../gguf/format.ts";
import { readGguf } from "../../gguf/read.ts";
import { bytesSource } from "../../gguf/source.ts";
import { planGguf } from "../../gguf/write.ts";
import { addon } from "../../native/loader.ts";
import { tokenizerJson } from "../fixtures.ts";
import {
  asSafetensors,
  asTorch,
  config,
  families,
  type Matrix,
  makeWeights,
  named,
  sizes,
} from "./model_builder.ts";

let folder: string;
const at = (name: string) => join(folder, name);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "qrag-convert-"));
  await writeFile(at("tokenizer.json"), tokenizerJson("bytelevel"));
});
afterEach(() => rm(folder, { recursive: true }));

const tied = makeWeights();
const untied = makeWeights(2, false);

/** Random weights read no text, so everything is stated and nothing tried. */
async function convert(checkpoint: Uint8Array, more: Partial<ConvertOptions> = {}) {
  await writeFile(at("model.pt"), checkpoint);
  const output = at("out.gguf");
  const report = await convertCheckpoint({
    checkpoint: at("model.pt"),
    tokenizer: at("tokenizer.json"),
    output,
    type: "F32",
    rope: "half",
    gateUp: "gate-first",
    proof: false,
    force: true,
    ...more,
  });
  const bytes = new Uint8Array(await readFile(output));
  return { report, bytes, file: await readGguf(bytesSource(bytes)) };
}

const huggingFace = families["Hugging Face"]!;

/** A file's metadata and weights, without the report of how they were found. */
function contentOf({ bytes, file }: Awaited<ReturnType<typeof convert>>) {
  const { metadata, tensors, dataOffset } = file;
  const names = tensors.map(({ name, type, shape }) => ({ name, type, shape }));
  const entries = [...metadata].filter(([key]) => key !== "qrag.conversion.report");
  return { entries, names, weights: Buffer.from(bytes.subarray(dataOffset)).toString("base64") };
}

/** A tensor's values out of a file. */
function valuesOf(
  { bytes, file }: Awaited<ReturnType<typeof convert>>,
  name: string,
): Float32Array {
  const info = file.tensors.find((tensor) => tensor.name === name)!;
  const own = bytes.slice(info.offset, info.offset + info.byteLength);
  if (info.type === "F32") return new Float32Array(own.buffer);
  return addon().dequantizeRows(info.type, own, info.shape[0]!);
}

function tokenIdsOf({ model: { output } }: ConvertReport): readonly number[] {
  return output.kind === "decision" ? output.tokenIds : expect.unreachable();
}

describe("convertCheckpoint", () => {
  it("makes the same model of every family, from either format", async () => {
    const reference = contentOf(await convert(asTorch(named(huggingFace, untied))));
    for (const [name, family] of Object.entries(families)) {
      const converted = await convert(asTorch(named(family, untied)), { rope: family.rope });
      expect(contentOf(converted), name).toEqual(reference);
    }
    await writeFile(at("config.json"), JSON.stringify(config));
    const converted = await convert(asSafetensors(named(huggingFace, untied)));
    expect(contentOf(converted)).toEqual(reference);
    const { checkpoint } = converted.report;
    expect(checkpoint).toEqual({ format: "safetensors", configSource: "config.json" });
  });

  it("stores how the wiring was settled and what was dropped", async () => {
    const { file, report } = await convert(asTorch(named(huggingFace, untied)));
    const { wiring, dropped } = report;
    expect(JSON.parse(describeModel(file).conversionReport!)).toEqual({ wiring, dropped });
  });

  it("stores the weights in the interleaved order, and the head's decision rows", async () => {
    const converted = await convert(asTorch(named(huggingFace, untied)));
    const model = describeModel(converted.file);
    expect(model.numbers).toMatchObject(sizes);
    for (const [name, { values }] of untied) {
      if (name !== "output.weight") expect(valuesOf(converted, name), name).toEqual(values);
    }
    const head = untied.get("output.weight")!.values;
    const rows = valuesOf(converted, "cls.output.weight");
    for (const [index, id] of tokenIdsOf(converted.report).entries()) {
      expect(rows.subarray(index * 32, (index + 1) * 32)).toEqual(
        head.subarray(id * 32, (id + 1) * 32),
      );
    }
    expect(model.tokenizerJson).toBe(tokenizerJson("bytelevel"));
    expect(model.name).toBe("model");
  });

  it("cuts the decision rows from the embedding where the head is tied", async () => {
    const converted = await convert(asTorch(named(huggingFace, tied)));
    const [id] = tokenIdsOf(converted.report);
    const embedding = tied.get("token_embd.weight")!.values;
    const rows = valuesOf(converted, "cls.output.weight");
    expect(rows.subarray(0, 32)).toEqual(embedding.subarray(id! * 32, (id! + 1) * 32));
    expect(converted.report.missing[0]).toEqual({
      name: "output.weight",
      reason: "tied to the token embedding",
    });
  });

  it("keeps the head on demand, and router tensors always", async () => {
    const matrix: Matrix = {
      shape: [2, 32],
      values: Float32Array.from({ length: 64 }, (_, i) => i),
    };
    const weights = named(huggingFace, untied).set("decision_head.weight", matrix);
    const { file, report } = await convert(asTorch(weights), { keepLmHead: true });
    const names = file.tensors.map(({ name }) => name);
    expect(names).toContain("output.weight");
    expect(names).toContain("router.decision_head.weight");
    expect(report.missing.map(({ name }) => name)).toEqual(["rope_freqs.weight"]);
  });

  it("drops a router tensor that GGUF cannot hold, and says so", async () => {
    const weights = named(huggingFace, tied).set(`decision.${"x".repeat(80)}`, {
      shape: [1],
      values: new Float32Array(1),
    });
    const { report } = await convert(asTorch(weights));
    expect(report.dropped.map(({ reason }) => reason)).toEqual([
      "a decision head's tensor that GGUF cannot hold",
    ]);
  });

  it("accounts for every source tensor", async () => {
    const weights = named(families["fused, behind torch.compile"]!, tied);
    weights.set("_orig_mod.mtp_heads.0.weight", { shape: [1], values: new Float32Array(1) });
    const { report } = await convert(asTorch(weights));
    const used = [
      ...report.tensors.map(({ source }) => source),
      ...report.dropped.map(({ name }) => name),
    ];
    const plain = [...weights.keys()].map((name) => name.replace("_orig_mod.", ""));
    expect(new Set(used)).toEqual(new Set(plain));
  });

  const types: [TensorTypeName, number][] = [
    ["F16", 4e-4],
    ["BF16", 3e-3],
    ["Q8_0", 6e-3],
    ["Q4_0", 0.1],
  ];
  for (const [type, most] of types) {
    it(`quantizes to ${type}, norms and decision rows excepted`, async () => {
      const converted = await convert(asTorch(named(huggingFace, tied)), { type });
      for (const { name, type: stored, error } of converted.report.tensors) {
        const exact = name.includes("norm") || name === "cls.output.weight";
        expect(stored, name).toBe(exact ? "F32" : type);
        expect(error.relative, name).toBeLessThanOrEqual(exact ? 0 : most);
        expect(error.relative > 0, name).toBe(!exact);
      }
      expect(converted.bytes.length).toBe(converted.report.bytes);
    });
  }

  it("stores the embedding in another type on demand", async () => {
    const { report } = await convert(asTorch(named(huggingFace, tied)), {
      type: "Q4_0",
      embeddingType: "Q8_0",
    });
    expect(report.tensors[0]).toMatchObject({ name: "token_embd.weight", type: "Q8_0" });
  });

  it("falls back to F16 where rows are too short, and notes it", async () => {
    const { report } = await convert(asTorch(named(huggingFace, tied)), { type: "Q4_K" });
    const matrices = report.tensors.filter(
      ({ shape }) => shape.length === 2 && shape[0]! % tensorTypes.Q4_K.blockLength,
    );
    expect(matrices.length).toBeGreaterThan(0);
    expect(new Set(matrices.map(({ type }) => type))).toEqual(new Set(["F16", "F32"]));
    expect(report.notes.join("\n")).toContain(
      "model.embed_tokens.weight and 12 more are stored as F16 instead of Q4_K",
    );
  });

  it("writes the llama layout with the whole head and without our own tensors", async () => {
    const { file } = await convert(asTorch(named(huggingFace, untied)), { layout: "llama" });
    expect(file.metadata.get("general.architecture")?.value).toBe("llama");
    const names = file.tensors.map(({ name }) => name);
    expect(names).toContain("output.weight");
    expect(names).not.toContain("cls.output.weight");
    const alone = await convert(asTorch(named(huggingFace, tied)), { layout: "llama" });
    expect(alone.file.tensors.map(({ name }) => name)).not.toContain("output.weight");
  });

  it("gives the same bytes every time", async () => {
    const checkpoint = asTorch(named(huggingFace, tied));
    const first = await convert(checkpoint, { type: "Q4_0" });
    const second = await convert(checkpoint, { type: "Q4_0" });
    expect(Buffer.compare(first.bytes, second.bytes)).toBe(0);
  });

  it("reports progress up to the end", async () => {
    const seen: number[] = [];
    const totals = new Set<number | undefined>();
    const { report } = await convert(asTorch(named(huggingFace, tied)), {
      onProgress: ({ done, total }) => {
        seen.push(done);
        totals.add(total);
      },
    });
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.at(-1)).toBe(report.bytes);
    expect([...totals]).toEqual([report.bytes]);
  });

  it("tries the wiring out, and warns that random weights show nothing", async () => {
    const tried: number[] = [];
    const row = { query: "a", passage: "b", label: 1 };
    const { report } = await convert(asTorch(named(huggingFace, tied)), {
      proof: true,
      threads: 1,
      rows: [{ query: "a", passage: "b".repeat(999), label: 0 }, ...new Array(20).fill(row)],
      prompt: { system: "", template: "{query}{passage}" },
      onProgress: ({ stage, done }) => void (stage === "prove" && tried.push(done)),
    });
    expect(tried).toEqual([1, 2, 3, 4]);
    expect(report.wiring!.table).toHaveLength(4);
    for (const { surprise, accuracy } of report.wiring!.table) {
      expect(surprise).toBeGreaterThan(0);
      expect([0, 1]).toContain(accuracy);
    }
    expect(report.wiring!.warnings.join()).toContain("noise");
    expect(report.notes.join()).toContain("20 of 21 labelled rows");
    expect(report.notes.join()).toContain("pieces of 64 tokens");
  });
});

describe("convertCheckpoint refuses", () => {
  const nan = new Map(tied);
  nan.set("blk.1.ffn_up.weight", {
    shape: [64, 32],
    values: new Float32Array(2048).fill(Number.NaN),
  });
  const sound = () => asTorch(named(huggingFace, tied));
  const cases: Record<string, [() => Uint8Array, Partial<ConvertOptions>, string, RegExp]> = {
    "weights that are not finite": [
      () => asTorch(named(huggingFace, nan)),
      { type: "Q8_0" },
      "CHECKPOINT_INVALID",
      /"model\.layers\.1\.mlp\.up_proj\.weight".*not finite/,
    ],
    "open questions without a proof": [sound, { rope: undefined }, "CHECKPOINT_UNMAPPED", /--rope/],
    "open questions that trying does not settle": [
      sound,
      { rope: undefined, proof: true, threads: 1 },
      "CHECKPOINT_UNMAPPED",
      /--rope[\s\S]*nats a token/,
    ],
    "a template without a passage": [
      sound,
      { prompt: { system: "", template: "{query}" } },
      "INPUT_INVALID",
      /passage/,
    ],
    "a context beyond the format's limits": [
      sound,
      { contextLength: 2 ** 30 },
      "CHECKPOINT_INVALID",
      /context_length/,
    ],
    "the same, before anything is tried out": [
      sound,
      { contextLength: 2 ** 30, proof: true, onProgress: () => expect.unreachable() },
      "CHECKPOINT_INVALID",
      /context_length/,
    ],
    "a tokenizer that is not there": [
      sound,
      { tokenizer: "/nowhere/tokenizer.json" },
      "TOKENIZER_UNSUPPORTED",
      /nowhere/,
    ],
    "a checkpoint that is not there": [
      sound,
      { checkpoint: "/nowhere/model.pt" },
      "CHECKPOINT_INVALID",
      /nowhere/,
    ],
    "an output in no folder": [sound, { output: "/nowhere/out.gguf" }, "OUTPUT_FAILED", /nowhere/],
  };
  for (const [name, [checkpoint, more, code, reason]] of Object.entries(cases)) {
    it(`${name}, and leaves nothing behind`, async () => {
      const error = await convert(checkpoint(), more).catch((caught) => caught);
      expect(error).toBeInstanceOf(QragError);
      expect(error.message).toMatch(reason);
      expect(error.code).toBe(code);
      expect((await readdir(folder)).sort()).toEqual(["model.pt", "tokenizer.json"]);
    });
  }

  it("an output that is there, unless forced, before anything else", async () => {
    await writeFile(at("out.gguf"), "precious");
    const error = await convert(new Uint8Array(), { force: false }).catch((caught) => caught);
    expect(error.code).toBe("OUTPUT_FAILED");
    expect(await readFile(at("out.gguf"), "utf8")).toBe("precious");
  });

  it("to go on after an abort", async () => {
    const controller = new AbortController();
    const reason = new Error("stop");
    const onProgress = () => controller.abort(reason);
    const aborted = convert(sound(), { signal: controller.signal, onProgress });
    await expect(aborted).rejects.toBe(reason);
    expect((await readdir(folder)).sort()).toEqual(["model.pt", "tokenizer.json"]);
  });
});

describe("requantize", () => {
  const again = async (type: TensorTypeName, more = {}) => {
    const output = at("again.gguf");
    const report = await requantize({ input: at("out.gguf"), output, type, force: true, ...more });
    return { report, bytes: new Uint8Array(await readFile(output)) };
  };

  it("gives what a conversion gives", async () => {
    const checkpoint = asTorch(named(huggingFace, untied));
    const wanted = await convert(checkpoint, { type: "Q8_0", keepLmHead: true });
    await convert(checkpoint, { keepLmHead: true });
    const { bytes, report } = await again("Q8_0");
    expect(Buffer.compare(bytes, wanted.bytes)).toBe(0);
    expect(report.bytes).toBe(bytes.length);
  });

  it("keeps tensors that are of the type already, bit by bit", async () => {
    const { bytes: before } = await convert(asTorch(named(huggingFace, tied)), { type: "Q4_0" });
    const { bytes, report } = await again("Q4_0");
    expect(Buffer.compare(bytes, before)).toBe(0);
    expect(report.tensors.every(({ error }) => error.largest === 0)).toBe(true);
  });

  it("goes from any type to any other, and reports the loss", async () => {
    for (const from of ["F16", "BF16", "Q8_0", "Q4_0"] as const) {
      await convert(asTorch(named(huggingFace, tied)), { type: from });
      const { report } = await again("F32");
      expect(report.tensors.every(({ type, error }) => type === "F32" && error.largest === 0)).toBe(
        true,
      );
      expect((await again("Q4_0", { embeddingType: "F16" })).report.tensors[0]!.type).toBe("F16");
    }
  });

  it("does the same with a llama layout", async () => {
    const checkpoint = asTorch(named(huggingFace, untied));
    const wanted = await convert(checkpoint, { type: "Q8_0", layout: "llama" });
    await convert(checkpoint, { layout: "llama" });
    const { bytes } = await again("Q8_0");
    expect(Buffer.compare(bytes, wanted.bytes)).toBe(0);
  });

  it("refuses what holds no model that it knows", async () => {
    const other = new Map([["general.architecture", { type: "string", value: "gpt2" } as const]]);
    await convert(asTorch(named(huggingFace, tied)));
    await writeFile(at("out.gguf"), planGguf(other, []).header);
    await expect(again("Q8_0")).rejects.toMatchObject({ code: "MODEL_UNSUPPORTED" });
    await writeFile(at("out.gguf"), "GGUF");
    await expect(again("Q8_0")).rejects.toMatchObject({ code: "MODEL_INVALID" });
    const { bytes, file } = await convert(asTorch(named(huggingFace, tied)));
    new DataView(bytes.buffer).setFloat32(file.dataOffset, Number.NaN, true);
    await writeFile(at("out.gguf"), bytes);
    await expect(again("Q8_0")).rejects.toMatchObject({
      code: "MODEL_INVALID",
      message: expect.stringMatching(/token_embd.*not finite/),
    });
    await rm(at("out.gguf"));
    await expect(again("Q8_0")).rejects.toMatchObject({ code: "MODEL_NOT_FOUND" });
    expect((await readdir(folder)).sort()).toEqual(["model.pt", "tokenizer.json"]);
  });
});

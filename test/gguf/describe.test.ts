// describeModel: what it says of a sound file, and that it names each key or tensor that is missing, extra or wrong.
import { describe, expect, it } from "vitest";
import {
  describeModel,
  expectedTensors,
  keyTable,
  modelMetadata,
  qrag,
  type SecondOpinion,
} from "../../gguf/architecture.ts";
import {
  GgufError,
  type GgufErrorKind,
  type MetadataValue,
  type TensorEntry,
} from "../../gguf/format.ts";
import { parseHeader } from "../../gguf/read.ts";
import { opinionEntries } from "../../gguf/second_opinion.ts";
import { planGguf } from "../../gguf/write.ts";
import {
  decision,
  f32,
  frame,
  i32s,
  model,
  numbers,
  text,
  texts,
  u32,
  vocabulary,
} from "./tiny_model.ts";

const opinion = { embedder: "0f".repeat(32), weight: 4, centre: 0.5, within: 2 };

type Entries = Map<string, MetadataValue>;

/** Describes the model of a small file, after its metadata or its tensors were changed. */
function describeChanged(change: (metadata: Entries, tensors: Map<string, TensorEntry>) => void) {
  const metadata: Entries = new Map(modelMetadata({ ...model, vocabulary }));
  const specs = expectedTensors(qrag, model).map(
    ({ name, shape, types }): [string, TensorEntry] => [
      name,
      { name, shape, type: types.includes("Q8_0") && shape[0]! % 32 === 0 ? "Q8_0" : "F32" },
    ],
  );
  const tensors = new Map(specs);
  change(metadata, tensors);
  const { header, size } = planGguf(metadata, [...tensors.values()]);
  return describeModel(parseHeader(header, size));
}

describe("describeModel", () => {
  it("describes a whole model", () => {
    const described = describeChanged((_metadata, tensors) => {
      tensors.set("router.gate.weight", { name: "router.gate.weight", type: "F16", shape: [3] });
    });
    expect(described).toMatchObject({
      numbers,
      name: "tiny",
      architecture: "qrag",
      output: decision,
      frame,
      scripts: undefined,
      tokenizerJson: "{}",
      tiedEmbeddings: false,
      conversionReport: "{}",
    });
    expect(described.tensors.map(({ name }) => name)).toEqual(
      expectedTensors(qrag, model).map(({ name }) => name),
    );
    expect(described.router.map(({ name }) => name)).toEqual(["router.gate.weight"]);
    const [first] = described.fileTypes;
    expect(first?.type).toBe("Q8_0");
    const bytes = described.tensors.reduce((sum, { byteLength }) => sum + byteLength, 6);
    expect(described.fileTypes.reduce((sum, share) => sum + share.bytes, 0)).toBe(bytes);
  });

  it("knows the decision rows by their earlier name", () => {
    const { tensors } = describeChanged((_metadata, specs) => {
      const rows = specs.get("cls.output.weight")!;
      specs.set("cls.output.weight", { ...rows, name: "decision.weight" });
    });
    expect(tensors.map(({ name }) => name)).toContain("cls.output.weight");
  });

  it("does without the optional tensors, keys and name", () => {
    const { numbers: found, name } = describeChanged((metadata, tensors) => {
      tensors.delete("output.weight");
      tensors.delete("rope_freqs.weight");
      metadata.delete("qrag.rope.dimension_count");
      metadata.delete("general.name");
    });
    expect(found.ropeDimensionCount).toBe(numbers.keyLength);
    expect(name).toBeUndefined();
  });

  it("divides the embedding among the heads where the key length is absent", () => {
    const narrow = { ...numbers, keyLength: 16 };
    const found = describeChanged((metadata, tensors) => {
      metadata.delete("qrag.attention.key_length");
      for (const { name, shape } of expectedTensors(qrag, { ...model, numbers: narrow })) {
        tensors.set(name, { name, shape, type: "F32" });
      }
    });
    expect(found.numbers.keyLength).toBe(16);
  });

  it("refuses heads that do not divide the embedding where the key length is absent", () => {
    const describe = () =>
      describeChanged((metadata) => {
        metadata.delete("qrag.attention.key_length");
        metadata.set("qrag.attention.head_count", u32(6));
      });
    expect(describe).toThrow('"qrag.attention.key_length": is absent');
  });

  it("refuses a vocabulary over the limit", () => {
    const name = "token_embd.weight";
    const describe = () =>
      describeChanged((_metadata, tensors) => {
        tensors.set(name, { name, type: "F32", shape: [64, 2 ** 22 + 1] });
      });
    expect(describe).toThrow("has 4194305 rows");
  });

  it.each(
    keyTable(qrag)
      .filter(({ required }) => required)
      .map(({ key }) => key),
  )("asks for %s", (key) => {
    const describe = () => describeChanged((metadata) => metadata.delete(key));
    expect(describe).toThrow(`"${key}": this key is missing`);
  });

  it.each(keyTable(qrag).map(({ key }) => key))("asks for the exact type of %s", (key) => {
    const describe = () =>
      describeChanged((metadata) => metadata.set(key, { type: "u64", value: 1n }));
    expect(describe).toThrow(new RegExp(`^"${key}": must be of type .* and is of type u64`));
  });

  it.each<[string, MetadataValue, string, GgufErrorKind?]>([
    ["general.architecture", text("llama"), "qrag convert", "unsupported"],
    ["qrag.rope.scaling", f32(2), "unknown", "unsupported"],
    ["qrag.context_length", u32(0), "from 1 to"],
    ["qrag.context_length", u32(2 ** 20 + 1), "from 1 to"],
    ["qrag.embedding_length", u32(2 ** 32 - 1), "from 1 to"],
    ["qrag.block_count", u32(513), "from 1 to 512"],
    ["qrag.feed_forward_length", u32(0), "from 1 to"],
    ["qrag.attention.head_count", u32(0), "from 1 to"],
    ["qrag.attention.head_count_kv", u32(0), "from 1 to"],
    ["qrag.attention.head_count_kv", u32(3), "does not divide"],
    ["qrag.attention.head_count_kv", u32(8), "does not divide"],
    ["qrag.attention.key_length", u32(2048), "from 1 to 1024"],
    ["qrag.rope.dimension_count", u32(15), "even"],
    ["qrag.rope.dimension_count", u32(34), "at most the key length, 32"],
    ["qrag.attention.layer_norm_rms_epsilon", f32(0), "above 0"],
    ["qrag.attention.layer_norm_rms_epsilon", f32(1), "above 0 and below 1"],
    ["qrag.attention.layer_norm_rms_epsilon", f32(Number.NaN), "NaN"],
    ["qrag.rope.freq_base", f32(-1), "above 0"],
    ["qrag.rope.freq_base", f32(Number.POSITIVE_INFINITY), "Infinity"],
    ["qrag.decision.token_ids", i32s(), "3 labels for 0 tokens"],
    ["qrag.decision.token_ids", i32s(...Array(1025).keys()), "more than the 1024"],
    ["qrag.decision.token_ids", i32s(7, 8, 50), "not in the vocabulary of 50"],
    ["qrag.decision.token_ids", i32s(-1, 8, 9), "token -1 is not"],
    ["qrag.decision.token_ids", i32s(7, 7, 8), "twice"],
    ["qrag.decision.token_ids", { type: "array", of: "u32", value: [7, 8, 9] }, "i32[]"],
    ["qrag.decision.labels", texts("0", "1"), "2 labels for 3 tokens"],
    ["qrag.decision.labels", texts("0", "1", " 1"), 'must be "0" or "1"'],
    ["qrag.decision.labels", texts("1", "1", "1"), "both"],
    ["qrag.prompt.template", text("{query}"), "{passage} exactly once"],
    ["qrag.scripts", texts(), "names 0 scripts"],
    ["qrag.scripts", texts("Latin", "Klingon"), '"Klingon" is no script'],
    ["qrag.scripts", texts("Latin}|\\p{Any"), "is no script"],
    ["qrag.scripts", texts("Latin", "Latin"), "twice"],
  ])("refuses %s as %j", (key, value, message, kind = "invalid") => {
    const describe = () => describeChanged((metadata) => metadata.set(key, value));
    expect(describe).toThrow(message);
    expect(describe).toThrow(expect.objectContaining({ name: "GgufError", kind }));
    const labels = message.includes("labels for") ? "qrag.decision.labels" : key;
    expect(describe).toThrow(expect.objectContaining({ key: labels }));
  });

  it.each<[string, Partial<SecondOpinion>, string]>([
    ["embedder", { embedder: "AB".repeat(32) }, "64 hexadecimal digits"],
    ["weight", { weight: 0 }, "above 0 and below 100"],
    ["weight", { weight: Number.NaN }, "NaN"],
    ["centre", { centre: -1 }, "above -1 and below 1"],
    ["within", { within: Number.POSITIVE_INFINITY }, "Infinity"],
    ["within", { within: 1e-50 }, "is 0"],
  ])("refuses a second opinion whose %s is %j", (name, part, message) => {
    const describe = () =>
      describeChanged((metadata) => {
        for (const [key, value] of opinionEntries({ ...opinion, ...part }))
          metadata.set(key, value);
      });
    expect(describe).toThrow(message);
    expect(describe).toThrow(expect.objectContaining({ key: `qrag.opinion.${name}` }));
  });

  it("reads a second opinion, whole or not at all", () => {
    const set = (metadata: Entries) => {
      for (const [key, value] of opinionEntries(opinion)) metadata.set(key, value);
    };
    expect(describeChanged(set).secondOpinion).toEqual(opinion);
    expect(describeChanged(() => {}).secondOpinion).toBeUndefined();
    const part = (metadata: Entries) => {
      set(metadata);
      metadata.delete("qrag.opinion.centre");
    };
    expect(() => describeChanged(part)).toThrow(
      '"qrag.opinion.centre": this key is missing beside',
    );
  });

  it.each(expectedTensors(qrag, model).flatMap(({ name, required }) => (required ? [name] : [])))(
    "asks for %s",
    (name) => {
      const describe = () => describeChanged((_metadata, tensors) => tensors.delete(name));
      expect(describe).toThrow(`"${name}": this tensor is missing`);
    },
  );

  it.each<[string, Partial<TensorEntry>, string]>([
    ["blk.2.attn_q.weight", { shape: [64, 128] }, "no tensor of this name"],
    ["blk.0.attn_q.bias", { shape: [128] }, "no tensor of this name"],
    ["blk.{block}.attn_q.weight", { shape: [64, 128] }, "no tensor of this name"],
    ["blk.0.attn_q.weight", { shape: [128, 64] }, "has shape [128,64], expected [64,128]"],
    ["blk.1.ffn_down.weight", { shape: [96, 64, 1] }, "has shape"],
    ["output_norm.weight", { shape: [64], type: "F16" }, "is F16, expected F32"],
    ["cls.output.weight", { shape: [64, 3], type: "Q8_0" }, "is Q8_0, expected F32"],
    ["cls.output.weight", { shape: [64, 2] }, "expected [64,3]"],
    ["token_embd.weight", { shape: [64] }, "two dimensions"],
    ["token_embd.weight", { shape: [32, 50] }, "expected [64,50]"],
    ["rope_freqs.weight", { shape: [16] }, "expected [8]"],
  ])("refuses the tensor %s as %j", (name, spec, message) => {
    const describe = () =>
      describeChanged((_metadata, tensors) => {
        tensors.set(name, { name, type: "F32", shape: [1], ...spec });
      });
    expect(describe).toThrow(GgufError);
    expect(describe).toThrow(`"${name}": `);
    expect(describe).toThrow(message);
  });
});

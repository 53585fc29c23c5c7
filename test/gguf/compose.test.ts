// The metadata of new files: its order, its types, its refusals.
import { describe, expect, it } from "vitest";
import { modelMetadata, type NewModel } from "../../gguf/architecture.ts";
import { f32, frame, i32s, model, numbers, text, texts, u32, vocabulary } from "./tiny_model.ts";

describe("modelMetadata", () => {
  it("is in a fixed order, general entries first, the tokenizer last", () => {
    const provenance = new Map([["general.source.url", text("file:a")]]);
    expect([...modelMetadata({ ...model, vocabulary, provenance }).keys()]).toEqual([
      "general.architecture",
      "general.name",
      "general.file_type",
      "general.quantization_version",
      "qrag.context_length",
      "qrag.embedding_length",
      "qrag.block_count",
      "qrag.feed_forward_length",
      "qrag.attention.head_count",
      "qrag.attention.head_count_kv",
      "qrag.attention.key_length",
      "qrag.attention.layer_norm_rms_epsilon",
      "qrag.rope.dimension_count",
      "qrag.rope.freq_base",
      "qrag.decision.token_ids",
      "qrag.decision.labels",
      "qrag.tied_embeddings",
      "qrag.prompt.system",
      "qrag.prompt.template",
      "qrag.conversion.report",
      "general.source.url",
      "tokenizer.ggml.model",
      "tokenizer.huggingface.json",
    ]);
  });

  it("refuses what describeModel would refuse, and entries that replace others", () => {
    const odd = { ...numbers, ropeDimensionCount: 15 };
    expect(() => modelMetadata({ ...model, numbers: odd })).toThrow("rope.dimension_count");
    const provenance = (key: string) => new Map([[key, text("x")]]);
    expect(() => modelMetadata({ ...model, provenance: provenance("general.name") })).toThrow(
      '"general.name": two entries',
    );
    expect(() => modelMetadata({ ...model, provenance: provenance("qrag.made_by") })).toThrow(
      '"qrag.made_by": this key is unknown',
    );
  });

  it("names the scripts and languages a model reads, before the report", () => {
    const scripts = ["Latin", "Greek"];
    const metadata = modelMetadata({ ...model, scripts, languages: ["en"] });
    expect(metadata.get("qrag.scripts")).toEqual(texts(...scripts));
    expect(metadata.get("general.languages")).toEqual(texts("en"));
    const keys = [...metadata.keys()];
    expect(keys.indexOf("qrag.scripts")).toBe(keys.indexOf("qrag.conversion.report") - 1);
  });
});

describe("the metadata of a gate with a second opinion", () => {
  it("says whose it is and how far it counts", () => {
    const secondOpinion = { embedder: "0f".repeat(32), weight: 4, centre: 0.5, within: 2 };
    const metadata = modelMetadata({ ...model, secondOpinion });
    expect(metadata.get("qrag.opinion.embedder")).toEqual(text(secondOpinion.embedder));
    expect(metadata.get("qrag.opinion.within")).toEqual(f32(2));
    const wrong = { ...secondOpinion, weight: -1 };
    expect(() => modelMetadata({ ...model, secondOpinion: wrong })).toThrow("qrag.opinion.weight");
  });
});

describe("the metadata of a llama file", () => {
  const whole = { ...numbers, ropeDimensionCount: 32 };

  const gate: NewModel = {
    ...model,
    ...{ architecture: "llama", numbers: whole, fileType: "F16", vocabulary },
  };

  it("has llama.cpp's keys with llama.cpp's types, and the gate's own", () => {
    expect(Object.fromEntries(modelMetadata(gate))).toEqual({
      "general.architecture": text("llama"),
      "general.name": text("tiny"),
      "general.file_type": u32(1),
      "general.quantization_version": u32(2),
      "llama.context_length": u32(128),
      "llama.embedding_length": u32(64),
      "llama.block_count": u32(2),
      "llama.feed_forward_length": u32(96),
      "llama.attention.head_count": u32(4),
      "llama.attention.head_count_kv": u32(2),
      "llama.attention.key_length": u32(32),
      "llama.attention.value_length": u32(32),
      "llama.attention.layer_norm_rms_epsilon": f32(Math.fround(1e-5)),
      "llama.rope.dimension_count": u32(32),
      "llama.rope.freq_base": f32(10_000),
      "llama.vocab_size": u32(50),
      "qrag.decision.token_ids": i32s(7, 8, 49),
      "qrag.decision.labels": texts("0", "1", "1"),
      "qrag.tied_embeddings": { type: "bool", value: false },
      "qrag.prompt.system": text(frame.system),
      "qrag.prompt.template": text(frame.template),
      "qrag.conversion.report": text("{}"),
      "tokenizer.ggml.model": text("gpt2"),
      "tokenizer.huggingface.json": text("{}"),
    });
  });

  it("refuses a partly turned head, which llama.cpp's llama cannot have", () => {
    expect(() => modelMetadata({ ...gate, numbers })).toThrow("no llama layout");
  });
});

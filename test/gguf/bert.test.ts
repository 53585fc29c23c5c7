// The architecture "bert": what a file says of itself, and each key or tensor that is missing, extra or wrong.
import { describe, expect, it } from "vitest";
import {
  bert,
  expectedTensors,
  keyTable,
  modelMetadata,
  type NewModel,
} from "../../gguf/architecture.ts";
import { GgufError, type MetadataValue, type TensorEntry } from "../../gguf/format.ts";
import { type Change, classifier, described, embedder } from "./tiny_bert.ts";
import { f32, text, texts, u32 } from "./tiny_model.ts";

const bool = (value: boolean): MetadataValue => ({ type: "bool", value });

describe("a bert file", () => {
  it.each([
    ["for vectors", embedder],
    ["with one label", classifier("x")],
    ["with two", classifier("no", "yes")],
  ])("%s is described as it was composed", (_name, model) => {
    const { fileType, ...rest } = model;
    expect(described(model)).toMatchObject(rest);
    expect(described(model).fileTypes[0]?.type).toBe(fileType);
  });

  it("has a second opinion in a gate, and none where it gives vectors", () => {
    const secondOpinion = { embedder: "0f".repeat(32), weight: 4, centre: 0.5, within: 2 };
    const gate = { ...classifier("no", "yes"), secondOpinion };
    expect(described(gate).secondOpinion).toEqual(secondOpinion);
    expect(() => described({ ...embedder, secondOpinion })).toThrow("belongs to a gate");
  });

  it("has llama.cpp's keys first, with its types, and ours behind them", () => {
    const keys = (model: NewModel) =>
      [...modelMetadata(model)].map(([key, { type }]) => `${key} ${type}`);
    const numbers = [
      "bert.context_length u32",
      "bert.embedding_length u32",
      "bert.block_count u32",
      "bert.feed_forward_length u32",
      "bert.attention.head_count u32",
      "bert.attention.layer_norm_epsilon f32",
      "tokenizer.ggml.token_type_count u32",
      "bert.attention.causal bool",
      "bert.pooling_type u32",
    ];
    const ends = [
      "qrag.scripts array",
      "qrag.conversion.report string",
      "tokenizer.huggingface.json string",
    ];
    expect(keys(embedder).slice(4)).toEqual([
      ...numbers,
      "qrag.frame.query string",
      "qrag.frame.passage string",
      "qrag.output.normalize bool",
      ...ends,
    ]);
    expect(keys(classifier("x")).slice(4)).toEqual([
      ...numbers,
      "bert.classifier.output_labels array",
      ...ends,
    ]);
  });

  it("does without prefixes", () => {
    const { frame } = described(embedder, (metadata) => {
      metadata.delete("qrag.frame.query");
      metadata.delete("qrag.frame.passage");
    });
    expect(frame).toEqual({ kind: "text", query: "", passage: "" });
  });

  it("keeps what it cannot have out of a new file, too", () => {
    const last = {
      ...embedder,
      output: { kind: "vector", pooling: "last", normalize: true },
    } as const;
    expect(() => modelMetadata(last)).toThrow(TypeError);
    expect(() => modelMetadata({ ...embedder, frame: { kind: "pair" } })).toThrow(TypeError);
    expect(() => modelMetadata(classifier("a", "b", "c"))).toThrow("3 labels");
  });

  it.each(
    keyTable(bert)
      .filter(({ required }) => required)
      .map(({ key }) => key),
  )("asks for %s", (key) => {
    expect(() => described(embedder, (metadata) => metadata.delete(key))).toThrow(
      `"${key}": this key is missing`,
    );
  });

  const values: [string, MetadataValue | undefined, string, NewModel?][] = [
    ["bert.rope.freq_base", f32(1), "unknown"],
    ["bert.attention.head_count", u32(3), "3 heads do not divide the embedding length 64"],
    ["bert.attention.head_count", u32(0), "from 1 to 1024"],
    ["bert.context_length", u32(2 ** 20 + 1), "from 1 to"],
    ["bert.attention.layer_norm_epsilon", f32(0), "above 0"],
    ["tokenizer.ggml.token_type_count", u32(17), "from 1 to 16"],
    ["bert.attention.causal", bool(true), "expected false"],
    ["bert.pooling_type", u32(3), "1 (mean), 2 (cls) and 4 (rank)"],
    ["bert.pooling_type", u32(4), "belongs to a model for vectors"],
    ["bert.classifier.output_labels", texts("x"), "belongs to a classifier"],
    ["qrag.output.normalize", undefined, "is missing"],
    ["qrag.frame.query", text("x".repeat(5000)), "longer than 4096"],
    ["qrag.scripts", texts("Klingon"), "no script"],
    ["bert.classifier.output_labels", undefined, "is missing", classifier("x")],
    ["bert.classifier.output_labels", texts(), "has 0 labels", classifier("x")],
    ["bert.classifier.output_labels", texts("a", "b", "c"), "has 3 labels", classifier("x")],
    ["qrag.output.normalize", bool(true), "belongs to a model for vectors", classifier("x")],
    ["bert.pooling_type", u32(1), "belongs to a classifier", classifier("x")],
  ];
  it.each(values)("refuses %s as %j: %s", (key, value, message, model = embedder) => {
    const describe = () =>
      described(model, (metadata) => {
        if (value === undefined) metadata.delete(key);
        else metadata.set(key, value);
      });
    expect(describe).toThrow(GgufError);
    expect(describe).toThrow(message);
  });

  it.each(expectedTensors(bert, classifier("x")).map(({ name }) => name))("asks for %s", (name) => {
    const without: Change = (_metadata, tensors) => tensors.delete(name);
    expect(() => described(classifier("x"), without)).toThrow(`"${name}": this tensor is missing`);
  });

  const tensors: [string, Partial<TensorEntry>, string, NewModel?][] = [
    ["cls.output.weight", { shape: [64, 2] }, "expected [64,1]", classifier("x")],
    ["cls.output.bias", { shape: [2] }, "expected [1]", classifier("x")],
    ["cls.weight", { shape: [64, 64], type: "Q8_0" }, "is Q8_0, expected F32", classifier("x")],
    ["cls.weight", { shape: [64, 64] }, "no tensor of this name"],
    ["cls.output.weight", { shape: [64, 1] }, "no tensor of this name"],
    ["position_embd.weight", { shape: [64, 64] }, "expected [64,48]"],
    ["position_embd.weight", { shape: [64, 48], type: "F16" }, "is F16"],
    ["token_types.weight", { shape: [64, 1] }, "expected [64,2]"],
    ["blk.1.attn_q.bias", { shape: [32] }, "expected [64]"],
    ["blk.1.ffn_up.weight", { shape: [96, 64] }, "expected [64,96]"],
    ["blk.0.ffn_gate.weight", { shape: [64, 96] }, "no tensor of this name"],
    ["blk.2.attn_q.bias", { shape: [64] }, "no tensor of this name"],
    ["output_norm.weight", { shape: [64] }, "no tensor of this name"],
  ];
  it.each(tensors)("refuses the tensor %s as %j", (name, entry, message, model = embedder) => {
    const describe = () =>
      described(model, (_metadata, specs) => {
        specs.set(name, { name, type: "F32", shape: [1], ...entry });
      });
    expect(describe).toThrow(GgufError);
    expect(describe).toThrow(`"${name}": ${message.startsWith("no") ? message : ""}`);
    expect(describe).toThrow(message);
  });
});

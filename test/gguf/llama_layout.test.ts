// The architecture "llama": a file of the converter's own, with the gate's keys, for llama.cpp.
import { expect, it } from "vitest";
import {
  architectures,
  describeModel,
  expectedTensors,
  llama,
  modelMetadata,
  type NewModel,
} from "../../gguf/architecture.ts";
import type { MetadataValue, TensorEntry } from "../../gguf/format.ts";
import { parseHeader } from "../../gguf/read.ts";
import { planGguf } from "../../gguf/write.ts";
import { model as partly, text, vocabulary } from "./tiny_model.ts";

const numbers = { ...partly.numbers, ropeDimensionCount: partly.numbers.keyLength };
const model: NewModel = { ...partly, architecture: "llama", numbers, vocabulary };

function llamaFile(
  change: (
    metadata: Map<string, MetadataValue>,
    tensors: Map<string, TensorEntry>,
  ) => void = () => {},
) {
  const metadata = new Map(modelMetadata(model));
  const specs = expectedTensors(llama, model).map(({ name, shape }): [string, TensorEntry] => [
    name,
    { name, shape, type: "F32" },
  ]);
  const tensors = new Map(specs);
  change(metadata, tensors);
  const { header, size } = planGguf(metadata, [...tensors.values()]);
  return parseHeader(header, size);
}

it("is described as it was composed", () => {
  const { architecture, output, frame, tokenizerJson } = model;
  expect(describeModel(llamaFile(), architectures)).toMatchObject({
    ...{ architecture, numbers, output, frame, tokenizerJson },
    name: "tiny",
  });
});

it("asks for the gate's own keys, for sizes that fit, and for the head unless it is tied", () => {
  const broken = (change: Parameters<typeof llamaFile>[0]) => () =>
    describeModel(llamaFile(change), architectures);
  expect(broken((metadata) => metadata.delete("qrag.decision.labels"))).toThrow("is missing");
  expect(broken((metadata) => metadata.delete("llama.block_count"))).toThrow("block_count");
  const scaled = text("linear");
  expect(broken((metadata) => metadata.set("llama.rope.scaling.type", scaled))).toThrow("unknown");
  const headless = (metadata: Map<string, MetadataValue>, tied: boolean) =>
    metadata.set("qrag.tied_embeddings", { type: "bool", value: tied });
  for (const tied of [true, false]) {
    const change = broken((metadata, tensors) => {
      headless(metadata, tied);
      tensors.delete("output.weight");
    });
    if (tied) expect(change).not.toThrow();
    else expect(change).toThrow('"output.weight": this tensor is missing');
  }
  const routed = broken((_metadata, tensors) => {
    tensors.set("cls.output.weight", { name: "cls.output.weight", type: "F32", shape: [64, 3] });
  });
  expect(routed).toThrow("no tensor of this name");
});

it("is known only to those who ask for it, and no other is", () => {
  expect(() => describeModel(llamaFile())).toThrow('"llama", not qrag');
  const other = llamaFile((metadata) => metadata.set("general.architecture", text("qwen3")));
  expect(() => describeModel(other, architectures)).toThrow('"qwen3", not qrag, bert or llama');
});

// describeLlamaModel: the model in a `llama` file, which must be one of the converter's own.
import { expect, it } from "vitest";
import {
  describeLlamaModel,
  expectedTensors,
  isLlamaLayout,
  llamaMetadata,
} from "../../gguf/architecture.ts";
import type { MetadataValue, TensorSpec } from "../../gguf/format.ts";
import { parseHeader } from "../../gguf/read.ts";
import { planGguf } from "../../gguf/write.ts";
import { model, numbers as partly, text, vocabulary } from "./tiny_model.ts";

const numbers = { ...partly, ropeDimensionCount: partly.keyLength };

function llamaFile(
  change: (
    metadata: Map<string, MetadataValue>,
    tensors: Map<string, TensorSpec>,
  ) => void = () => {},
) {
  const metadata = new Map(llamaMetadata({ ...model, numbers, vocabulary }));
  const specs = expectedTensors(numbers)
    .filter(({ name }) => name !== "cls.output.weight")
    .map(({ name, shape }): [string, TensorSpec] => [name, { name, shape, type: "F32" }]);
  const tensors = new Map(specs);
  change(metadata, tensors);
  const { header, size } = planGguf(metadata, [...tensors.values()]);
  return parseHeader(header, size);
}

it("describes what the converter wrote", () => {
  expect(isLlamaLayout(llamaFile())).toBe(true);
  const { prompt, decision, tokenizerJson } = model;
  expect(describeLlamaModel(llamaFile())).toMatchObject({
    numbers,
    name: "tiny",
    prompt,
    decision,
    tokenizerJson,
  });
});

it("asks for the gate's own keys, for sizes that fit, and for the head unless it is tied", () => {
  const broken = (change: Parameters<typeof llamaFile>[0]) => () =>
    describeLlamaModel(llamaFile(change));
  expect(broken((metadata) => metadata.delete("qrag.decision.labels"))).toThrow("is missing");
  expect(broken((metadata) => metadata.delete("llama.block_count"))).toThrow("block_count");
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

it("is not fooled by another architecture", () => {
  const other = llamaFile((metadata) => metadata.set("general.architecture", text("qwen3")));
  expect(isLlamaLayout(other)).toBe(false);
});

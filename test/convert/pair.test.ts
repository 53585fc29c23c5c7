// Q-RAG's pairs: each half becomes a file of its own, whose vectors are what that project's code computes.
import { afterAll, describe, expect, it } from "vitest";
import { loadEmbedder } from "../../src/load_embedder.ts";
import { codeOf } from "../src/fakes.ts";
import {
  bertTensors,
  embedderFiles,
  type Files,
  Folders,
  matrix,
  modules,
  type Tensors,
} from "./bert_folder.ts";
import { asSafetensors, asTorch } from "./model_builder.ts";

const folders = new Folders();
afterAll(() => folders.remove());

const states = bertTensors();
/** Other weights than the states'. */
const actions: Tensors = new Map(
  [...states].map(([name, { shape, values }]) => [name, { shape, values: values.map((v) => -v) }]),
);

function pairTensors(): Tensors {
  const tensors: Tensors = new Map();
  // The encoder of actions is wrapped once more than that of states.
  for (const [prefix, half] of [
    ["state_embed.", states],
    ["action_embed.model.", actions],
  ] as const) {
    for (const [name, tensor] of half) tensors.set(`${prefix}model.${name}`, tensor);
    tensors.set(`${prefix}head.weight`, matrix(8, 32)).set(`${prefix}head.bias`, matrix(8));
    tensors.set(`${prefix}cls_token`, matrix(1)).set(`${prefix}sep_token`, matrix(1));
  }
  return tensors;
}

const { "config.json": config, "tokenizer.json": tokenizer } = embedderFiles();
const pairFiles = (tensors = pairTensors()): Files => ({
  "config.json": config,
  "tokenizer.json": tokenizer,
  "model_best.pt": asTorch(tensors, {}, "critic"),
});
const texts = ["the river", "a town [SEP] by the river"];

async function vectorsOf(path: string): Promise<Float32Array[]> {
  const embedder = await loadEmbedder(path, { threads: 1 });
  try {
    return await embedder.embed(texts);
  } finally {
    await embedder.dispose();
  }
}

describe("a pair of encoders", () => {
  it.each([
    ["state", states],
    ["action", actions],
  ] as const)("gives its encoder of %ss, divided by 10", async (encoder, half) => {
    const { output, report } = await folders.convert(pairFiles(), { encoder });
    expect(report.model).toMatchObject({
      output: { kind: "vector", pooling: "mean", normalize: false },
      frame: { kind: "text", query: "", passage: "" },
    });
    const dropped = report.dropped.map(({ name }) => name.replace(/^(model\.)+/, "")).sort();
    const unused = ["cls_token", "head.bias", "head.weight", "pooler.dense.bias"];
    expect(dropped).toEqual([...unused, "pooler.dense.weight", "sep_token"]);
    expect(report.notes.join("\n")).toContain("divided by 10");
    const plain = await folders.convert({
      ...embedderFiles(),
      "model.safetensors": asSafetensors(half),
      "modules.json": modules("Transformer", "Pooling"),
    });
    const [found, whole] = [await vectorsOf(output), await vectorsOf(plain.output)];
    for (const [row, vector] of found.entries()) {
      for (const [index, value] of vector.entries()) {
        expect(value).toBeCloseTo(whole[row]![index]! / 10, 5);
      }
    }
    expect(found[0]!.some((value) => Math.abs(value) > 0.001)).toBe(true);
  });

  it("may name its halves otherwise, in a file of another format", async () => {
    const renamed = [...pairTensors()].map(([name, tensor]) => {
      return [name.replace("_embed.", "_encoder."), tensor] as const;
    });
    const files = {
      ...{ "config.json": config, "tokenizer.json": tokenizer },
      "model.safetensors": asSafetensors(new Map(renamed)),
    };
    const { report } = await folders.convert(files, { encoder: "action" });
    expect(report.model.output).toMatchObject({ pooling: "mean", normalize: false });
  });

  it("loses the rotation by places, and says so", async () => {
    const tensors = pairTensors().set("action_embed.rotary_emb.freqs", matrix(8));
    const { report } = await folders.convert(pairFiles(tensors), { encoder: "action" });
    expect(report.notes.join("\n")).toContain("rotation");
    expect(report.dropped).toContainEqual({
      name: "rotary_emb.freqs",
      reason: expect.stringContaining("no places"),
    });
  });

  it("is refused without a word on the half, and the word without a pair", async () => {
    await expect(folders.convert(pairFiles())).rejects.toThrow(/--encoder state/);
    expect(await codeOf(folders.convert(pairFiles()))).toBe("CHECKPOINT_UNMAPPED");
    expect(await codeOf(folders.convert(embedderFiles(), { encoder: "state" }))).toBe(
      "INPUT_INVALID",
    );
  });
});

// node-llama-cpp's prebuilt engine on our own files of encoders, through its embedding and its ranking context.
import type { LlamaModel } from "node-llama-cpp";
import type { Purpose } from "../encoders/shape.ts";
import { unit } from "../onnx/encoder_session.ts";
import type { Contender } from "./contender.ts";
import { loadLlama } from "./node_llama_cpp.ts";

export async function openLlamaEncoder(
  path: string,
  purpose: Purpose,
  threads: number,
): Promise<Contender> {
  const { llama, model } = await loadLlama(path);
  const settings = { contextSize: Math.min(512, model.trainContextSize ?? 512), threads };
  const answer =
    "labels" in purpose ? await ranking(model, settings) : await embedding(model, settings);
  return { build: "prebuilt", answer, close: () => llama.dispose() };
}

type Settings = { contextSize: number; threads: number };

async function embedding(model: LlamaModel, settings: Settings): Promise<Contender["answer"]> {
  const context = await model.createEmbeddingContext(settings);
  return async ({ passages }) => {
    const vectors: Float32Array[] = [];
    for (const passage of passages) {
      const { vector } = await context.getEmbeddingFor(passage);
      vectors.push(unit(Float32Array.from(vector)));
    }
    return vectors;
  };
}

async function ranking(model: LlamaModel, settings: Settings): Promise<Contender["answer"]> {
  const context = await model.createRankingContext(settings);
  return async ({ query, passages }) => {
    const scores = await context.rankAll(query, [...passages]);
    return scores.map((score) => Math.log(score / (1 - score)));
  };
}

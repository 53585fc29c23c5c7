// Ours, through the public API: text in, verdicts or vectors out.
import { loadEmbedder, loadGate } from "../../src/index.ts";
import type { Contender } from "./contender.ts";

/** `kernels`: one of the addon's kernel sets, "reference", or "" for what is best here. */
export async function openGate(path: string, threads: number, kernels: string): Promise<Contender> {
  const gate = await loadGate(path, { threads, engine: engineFor(kernels) });
  return {
    build: gate.info.device,
    async answer({ query, passages }) {
      return (await gate.judgeAll(query, passages)).map(({ margin }) => margin);
    },
    close: () => gate.dispose(),
  };
}

export async function openEmbedder(
  path: string,
  threads: number,
  kernels: string,
): Promise<Contender> {
  const embedder = await loadEmbedder(path, { threads, engine: engineFor(kernels) });
  return {
    build: embedder.info.device,
    answer: ({ passages }) => embedder.embed(passages),
    close: () => embedder.dispose(),
  };
}

function engineFor(kernels: string): "fast" | "reference" {
  if (kernels === "reference") return "reference";
  if (kernels) process.env.QRAG_CPU = kernels;
  return "fast";
}

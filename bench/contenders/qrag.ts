// Ours, through the public API: text in, verdicts out.
import { loadGate } from "../../src/index.ts";
import type { Contender } from "./contender.ts";

/** `kernels`: one of the addon's kernel sets, "reference", or "" for what is best here. */
export async function openQrag(path: string, threads: number, kernels: string): Promise<Contender> {
  const reference = kernels === "reference";
  if (!reference && kernels) process.env.QRAG_CPU = kernels;
  const gate = await loadGate(path, { threads, engine: reference ? "reference" : "fast" });
  return {
    build: gate.info.device,
    async judge({ query, passages }) {
      return (await gate.judgeAll(query, passages)).map(({ margin }) => margin);
    },
    close: () => gate.dispose(),
  };
}

// How a loaded model computes, and how many weights it has.
import { decisionTensor, type ModelDescription } from "../../gguf/architecture.ts";
import type { NativeModel } from "../../native/contract.ts";
import { addon } from "../../native/loader.ts";

/** QRAG_CPU forces a kernel set, to test or to compare it; empty means the best that this machine runs. */
export function kernelsFor(engine: "fast" | "reference"): string {
  return engine === "reference" ? engine : (process.env.QRAG_CPU ?? "");
}

/** Which of the two engines computes, and with which instructions. */
export function computing({ kernels }: Pick<NativeModel, "kernels">): {
  engine: "fast" | "reference";
  device: string;
} {
  return kernels === "reference"
    ? { engine: "reference", device: addon().version().instructionSet }
    : { engine: "fast", device: kernels };
}

/** Weights in all; the decision rows are a copy out of the head, and count for none. */
export function parametersOf({ output, tensors }: ModelDescription): number {
  const copied = output.kind === "decision" ? decisionTensor : undefined;
  return tensors
    .filter(({ name }) => name !== copied)
    .reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
}

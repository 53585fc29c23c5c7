// The keys of an early exit in a gate's file.
import {
  type EarlyExit,
  type Entry,
  type Hyperparameters,
  type KeyRow,
  type KeyValues,
  type Output,
  refuse,
} from "./architectures/architecture.ts";

const keys = {
  block: "qrag.exit.block",
  below: "qrag.exit.below",
  weight: "qrag.exit.weight",
  bias: "qrag.exit.bias",
} as const;

export const exitKeys: readonly KeyRow[] = [
  { key: keys.block, type: "u32", required: false },
  { key: keys.below, type: "f32", required: false },
  { key: keys.weight, type: "f32[]", required: false },
  { key: keys.bias, type: "f32", required: false },
];

/** All of it or nothing is in a file, and only in a classifier's. */
export function readExit(
  values: KeyValues,
  { kind }: Output,
  numbers: Hyperparameters,
): EarlyExit | undefined {
  const found = Object.values(keys).filter((key) => values.has(key));
  if (found.length === 0) return undefined;
  const missing = Object.values(keys).find((key) => !values.has(key));
  if (missing) refuse(missing, `this key is missing beside ${found[0]}`);
  if (kind !== "labels") refuse(keys.block, "belongs to a classifier, and this model is none");
  const exit = {
    block: values.get(keys.block) as number,
    below: values.get(keys.below) as number,
    weight: Float32Array.from(values.get(keys.weight) as readonly number[]),
    bias: values.get(keys.bias) as number,
  };
  checkExit(exit, numbers);
  return exit;
}

export function checkExit(
  { block, below, weight, bias }: EarlyExit,
  { blockCount, embeddingLength }: Pick<Hyperparameters, "blockCount" | "embeddingLength">,
): void {
  if (!Number.isInteger(block) || block < 1 || block >= blockCount) {
    refuse(keys.block, `is ${block}, expected a whole number above 0 and below ${blockCount}`);
  }
  if (weight.length !== embeddingLength) {
    refuse(keys.weight, `has ${weight.length} numbers, expected ${embeddingLength}`);
  }
  if (!weight.every(Number.isFinite)) refuse(keys.weight, "holds a number that is not finite");
  // As a file holds them.
  const [line, offset] = [Math.fround(below), Math.fround(bias)];
  if (!Number.isFinite(offset)) refuse(keys.bias, `is ${bias}, expected a finite number`);
  // At 0 or above, it would say of relevant passages that they are not.
  if (!(line < 0 && Number.isFinite(line))) {
    refuse(keys.below, `is ${line}, expected a finite number below 0`);
  }
}

export function exitEntries(exit: EarlyExit | undefined): Entry[] {
  if (!exit) return [];
  return [
    [keys.block, { type: "u32", value: exit.block }],
    [keys.below, { type: "f32", value: exit.below }],
    [keys.weight, { type: "array", of: "f32", value: Array.from(exit.weight) }],
    [keys.bias, { type: "f32", value: exit.bias }],
  ];
}

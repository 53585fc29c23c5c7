// The keys of an early exit in a gate's file.
import {
  type EarlyExit,
  type Entry,
  type Hyperparameters,
  hasAll,
  type KeyRow,
  type KeyValues,
  type Output,
  refuse,
  type SecondOpinion,
} from "./architectures/architecture.ts";

const keys = {
  blocks: "qrag.exit.blocks",
  below: "qrag.exit.below",
  weight: "qrag.exit.weight",
  bias: "qrag.exit.bias",
} as const;

export const exitKeys: readonly KeyRow[] = [
  { key: keys.blocks, type: "u32", required: false },
  { key: keys.below, type: "f32", required: false },
  { key: keys.weight, type: "f32[]", required: false },
  { key: keys.bias, type: "f32", required: false },
];

/** All of it or nothing is in a file, and only in a classifier's. */
export function readExit(
  values: KeyValues,
  { kind }: Output,
  numbers: Hyperparameters,
  opinion: SecondOpinion | undefined,
): EarlyExit | undefined {
  if (!hasAll(values, Object.values(keys))) return undefined;
  if (kind !== "labels") refuse(keys.blocks, "belongs to a classifier, and this model is none");
  const exit = {
    blocks: values.get(keys.blocks) as number,
    below: values.get(keys.below) as number,
    weight: Float32Array.from(values.get(keys.weight) as readonly number[]),
    bias: values.get(keys.bias) as number,
  };
  checkExit(exit, numbers, opinion);
  return exit;
}

export function checkExit(
  { blocks, below, weight, bias }: EarlyExit,
  { blockCount, embeddingLength }: Pick<Hyperparameters, "blockCount" | "embeddingLength">,
  opinion: SecondOpinion | undefined,
): void {
  if (!Number.isInteger(blocks) || blocks < 1 || blocks >= blockCount) {
    refuse(keys.blocks, `is ${blocks}, expected a whole number above 0 and below ${blockCount}`);
  }
  if (weight.length !== embeddingLength) {
    refuse(keys.weight, `has ${weight.length} numbers, expected ${embeddingLength}`);
  }
  if (!weight.every(Number.isFinite)) refuse(keys.weight, "holds a number that is not finite");
  // As a file holds them.
  const [b, most] = [Math.fround(bias), Math.fround(below)];
  if (!Number.isFinite(b)) refuse(keys.bias, `is ${b}, expected a finite number`);
  // At 0 or above, it would say of relevant passages that they are not.
  if (!(most < 0 && Number.isFinite(most))) {
    refuse(keys.below, `is ${most}, expected a finite number below 0`);
  }
  // An uncertain margin is not guessed.
  if (opinion && most > -Math.fround(opinion.within)) {
    refuse(keys.below, `is ${most}, nearer to 0 than the second opinion's ${opinion.within}`);
  }
}

export function exitEntries(exit: EarlyExit | undefined): Entry[] {
  if (!exit) return [];
  return [
    [keys.blocks, { type: "u32", value: exit.blocks }],
    [keys.below, { type: "f32", value: exit.below }],
    [keys.weight, { type: "array", of: "f32", value: Array.from(exit.weight) }],
    [keys.bias, { type: "f32", value: exit.bias }],
  ];
}

// The keys of a second opinion in a gate's file.
import {
  type Entry,
  hasAll,
  type KeyRow,
  type KeyValues,
  type Output,
  refuse,
  type SecondOpinion,
} from "./architectures/architecture.ts";

const keys = {
  embedder: "qrag.opinion.embedder",
  weight: "qrag.opinion.weight",
  centre: "qrag.opinion.centre",
  within: "qrag.opinion.within",
} as const;
const names = ["weight", "centre", "within"] as const;

/** Larger numbers are mistakes: margins of trained models lie between -20 and 20. */
const ranges = { weight: [0, 100], centre: [-1, 1], within: [0, 100] } as const;

export const opinionKeys: readonly KeyRow[] = [
  { key: keys.embedder, type: "string", required: false },
  ...names.map((name): KeyRow => ({ key: keys[name], type: "f32", required: false })),
];

/** All of it or nothing is in a file, and only in a gate's. */
export function readOpinion(values: KeyValues, { kind }: Output): SecondOpinion | undefined {
  if (!hasAll(values, Object.values(keys))) return undefined;
  if (kind === "vector") refuse(keys.embedder, "belongs to a gate, and this model gives vectors");
  const opinion = {
    embedder: values.get(keys.embedder) as string,
    weight: values.get(keys.weight) as number,
    centre: values.get(keys.centre) as number,
    within: values.get(keys.within) as number,
  };
  checkOpinion(opinion);
  return opinion;
}

export function checkOpinion(opinion: SecondOpinion): void {
  if (!/^[0-9a-f]{64}$/.test(opinion.embedder)) {
    refuse(keys.embedder, "must be the 64 hexadecimal digits of a SHA-256");
  }
  for (const name of names) {
    const [least, most] = ranges[name];
    // As a file holds it.
    const value = Math.fround(opinion[name]);
    // Written so that a NaN fails.
    if (value > least && value < most) continue;
    refuse(keys[name], `is ${value}, expected a number above ${least} and below ${most}`);
  }
}

export function opinionEntries(opinion: SecondOpinion | undefined): Entry[] {
  if (!opinion) return [];
  return [
    [keys.embedder, { type: "string", value: opinion.embedder }],
    ...names.map((name): Entry => [keys[name], { type: "f32", value: opinion[name] }]),
  ];
}

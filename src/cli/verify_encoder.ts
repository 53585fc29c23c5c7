// What `qrag verify` checks of an encoder: whether its two engines agree, and whether it tells answers from other passages.
import type { LabelledRow } from "../../base/labelled_row.ts";
import type { Output } from "../../gguf/architecture.ts";
import { similarity } from "../embedder.ts";
import { loadEmbedder } from "../load_embedder.ts";
import type { Verdict } from "../verdict.ts";
import type { Io } from "./io.ts";
import { table } from "./output.ts";
import { builtInPairs, cardExamples } from "./pairs.ts";

/** A pair with what the model makes of it: the margin, or the similarity of the two vectors. */
export interface ScoredPair extends LabelledRow {
  readonly score: number;
}

export interface EncoderChecks {
  readonly examples: readonly ScoredPair[];
  /** Built-in queries, and how many of them are nearer to their own answer than to another one's. */
  readonly queries: { readonly count: number; readonly right: number };
  /** Labelled rows whose margin says what the label says; undefined when none were given. */
  readonly rows: { readonly count: number; readonly right: number } | undefined;
  /** Pairs that are refused before a model is asked; no engine has an opinion of them. */
  readonly refused: number;
  /** How far the fast engine is from the reference: the largest difference of a margin, or the least cosine of a vector. */
  readonly engines: { readonly largestDifference: number } | { readonly leastCosine: number };
}

/** What is near enough: int8 changes a vector's direction by less, and a margin by less than what divides verdicts. */
const limits = { largestDifference: 0.5, leastCosine: 0.98 };

const engineNames = ["reference", "fast"] as const;

export async function checkEncoder(
  io: Io,
  path: string | undefined,
  output: Output,
  { threads, rows }: { threads: number | undefined; rows: readonly LabelledRow[] | undefined },
): Promise<EncoderChecks> {
  const pairs = [...cardExamples, ...builtInPairs, ...(rows ?? [])];
  const score = output.kind === "vector" ? byVectors : byMargins;
  const { scores, refused, engines } = await score(io, path, pairs, threads);
  const scored = pairs.map((pair, index) => ({ ...pair, score: scores[index]! }));
  const builtIn = scored.slice(cardExamples.length, cardExamples.length + builtInPairs.length);
  const answers = builtIn.filter(({ label }) => label === 1);
  const others = builtIn.filter(({ label }) => label === 0);
  const labelled = scored.slice(cardExamples.length + builtInPairs.length);
  return {
    examples: scored.slice(0, cardExamples.length),
    queries: {
      count: answers.length,
      right: answers.filter(({ score }, index) => score > others[index]!.score).length,
    },
    rows: rows && {
      count: labelled.length,
      right: labelled.filter(({ score, label }) => score > 0 === (label === 1)).length,
    },
    refused,
    engines,
  };
}

type Pairs = readonly LabelledRow[];

async function byMargins(io: Io, path: string | undefined, pairs: Pairs, threads?: number) {
  const verdicts: Verdict[][] = [];
  for (const engine of engineNames) {
    const gate = await io.loadGate(path, {
      threads,
      engine,
      embedder: false,
      earlyExit: false,
      signal: io.signal,
    });
    try {
      const judged = pairs.map(({ query, passage }) =>
        gate.judge(query, passage, { signal: io.signal }),
      );
      verdicts.push(await Promise.all(judged));
    } finally {
      await gate.dispose();
    }
  }
  const [reference, fast] = verdicts as [Verdict[], Verdict[]];
  const differences = reference.flatMap(({ margin, reason }, index) =>
    reason === undefined ? [Math.abs(margin - fast[index]!.margin)] : [],
  );
  return {
    scores: reference.map(({ margin }) => margin),
    refused: pairs.length - differences.length,
    // Of any number of pairs: more than a call takes as arguments.
    engines: { largestDifference: differences.reduce((a, b) => Math.max(a, b), 0) },
  };
}

async function byVectors(io: Io, path: string | undefined, pairs: Pairs, threads?: number) {
  const vectors: Float32Array[][] = [];
  for (const engine of engineNames) {
    const embedder = await loadEmbedder(path, { threads, engine, signal: io.signal });
    try {
      const options = { signal: io.signal };
      const queries = pairs.map(({ query }) => query);
      const passages = pairs.map(({ passage }) => passage);
      vectors.push([
        ...(await embedder.embed(queries, { ...options, as: "query" })),
        ...(await embedder.embed(passages, { ...options, as: "passage" })),
      ]);
    } finally {
      await embedder.dispose();
    }
  }
  const [reference, fast] = vectors as [Float32Array[], Float32Array[]];
  const cosines = reference.map((vector, index) => similarity(vector, fast[index]!));
  return {
    scores: pairs.map((_, index) =>
      similarity(reference[index]!, reference[pairs.length + index]!),
    ),
    refused: 0,
    engines: { leastCosine: cosines.reduce((a, b) => Math.min(a, b)) },
  };
}

export function encoderHolds({ queries, engines }: EncoderChecks): boolean {
  const agree =
    "leastCosine" in engines
      ? engines.leastCosine >= limits.leastCosine
      : engines.largestDifference <= limits.largestDifference;
  return agree && queries.right === queries.count;
}

export function encoderText({ examples, queries, rows, refused, engines }: EncoderChecks): string {
  const near =
    "leastCosine" in engines
      ? `vectors have a cosine of at least ${engines.leastCosine.toFixed(5)} with the reference's`
      : `margins differ from the reference's by at most ${engines.largestDifference.toFixed(3)}`;
  return [
    table(
      ["QUERY", "PASSAGE", "RELEVANT", "leastCosine" in engines ? "SIMILARITY" : "MARGIN"],
      examples.map(({ query, passage, label, score }) => [query, passage, label, score.toFixed(3)]),
    ),
    `Of ${queries.count} built-in queries ${queries.right} are nearer to their answer than to another one's.\n` +
      `The fast engine's ${near}.\n` +
      (refused > 0
        ? `Pairs that were refused before an engine was asked, and not compared: ${refused}.\n`
        : "") +
      (rows ? `Labelled rows: ${rows.right} of ${rows.count} right.\n` : ""),
  ].join("\n");
}

// The second opinion: where the margin of a pair is not sure, the cosine of an embedder's vectors moves it.
import { QragError } from "../base/errors.ts";
import type { SecondOpinion as OpinionInFile } from "../gguf/architecture.ts";
import type { Asked, GivenPassage } from "./given.ts";
import { LazyEmbedder } from "./lazy_embedder.ts";
import { loadEmbedder } from "./load_embedder.ts";
import { modelDigest, shippedEmbedder } from "./model/files.ts";
import { namedModel } from "./model/named.ts";
import { cosineOf, roundedVector } from "./rounded_vector.ts";

/** What a pair's own margin is, and what it was judged on. */
export interface FirstOpinion extends GivenPassage {
  readonly margin: number;
}

/** What is needed of an embedder: tests pass their own. */
export type AskedEmbedder = Pick<LazyEmbedder, "embed" | "dispose">;

export class SecondOpinion {
  readonly #file: OpinionInFile;
  readonly #embedder: AskedEmbedder;

  constructor(file: OpinionInFile, embedder: AskedEmbedder) {
    this.#file = file;
    this.#embedder = embedder;
  }

  /**
   * The margins with the second opinion. Vectors that were not given are computed, of the unsure pairs only, and rounded
   * as a store rounds them: both ways give the same bits.
   */
  async margins(
    { query, vector }: Asked,
    pairs: readonly FirstOpinion[],
    signal: AbortSignal | undefined,
  ): Promise<number[]> {
    const { within } = this.#file;
    const unsure = pairs.filter(({ margin }) => Math.abs(margin) < within);
    if (unsure.length === 0) return pairs.map(({ margin }) => margin);
    const unknown = unsure.filter((pair) => pair.vector === undefined);
    const [asked, found] = await Promise.all([
      vector ?? this.#vectors([query], "query", signal).then(([only]) => only!),
      this.#vectors(
        unknown.map(({ text }) => text),
        "passage",
        signal,
      ),
    ]);
    let next = 0;
    return pairs.map(({ margin, vector }) => {
      if (!(Math.abs(margin) < within)) return margin;
      const told = vector ?? found[next++]!;
      if (told.length !== asked.length) throw otherLength(asked.length, told.length);
      return this.#revised(margin, cosineOf(asked, told));
    });
  }

  async dispose(): Promise<void> {
    await this.#embedder.dispose();
  }

  #revised(margin: number, cosine: number): number {
    const { weight, centre, within } = this.#file;
    return margin + (1 - (margin / within) ** 2) * weight * (cosine - centre);
  }

  async #vectors(
    texts: readonly string[],
    as: "query" | "passage",
    signal: AbortSignal | undefined,
  ): Promise<Int8Array[]> {
    if (texts.length === 0) return [];
    return (await this.#embedder.embed(texts, { as, signal })).map(roundedVector);
  }
}

/** Of a query's vector that the caller has, and a passage's that the gate has computed. */
function otherLength(query: number, passage: number): QragError {
  return new QragError(
    "INPUT_INVALID",
    `Expected ${passage} numbers for queryVector, as the gate's embedder gives them, but received ${query}`,
  );
}

export interface OpinionOptions {
  /** The name of the embedder's file. Default: the package's own. */
  readonly embedder: string | undefined;
  readonly threads: number;
  readonly engine: "fast" | "reference";
  readonly signal: AbortSignal | undefined;
}

/** Finds the embedder that the gate was tuned with, and refuses another one; it is loaded when it is first asked. */
export async function openOpinion(
  file: OpinionInFile,
  { embedder: name, threads, engine, signal }: OpinionOptions,
): Promise<SecondOpinion> {
  if (name === undefined && file.embedder !== shippedEmbedder.sha256) throw unnamed(file);
  const path = await namedModel(name, { signal });
  const digest = path === undefined ? file.embedder : await modelDigest(path, signal);
  if (digest !== file.embedder) {
    throw new QragError(
      "INPUT_INVALID",
      `${path} is not the embedder that the gate was tuned with: its SHA-256 is ${digest}, not ${file.embedder}`,
    );
  }
  return new SecondOpinion(file, new LazyEmbedder(() => loadEmbedder(path, { threads, engine })));
}

function unnamed({ embedder }: OpinionInFile): QragError {
  return new QragError(
    "MODEL_NOT_FOUND",
    `The gate asks the embedder with the SHA-256 ${embedder} for a second opinion. Name its file: ` +
      "loadGate(path, { embedder }) (--gate-embedder), or do without: embedder: false (--gate-embedder none).",
  );
}

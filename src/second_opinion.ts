// The second opinion: where the margin of a pair is uncertain, the cosine of an embedder's vectors moves it.
import { QragError } from "../base/errors.ts";
import type { SecondOpinion as OpinionTerms } from "../gguf/architecture.ts";
import type { Asked, GivenPassage } from "./given.ts";
import { LazyEmbedder } from "./lazy_embedder.ts";
import { loadEmbedder } from "./load_embedder.ts";
import { modelDigest, modelPath, openFile, shippedEmbedder } from "./model/files.ts";
import { namedModel } from "./model/named.ts";
import { cosineOf, roundedVector } from "./rounded_vector.ts";

/** What a pair's own margin is, and what it was judged on. */
export interface FirstOpinion extends GivenPassage {
  readonly margin: number;
}

/** What is needed of an embedder: tests pass their own. */
export type AskedEmbedder = Pick<LazyEmbedder, "embed" | "dispose">;

export class SecondOpinion {
  readonly #terms: OpinionTerms;
  readonly #embedder: AskedEmbedder;
  /** Of the query that was embedded last: many passages are judged against one. */
  #last: { readonly query: string; readonly vector: Int8Array } | undefined;

  constructor(terms: OpinionTerms, embedder: AskedEmbedder) {
    this.#terms = terms;
    this.#embedder = embedder;
  }

  /**
   * The margins with the second opinion. Vectors that were not given are computed, those of uncertain pairs only, and
   * rounded as a store rounds them: from the same engine both ways give the same bits.
   */
  async margins(
    asked: Asked,
    pairs: readonly FirstOpinion[],
    signal: AbortSignal | undefined,
  ): Promise<number[]> {
    const uncertain = pairs.filter(({ margin }) => this.#isUncertain(margin));
    if (uncertain.length === 0) return pairs.map(({ margin }) => margin);
    const unknown = uncertain.filter(({ vector }) => vector === undefined);
    const texts = unknown.map(({ text }) => text);
    const [query, found] = await Promise.all([
      asked.vector ?? this.#queryVector(asked.query, signal),
      this.#vectors(texts, "passage", signal),
    ]);
    let next = 0;
    return pairs.map(({ margin, vector }) => {
      if (!this.#isUncertain(margin)) return margin;
      const passage = vector ?? found[next++]!;
      if (passage.length !== query.length) throw otherLength(query.length, passage.length);
      return this.#revised(margin, cosineOf(query, passage));
    });
  }

  async dispose(): Promise<void> {
    await this.#embedder.dispose();
  }

  #isUncertain(margin: number): boolean {
    return Math.abs(margin) < this.#terms.within;
  }

  /** Vectors of zeros, which an embedder may give for a text that it knows nothing of, say nothing. */
  #revised(margin: number, cosine: number | undefined): number {
    if (cosine === undefined) return margin;
    const { weight, centre, within } = this.#terms;
    return margin + (1 - (margin / within) ** 2) * weight * (cosine - centre);
  }

  async #queryVector(query: string, signal: AbortSignal | undefined): Promise<Int8Array> {
    if (this.#last?.query === query) return this.#last.vector;
    const [vector] = (await this.#vectors([query], "query", signal)) as [Int8Array];
    this.#last = { query, vector };
    return vector;
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
  terms: OpinionTerms,
  { embedder: name, threads, engine, signal }: OpinionOptions,
): Promise<SecondOpinion> {
  if (name === undefined && terms.embedder !== shippedEmbedder.sha256) throw unnamed(terms);
  const path = await namedModel(name, { signal });
  // The package's own is compared when it is loaded.
  if (path === undefined) await (await openFile(modelPath(path, shippedEmbedder))).close();
  else await checkDigest(path, terms, signal);
  const embedder = new LazyEmbedder(async () => {
    // Another file may lie there by now.
    if (path !== undefined) await checkDigest(path, terms, undefined);
    return loadEmbedder(path, { threads, engine });
  });
  return new SecondOpinion(terms, embedder);
}

async function checkDigest(
  path: string,
  { embedder }: OpinionTerms,
  signal: AbortSignal | undefined,
): Promise<void> {
  const digest = await modelDigest(path, signal);
  if (digest === embedder) return;
  throw new QragError(
    "INPUT_INVALID",
    `${path} is not the embedder that the gate was tuned with: its SHA-256 is ${digest}, not ${embedder}`,
  );
}

function unnamed({ embedder }: OpinionTerms): QragError {
  return new QragError(
    "MODEL_NOT_FOUND",
    `The gate asks the embedder with the SHA-256 ${embedder} for a second opinion. Name its file: ` +
      "loadGate(path, { embedder }) (--gate-embedder), or do without: embedder: false (--gate-embedder none).",
  );
}

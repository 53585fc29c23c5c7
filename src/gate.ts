// The gate: judges passages against a query. Text goes in here, verdicts come out.
/// <reference lib="esnext.disposable" preserve="true" />

import { QragError } from "../base/errors.ts";
import type { Hyperparameters } from "../native/contract.ts";
import {
  checkIterable,
  checkOptions,
  checkPassage,
  checkPassages,
  checkQuery,
  type FilterOptions,
  type JudgeAllOptions,
  type JudgeOptions,
  type Passage,
  type RankOptions,
} from "./options.ts";
import type { Sequence } from "./queue/queue_entry.ts";
import type { ScoringQueue } from "./queue/scoring_queue.ts";
import { type JudgedWindow, marginOf, type Verdict, verdictOf } from "./verdict.ts";
import { type PromptEncoder, windowsOf } from "./windows.ts";

/** A vocabulary entry that stands for a digit. */
export interface DecisionToken {
  readonly id: number;
  /** Its text, white space included. */
  readonly text: string;
  readonly label: "0" | "1";
}

/** What is loaded, and how it runs. */
export interface GateInfo {
  readonly path: string;
  readonly name: string | undefined;
  readonly numbers: Hyperparameters;
  /** Weights in all, the decision rows (a copy out of the head) not counted. */
  readonly parameters: number;
  /** Tensor types in the file, the largest share first. */
  readonly weightTypes: readonly string[];
  /** Tokens a prompt may have; longer passages are judged in windows. */
  readonly contextLength: number;
  /** The fast graph; the reference: stock operations of ggml's, all in the file's own weight types; or node-llama-cpp. */
  readonly engine: "fast" | "reference" | "llama";
  /** The instruction set of the kernels; of llama.cpp the device it computes on. */
  readonly device: string;
  readonly threads: number;
  readonly decision: readonly DecisionToken[];
  /** A passage is relevant when its margin is greater: 0, or what the calibration says. */
  readonly offset: number;
  /** Whether a calibration set the offset. */
  readonly calibrated: boolean;
  /** Whether the option `fullVocabulary` can be used. */
  readonly fullVocabulary: boolean;
}

/** A passage with its verdict and its place in the input. */
export interface Ranked<P extends Passage = Passage> {
  readonly passage: P;
  readonly index: number;
  readonly verdict: Verdict;
}

/** The parts of a gate. The engine is the one outside dependency: tests pass one with a made-up model. */
export interface GateParts {
  readonly engine: ScoringQueue;
  readonly encoder: PromptEncoder;
  readonly info: GateInfo;
}

/** Node 20.0 to 20.4 have no such symbol; compilers that lower `await using` then look for this one. */
const asyncDispose: typeof Symbol.asyncDispose =
  Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose");

export class Gate {
  readonly info: GateInfo;
  readonly #engine: ScoringQueue;
  readonly #encoder: PromptEncoder;

  /** Use `loadGate`, which puts the parts together. */
  constructor({ engine, encoder, info }: GateParts) {
    this.info = info;
    this.#engine = engine;
    this.#encoder = encoder;
  }

  /** 1 if the passage addresses the query, else 0. */
  async score(query: string, passage: Passage, options?: JudgeOptions): Promise<0 | 1> {
    const verdict = await this.#judge(query, passage, checkOptions("score", options));
    return verdict.relevant ? 1 : 0;
  }

  /** The verdict on one passage, with its margin. */
  async judge(query: string, passage: Passage, options?: JudgeOptions): Promise<Verdict> {
    return this.#judge(query, passage, checkOptions("judge", options));
  }

  /** The verdicts of all passages, in their order. */
  async judgeAll(
    query: string,
    passages: Iterable<Passage>,
    options?: JudgeAllOptions,
  ): Promise<Verdict[]> {
    const checked = checkOptions("judgeAll", options);
    const verdicts: Verdict[] = [];
    for await (const { verdict } of this.#judgeEach(query, passages, checked)) {
      verdicts.push(verdict);
    }
    return verdicts;
  }

  /** The relevant passages, in their order, as they came. */
  async filter<P extends Passage>(
    query: string,
    passages: Iterable<P>,
    options?: FilterOptions,
  ): Promise<P[]> {
    const { stopAfter, ...rest } = checkOptions("filter", options);
    const kept: P[] = [];
    for await (const { passage, verdict } of this.#judgeEach(query, passages, rest)) {
      if (verdict.relevant) kept.push(passage);
      if (kept.length === stopAfter) break;
    }
    return kept;
  }

  /** All passages, the largest margin first; equal ones keep their order. */
  async rank<P extends Passage>(
    query: string,
    passages: Iterable<P>,
    options?: RankOptions,
  ): Promise<Ranked<P>[]> {
    const { topK, ...rest } = checkOptions("rank", options);
    const ranked: Ranked<P>[] = [];
    for await (const judged of this.#judgeEach(query, passages, rest)) ranked.push(judged);
    return ranked.sort((a, b) => b.verdict.margin - a.verdict.margin).slice(0, topK);
  }

  /**
   * The verdicts in order, each as soon as its batch is done. Passages are taken from the iterable a
   * batch ahead of their turn; leaving the loop stops the work.
   */
  stream(
    query: string,
    passages: Iterable<Passage>,
    options?: JudgeOptions,
  ): AsyncGenerator<Verdict, void> {
    const checked = checkOptions("stream", options);
    return this.#verdicts(checkQuery(query), textsOf(checkIterable(passages)), checked);
  }

  /** Rejects whatever is queued or running with DISPOSED and frees the model. May be called twice. */
  async dispose(): Promise<void> {
    const ended = this.#engine.dispose();
    this.#encoder.tokenizer.dispose();
    await ended;
  }

  async [asyncDispose](): Promise<void> {
    await this.dispose();
  }

  async #judge(query: string, passage: Passage, options: JudgeOptions): Promise<Verdict> {
    const texts = [checkPassage(passage, "passage")];
    for await (const verdict of this.#verdicts(checkQuery(query), texts, options)) return verdict;
    throw new QragError("INTERNAL", "A passage got no verdict");
  }

  async *#judgeEach<P extends Passage>(
    query: string,
    passages: Iterable<P>,
    options: JudgeAllOptions,
  ): AsyncGenerator<Ranked<P>, void> {
    const text = checkQuery(query);
    const { list, texts } = checkPassages(passages);
    let index = 0;
    for await (const verdict of this.#verdicts(text, texts, options)) {
      options.onProgress?.({ done: index + 1, total: list.length });
      yield { passage: list[index]!, index, verdict };
      index++;
    }
  }

  async *#verdicts(
    query: string,
    texts: Iterable<string>,
    { signal, fullVocabulary }: JudgeOptions,
  ): AsyncGenerator<Verdict, void> {
    if (fullVocabulary && !this.info.fullVocabulary) throw noHead(this.info);
    const labels = this.info.decision.map(({ label }) => label);
    let windows: JudgedWindow[] = [];
    const scored = this.#engine.run(windowsOf(this.#encoder, query, texts), { signal });
    for await (const { sequence, values } of scored) {
      const margin = marginOf(values, labels);
      const relevant = fullVocabulary
        ? await this.#answersOne(sequence, signal)
        : margin > this.info.offset;
      windows.push({ relevant, margin, tokens: sequence.tokens.length });
      if (!sequence.last) continue;
      yield verdictOf(windows);
      windows = [];
    }
  }

  /** The reference semantics: the likeliest token of the whole vocabulary, stripped, is "1". */
  async #answersOne(sequence: Sequence, signal: AbortSignal | undefined): Promise<boolean> {
    const scored = this.#engine.run([sequence], { mode: "argmax", signal });
    for await (const { values } of scored) {
      return this.#encoder.tokenizer.decodeToken(values[0]!).trim() === "1";
    }
    throw new QragError("INTERNAL", "A sequence got no answer");
  }
}

/** Checks each passage when its turn comes. */
function* textsOf(passages: Iterable<unknown>): Generator<string> {
  let index = 0;
  for (const passage of passages) yield checkPassage(passage, `passages[${index++}]`);
}

function noHead({ path, engine, calibrated }: GateInfo): QragError {
  if (calibrated) {
    return new QragError(
      "MODEL_UNSUPPORTED",
      "fullVocabulary decides without an offset: load the gate without its calibration.",
    );
  }
  if (engine === "fast") {
    return new QragError(
      "MODEL_UNSUPPORTED",
      'fullVocabulary needs the reference engine: loadGate(path, { engine: "reference" }).',
    );
  }
  return new QragError(
    "MODEL_UNSUPPORTED",
    `fullVocabulary needs the model's full head, and ${path} was converted without it. ` +
      "Convert the checkpoint again with --keep-lm-head.",
  );
}

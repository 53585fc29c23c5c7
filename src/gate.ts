// The gate: judges passages against a query. Text goes in here, verdicts come out.
/// <reference lib="esnext.disposable" preserve="true" />

import { QragError } from "../base/errors.ts";
import { strip } from "../base/strip.ts";
import type { BackgroundTokenizer } from "../native/tokenizer/background.ts";
import { asyncDispose } from "./async_dispose.ts";
import type { GateInfo } from "./gate_info.ts";
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
import { withRefused } from "./refusal/in_order.ts";
import type { Refuse } from "./refusal/refusal.ts";
import { type JudgedWindow, type Margin, type Verdict, verdictOf } from "./verdict.ts";
import { type WindowEncoder, windowsOf } from "./windows.ts";

/** A passage with its verdict and its place in the input. */
export interface Ranked<P extends Passage = Passage> {
  readonly passage: P;
  readonly index: number;
  readonly verdict: Verdict;
}

/** The parts of a gate. The queue is the one outside dependency: tests pass one with a made-up model. */
export interface GateParts {
  readonly queue: ScoringQueue;
  readonly encoder: WindowEncoder;
  readonly tokenizer: Pick<BackgroundTokenizer, "decodeToken" | "dispose">;
  readonly margin: Margin;
  /** Which passages the model is not to be asked about. */
  readonly refuse: (query: string) => Refuse;
  readonly info: GateInfo;
}

export class Gate {
  readonly info: GateInfo;
  readonly #parts: GateParts;

  /** Use `loadGate`, which puts the parts together. */
  constructor(parts: GateParts) {
    this.info = parts.info;
    this.#parts = parts;
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
    const ended = this.#parts.queue.dispose();
    this.#parts.tokenizer.dispose();
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
    options: JudgeOptions,
  ): AsyncGenerator<Verdict, void> {
    if (options.fullVocabulary && !this.info.fullVocabulary) throw noHead(this.info);
    const refuse = this.#parts.refuse(query);
    const judge = (judged: Iterable<string>) => this.#judged(query, judged, options);
    yield* withRefused(texts, refuse, judge, options.signal);
  }

  /** The verdicts on the passages that the model is asked about. */
  async *#judged(
    query: string,
    texts: Iterable<string>,
    { signal, fullVocabulary }: JudgeOptions,
  ): AsyncGenerator<Verdict, void> {
    const { queue, encoder, margin: marginOf } = this.#parts;
    let windows: JudgedWindow[] = [];
    for await (const { sequence, values } of queue.run(windowsOf(encoder, query, texts), {
      signal,
    })) {
      const margin = marginOf(values);
      const relevant = fullVocabulary
        ? await this.#answersOne(sequence, signal)
        : margin > this.info.offset;
      windows.push({ relevant, margin, tokens: sequence.tokens.length, span: sequence.span });
      if (!sequence.last) continue;
      yield verdictOf(windows);
      windows = [];
    }
  }

  /** The reference semantics: the likeliest token of the whole vocabulary, stripped, is "1". */
  async #answersOne(sequence: Sequence, signal: AbortSignal | undefined): Promise<boolean> {
    const { queue, tokenizer } = this.#parts;
    for await (const { values } of queue.run([sequence], { mode: "argmax", signal })) {
      return strip(tokenizer.decodeToken(values[0]!)) === "1";
    }
    throw new QragError("INTERNAL", "A sequence got no answer");
  }
}

/** Checks each passage when its turn comes. */
function* textsOf(passages: Iterable<unknown>): Generator<string> {
  let index = 0;
  for (const passage of passages) yield checkPassage(passage, `passages[${index++}]`);
}

/** Only a file without the head is the model's fault; otherwise the option has no place here. */
function noHead({ path, engine, calibrated, decision }: GateInfo): QragError {
  if (decision.length === 0) {
    const message = `fullVocabulary is for decoders, and ${path} answers with a classifier.`;
    return new QragError("INPUT_INVALID", message);
  }
  if (calibrated) {
    return new QragError(
      "INPUT_INVALID",
      "fullVocabulary decides without an offset: load the gate without its calibration.",
    );
  }
  if (engine !== "reference") {
    return new QragError(
      "INPUT_INVALID",
      'fullVocabulary needs the reference engine: loadGate(path, { engine: "reference" }).',
    );
  }
  return new QragError(
    "MODEL_UNSUPPORTED",
    `fullVocabulary needs the model's full head, and ${path} was converted without it. ` +
      "Convert the checkpoint again with --keep-lm-head.",
  );
}

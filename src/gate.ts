// The gate: judges passages against a query. Text goes in here, verdicts come out.
/// <reference lib="esnext.disposable" preserve="true" />

import { QragError } from "../base/errors.ts";
import type { BackgroundTokenizer } from "../native/tokenizer/background.ts";
import { asyncDispose } from "./async_dispose.ts";
import type { GateInfo } from "./gate_info.ts";
import {
  type Asked,
  checkAsked,
  checkGiven,
  checkIterable,
  checkPassages,
  type GivenPassage,
  type Passage,
} from "./given.ts";
import { Judging, type JudgingParts } from "./judging.ts";
import {
  checkOptions,
  type FilterOptions,
  type JudgeAllOptions,
  type JudgeOptions,
  type RankOptions,
} from "./options.ts";
import { withRefused } from "./refusal/in_order.ts";
import type { Refuse } from "./refusal/refusal.ts";
import type { Verdict } from "./verdict.ts";

/** A passage with its verdict and its place in the input. */
export interface Ranked<P extends Passage = Passage> {
  readonly passage: P;
  readonly index: number;
  readonly verdict: Verdict;
}

/** The parts of a gate. The queue is the one outside dependency: tests pass one with a made-up model. */
export interface GateParts extends JudgingParts {
  readonly tokenizer: Pick<BackgroundTokenizer, "decodeToken" | "dispose">;
  /** Which passages the model is not to be asked about. */
  readonly refuse: (query: string) => Refuse;
  readonly info: GateInfo;
}

export class Gate {
  readonly info: GateInfo;
  readonly #parts: GateParts;
  readonly #judging: Judging;

  /** Use `loadGate`, which puts the parts together. */
  constructor(parts: GateParts) {
    this.info = parts.info;
    this.#parts = parts;
    this.#judging = new Judging(parts);
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

  /** All passages, the largest margin first; equal ones keep their order. A second opinion may lead past sure ones. */
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
    const asked = this.#asked(query, checked);
    return this.#verdicts(asked, givenOf(checkIterable(passages), asked), checked);
  }

  /** Rejects whatever is queued or running with DISPOSED and frees the model. May be called twice. */
  async dispose(): Promise<void> {
    const ended = [this.#parts.queue.dispose(), this.#parts.secondOpinion?.dispose()];
    this.#parts.tokenizer.dispose();
    await Promise.all(ended);
  }

  async [asyncDispose](): Promise<void> {
    await this.dispose();
  }

  async #judge(query: string, passage: Passage, options: JudgeOptions): Promise<Verdict> {
    const asked = this.#asked(query, options);
    const given = [checkGiven(passage, "passage", asked)];
    for await (const verdict of this.#verdicts(asked, given, options)) return verdict;
    throw new QragError("INTERNAL", "A passage got no verdict");
  }

  async *#judgeEach<P extends Passage>(
    query: string,
    passages: Iterable<P>,
    options: JudgeAllOptions,
  ): AsyncGenerator<Ranked<P>, void> {
    const asked = this.#asked(query, options);
    const { list, given } = checkPassages(passages, asked);
    let index = 0;
    for await (const verdict of this.#verdicts(asked, given, options)) {
      options.onProgress?.({ done: index + 1, total: list.length });
      yield { passage: list[index]!, index, verdict };
      index++;
    }
  }

  #asked(query: string, options: JudgeOptions): Asked {
    return checkAsked(query, options, this.info.embedder);
  }

  async *#verdicts(
    asked: Asked,
    passages: Iterable<GivenPassage>,
    options: JudgeOptions,
  ): AsyncGenerator<Verdict, void> {
    if (options.fullVocabulary && !this.info.fullVocabulary) throw noHead(this.info);
    const refuse = this.#parts.refuse(asked.query);
    const judge = (judged: Iterable<GivenPassage>) =>
      this.#judging.verdicts(asked, judged, options);
    yield* withRefused(passages, refuse, judge, options.signal);
  }
}

/** Checks each passage when its turn comes. */
function* givenOf(passages: Iterable<unknown>, asked: Asked): Generator<GivenPassage> {
  let index = 0;
  for (const passage of passages) yield checkGiven(passage, `passages[${index++}]`, asked);
}

/** Only a file without the head is the model's fault; otherwise the option has no place here. */
function noHead({ path, engine, calibrated, decision, embedder }: GateInfo): QragError {
  if (decision.length === 0) {
    const message = `fullVocabulary is for decoders, and ${path} answers with a classifier.`;
    return new QragError("INPUT_INVALID", message);
  }
  if (embedder !== undefined) {
    return new QragError(
      "INPUT_INVALID",
      "fullVocabulary decides by the model alone: loadGate(path, { embedder: false }).",
    );
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

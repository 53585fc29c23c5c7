// From passages to verdicts: windows through the model, and the second opinion where a margin is not sure.
import { QragError } from "../base/errors.ts";
import { strip } from "../base/strip.ts";
import type { BackgroundTokenizer } from "../native/tokenizer/background.ts";
import type { GateInfo } from "./gate_info.ts";
import type { Asked, GivenPassage } from "./given.ts";
import type { JudgeOptions } from "./options.ts";
import type { Scored, Sequence } from "./queue/queue_entry.ts";
import type { ScoringQueue } from "./queue/scoring_queue.ts";
import type { FirstOpinion, SecondOpinion } from "./second_opinion.ts";
import { type JudgedWindow, type Margin, type Verdict, verdictOf } from "./verdict.ts";
import { type Window, type WindowEncoder, windowsOf } from "./windows.ts";

export interface JudgingParts {
  readonly queue: ScoringQueue;
  readonly encoder: WindowEncoder;
  readonly tokenizer: Pick<BackgroundTokenizer, "decodeToken">;
  readonly margin: Margin;
  /** Undefined where the margin is all. */
  readonly secondOpinion: SecondOpinion | undefined;
  readonly info: Pick<GateInfo, "offset">;
}

export class Judging {
  readonly #parts: JudgingParts;

  constructor(parts: JudgingParts) {
    this.#parts = parts;
  }

  /** The verdicts on the passages that the model is asked about. */
  async *verdicts(
    asked: Asked,
    passages: Iterable<GivenPassage>,
    { signal, fullVocabulary }: JudgeOptions,
  ): AsyncGenerator<Verdict, void> {
    const { queue, encoder, info } = this.#parts;
    /** Those whose windows are not all judged yet. */
    const waiting: GivenPassage[] = [];
    const inputs = windowsOf(encoder, asked.query, textsOf(passages, waiting));
    let windows: JudgedWindow[] = [];
    for await (const batch of queue.batches(inputs, { signal })) {
      const margins = await this.#margins(asked, batch, waiting, signal);
      for (const [at, { sequence }] of batch.entries()) {
        const margin = margins[at]!;
        const relevant = fullVocabulary
          ? await this.#answersOne(sequence, signal)
          : margin > info.offset;
        windows.push({ relevant, margin, tokens: sequence.tokens.length, span: sequence.span });
        if (!sequence.last) continue;
        queue.throwIfEnded(signal);
        yield verdictOf(windows);
        windows = [];
      }
    }
  }

  /** The margins of a batch, with the second opinion; passages that end in it no longer wait. */
  async #margins(
    asked: Asked,
    batch: readonly Scored<Window>[],
    waiting: GivenPassage[],
    signal: AbortSignal | undefined,
  ): Promise<readonly number[]> {
    const { margin: marginOf, secondOpinion } = this.#parts;
    const first = batch.map(({ sequence, values }): FirstOpinion => {
      const passage = sequence.last ? waiting.shift()! : waiting[0]!;
      return { margin: marginOf(values), ...partOf(passage, sequence) };
    });
    return secondOpinion
      ? secondOpinion.margins(asked, first, signal)
      : first.map(({ margin }) => margin);
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

/** The texts of passages, which are noted as they are taken. */
function* textsOf(passages: Iterable<GivenPassage>, taken: GivenPassage[]): Generator<string> {
  for (const passage of passages) {
    taken.push(passage);
    yield passage.text;
  }
}

/** What of a passage is in a window: a given vector is that of the whole. */
function partOf(passage: GivenPassage, { span: { start, end } }: Window): GivenPassage {
  const { text } = passage;
  return start === 0 && end === text.length ? passage : { text: text.slice(start, end) };
}

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
    const { queue, encoder, secondOpinion, info } = this.#parts;
    /** Those whose windows are not all judged yet. */
    const waiting: GivenPassage[] = [];
    const inputs = windowsOf(encoder, asked.query, textsOf(passages, waiting));
    let windows: JudgedWindow[] = [];
    for await (const batch of queue.batches(inputs, { signal })) {
      const { first, failure } = this.#firstOpinions(batch, waiting);
      const margins = secondOpinion
        ? await secondOpinion.margins(asked, first, signal)
        : first.map(({ margin }) => margin);
      for (const [at, margin] of margins.entries()) {
        const { sequence } = batch[at]!;
        const relevant = fullVocabulary
          ? await this.#answersOne(sequence, signal)
          : margin > info.offset;
        windows.push({ relevant, margin, tokens: sequence.tokens.length, span: sequence.span });
        if (!sequence.last) continue;
        queue.throwIfEnded(signal);
        yield verdictOf(windows);
        windows = [];
      }
      if (failure) throw failure.error;
    }
  }

  /** The margins of a batch, up to the first that is none; passages that end in it no longer wait. */
  #firstOpinions(
    batch: readonly Scored<Window>[],
    waiting: GivenPassage[],
  ): { first: FirstOpinion[]; failure?: { readonly error: unknown } } {
    const first: FirstOpinion[] = [];
    try {
      for (const { sequence, values } of batch) {
        const passage = sequence.last ? waiting.shift()! : waiting[0]!;
        first.push({ margin: this.#parts.margin(values), ...partOf(passage, sequence) });
      }
      return { first };
    } catch (error) {
      return { first, failure: { error } };
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

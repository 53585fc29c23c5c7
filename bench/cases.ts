// What is timed: calls with texts of a given number of tokens, one suite for each kind of model.
import { type Encoder, encoders } from "./encoders/encoders.ts";

/** One call to time. */
export interface Call {
  /** What the passages are judged against; empty where they are embedded. */
  readonly query: string;
  readonly passages: readonly string[];
  /** Tokens of each prompt, pair or text; of the decoder's, a few in a hundred have up to four more. */
  readonly tokens: number;
}

export interface Case {
  readonly name: string;
  /** Tokens of one input: of a prompt with its system text, of a pair or a text with the special tokens. */
  readonly tokens: number;
  readonly passages: number;
}

/** Cases that the same contenders run, on the same weights in the main. */
export interface Suite {
  readonly name: string;
  /** Timed call by call in a process that has answered before. */
  readonly timed: readonly Case[];
  /** From the start of a process to its first answer: a process a sample. */
  readonly coldStart: Case;
  /** A thousand passages, and then what the process holds. */
  readonly memory: Case;
  /** Answered by every contender before it is timed, and compared with a reference's answers. */
  readonly answers: readonly Case[];
  /** The model, of encoders. */
  readonly encoder?: Encoder;
}

export const memoryCalls = 10;

const pairAnswers: readonly Case[] = [
  ...Array.from({ length: 3 }, (_, i) => ({ name: "answers", tokens: 300 + i, passages: 1 })),
  { name: "answers", tokens: 200, passages: 9 },
];

/**
 * Ours. There is no pair of 64 tokens: the published system text alone takes 64, and the prompt 81 before any query or
 * passage stands in it.
 */
const decoder: Suite = {
  name: "decoder",
  timed: [
    ...[128, 200, 300, 500].map((tokens) => ({ name: `pair-${tokens}`, tokens, passages: 1 })),
    { name: "batch-100x200", tokens: 200, passages: 100 },
  ],
  coldStart: { name: "cold-start", tokens: 200, passages: 1 },
  memory: { name: "memory", tokens: 200, passages: 100 },
  answers: pairAnswers,
};

/** `name`: of the shape, l6 or l12. */
function encoderSuite(encoder: Encoder): Suite {
  const named = (name: string, tokens: number, passages: number): Case => ({
    name: `${encoder.shape}-${name}`,
    tokens,
    passages,
  });
  const vectors = "pooling" in encoder.purpose;
  return {
    name: encoder.name,
    encoder,
    timed: vectors
      ? [
          named("query-12", 12, 1),
          named("passage-200", 200, 1),
          named("passages-1000x200", 200, 1000),
        ]
      : [named("pair-300", 300, 1), named("pairs-100x200", 200, 100)],
    coldStart: named(vectors ? "first-vector" : "first-pair", 12, 1),
    memory: named(vectors ? "memory" : "pairs-memory", 200, 100),
    // The longest first: on them batches are tried out.
    answers: vectors
      ? [
          { name: "answers", tokens: 200, passages: 6 },
          { name: "answers", tokens: 61, passages: 3 },
          { name: "answers", tokens: 12, passages: 3 },
        ]
      : pairAnswers,
  };
}

export const suites: readonly Suite[] = [decoder, ...encoders.map(encoderSuite)];

export const suiteOf = (name: string): Suite => suites.find((suite) => suite.name === name)!;

export const casesOf = ({ timed, coldStart, memory }: Suite): Case[] => [
  ...timed,
  coldStart,
  memory,
];

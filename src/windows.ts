// Turns a query and a passage into inputs that fit the model: one, or overlapping windows of a long passage.
import { QragError } from "../base/errors.ts";
import { quote } from "../base/quote.ts";
import type { Encoded, PairEncoder } from "./frames.ts";

/** What it takes to turn text into inputs of a bounded length. */
export interface WindowEncoder extends PairEncoder {
  /** Tokens the model can read at once. */
  readonly contextLength: number;
  /** What is put before every passage where there is no query. */
  readonly prefix?: string;
}

/** A part of a passage, in UTF-16 units: as `passage.slice(start, end)` takes them. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** One input and the part of its passage that is in it; `last` marks the passage's end. */
export interface Window extends Encoded {
  readonly span: Span;
  readonly last: boolean;
}

/**
 * Text beyond this many UTF-16 units a token of context is never encoded in one go: prose has 4 to 5, so more cannot
 * fit, and the time of one call into the tokenizer stays bounded whatever the passage.
 */
const encodedUnitsPerToken = 8;
/** Short passages are encoded together, so many UTF-16 units in a call, prompts included: some hundred tokens. */
const groupedUnits = 2048;
/** First guess for a passage too long to have been encoded whole; each window then corrects it. */
const guessedUnitsPerToken = 4;
/** Windows smaller than this would hold no sentence. */
const leastRoom = 16;
/** Neighbouring windows share about this part of their text, so that a sentence on the border is whole in one of them. */
const overlap = 1 / 8;
/** How much text behind a cut the segmenter sees, to tell whether a sentence ends there. */
const lookahead = 64;

let segmenters: readonly Intl.Segmenter[] | undefined;

/** The windows of passages, in order, made as they are asked for, some passages ahead. */
export async function* windowsOf(
  encoder: WindowEncoder,
  query: string,
  passages: Iterable<string>,
): AsyncGenerator<Window> {
  const { contextLength } = encoder;
  const mayFit = (passage: string) => passage.length <= contextLength * encodedUnitsPerToken;
  const frameUnits = encoder.frameUnits(query);
  for (const group of groupsOf(passages, frameUnits)) {
    const encoded = await encoder.encode(query, group.filter(mayFit));
    let next = 0;
    for (const passage of group) {
      const whole = mayFit(passage) ? encoded[next++]! : undefined;
      const span = { start: 0, end: passage.length };
      if (whole && whole.tokens.length <= contextLength) yield { ...whole, span, last: true };
      else yield* windowsOfLong(encoder, query, passage, whole?.tokens.length);
    }
  }
}

function* groupsOf(passages: Iterable<string>, frameUnits: number): Generator<string[]> {
  let group: string[] = [];
  let units = 0;
  try {
    for (const passage of passages) {
      group.push(passage);
      units += frameUnits + passage.length;
      if (units < groupedUnits) continue;
      yield group;
      group = [];
      units = 0;
    }
  } catch (error) {
    // A passage that cannot be had does not spoil those before it.
    if (group.length > 0) yield group;
    throw error;
  }
  if (group.length > 0) yield group;
}

/** The windows of a passage that does not fit; `length`: the tokens of its prompt, where they are known. */
async function* windowsOfLong(
  encoder: WindowEncoder,
  query: string,
  passage: string,
  length: number | undefined,
): AsyncGenerator<Window> {
  const { contextLength } = encoder;
  const frame = (await encoder.encode(query, [""]))[0]!.tokens.length;
  const room = contextLength - frame;
  if (room < leastRoom) throw noRoom(frame, encoder);

  let unitsPerToken = length === undefined ? guessedUnitsPerToken : passage.length / length;
  let start = 0;
  for (;;) {
    const units = Math.ceil(room * Math.min(unitsPerToken, encodedUnitsPerToken));
    const { input, end } = await longestWindow(encoder, query, passage, start, units, frame);
    const last = end === passage.length;
    yield { ...input, span: { start, end }, last };
    if (last) return;
    unitsPerToken = (end - start) / Math.max(1, input.tokens.length - frame);
    start = cut(passage, start, end - Math.floor((end - start) * overlap));
  }
}

/** The window from `start`: about `units` long, shorter as often as it turns out to have too many tokens. */
async function longestWindow(
  encoder: WindowEncoder,
  query: string,
  passage: string,
  start: number,
  units: number,
  frame: number,
): Promise<{ input: Encoded; end: number }> {
  let limit = start + units;
  for (;;) {
    const end = limit >= passage.length ? passage.length : cut(passage, start, limit);
    const [input] = (await encoder.encode(query, [passage.slice(start, end)])) as [Encoded];
    const { length } = input.tokens;
    if (length <= encoder.contextLength) return { input, end };
    if (end - start <= 2) throw noRoom(frame, encoder);
    // In proportion to what was too much, and at least a tenth, so that this ends.
    const fitting = (encoder.contextLength - frame) / Math.max(1, length - frame);
    limit = start + Math.max(1, Math.floor((end - start) * Math.min(fitting, 0.9)));
  }
}

/** The best place to cut `text` in the second half of start..limit: a sentence end, a word end, or just there. */
function cut(text: string, start: number, limit: number): number {
  const least = start + (limit - start) / 2;
  // Only the text around: the segmenter's time grows with the whole string it is given, for every segment again.
  const piece = text.slice(start, limit + lookahead);
  // Made when a passage first needs them, which takes milliseconds. A fixed locale: the same windows on every machine.
  segmenters ??= (["sentence", "word"] as const).map(
    (granularity) => new Intl.Segmenter("en", { granularity }),
  );
  for (const segmenter of segmenters) {
    const begin = segmenter.segment(piece).containing(limit - start)?.index ?? 0;
    if (start + begin > least) return start + begin;
  }
  const splitsPair =
    /[\uD800-\uDBFF]/.test(text.charAt(limit - 1)) && /[\uDC00-\uDFFF]/.test(text.charAt(limit));
  if (!splitsPair) return limit;
  return limit - 1 > start ? limit - 1 : limit + 1;
}

function noRoom(frame: number, { contextLength, prefix }: WindowEncoder): QragError {
  const [cause, text, remedy] =
    prefix === undefined
      ? ["The query", "passage", "Shorten the query."]
      : [
          `The prefix ${quote(prefix)} of the model's file`,
          "text",
          "Convert the model with a shorter one.",
        ];
  return new QragError(
    "INPUT_INVALID",
    `${cause} leaves no room for a ${text}: with it the input takes ${frame} of the model's ${contextLength} tokens, ` +
      `and a ${text} needs at least ${leastRoom}. ${remedy}`,
  );
}

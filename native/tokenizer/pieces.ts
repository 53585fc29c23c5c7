// Byte-pair encoding, run: from a piece of text to ids, step for step as Hugging Face's tokenizers does it.
import { QragError } from "../../base/errors.ts";
import { quote } from "../../base/quote.ts";
import type { BpeModel } from "./byte_pairs.ts";
import { maxTokenId } from "./definition.ts";

/** Pieces seen before are looked up; at most this many, no longer than this. */
const cacheSize = 10_000;
const cachedLength = 64;

/** Room for a pair of ids, and for a rank with a position, in a number that stays exact. */
const idSpan = maxTokenId + 1;
const positionSpan = 2 ** 31;

/** Appends the ids of one piece to `ids`. */
export type PieceEncoder = (piece: string, ids: number[]) => void;

export function pieceEncoder(model: BpeModel): PieceEncoder {
  const merges = rankMerges(model.merges);
  const spell = speller(model);
  const cache = new Map<string, readonly number[]>();
  return (piece, ids) => {
    const whole = model.ignoreMerges ? model.vocabulary.get(piece) : undefined;
    const known = whole === undefined ? cache.get(piece) : [whole];
    const found = known ?? merge(spell(piece), merges);
    if (!known && piece.length <= cachedLength) {
      if (cache.size >= cacheSize) cache.clear();
      cache.set(piece, found);
    }
    for (const id of found) ids.push(id);
  };
}

interface Merges {
  /** left id * idSpan + right id -> rank. */
  readonly ranks: ReadonlyMap<number, number>;
  /** Rank -> id of the joined token. */
  readonly joined: Int32Array;
}

function rankMerges(merges: Int32Array): Merges {
  const ranks = new Map<number, number>();
  const joined = new Int32Array(merges.length / 3);
  for (let rank = 0; rank < joined.length; rank++) {
    const [left, right, id] = merges.subarray(3 * rank, 3 * rank + 3);
    ranks.set(left! * idSpan + right!, rank);
    joined[rank] = id!;
  }
  return { ranks, joined };
}

/** The ids of a piece's characters, before any merging. */
function speller({ vocabulary, prefix, suffix, byteTokens, fuse, unknown }: BpeModel) {
  const encoder = new TextEncoder();
  const unknownId = (character: string) => {
    const id = vocabulary.get(unknown!);
    if (id !== undefined) return id;
    throw new QragError(
      "TOKENIZER_UNSUPPORTED",
      `tokenizer.json: model.unk_token ${quote(unknown!)} is not in the vocabulary, ` +
        `and the text holds ${quote(character)}, which is not either`,
    );
  };
  return (piece: string): number[] => {
    const ids: number[] = [];
    // An unknown character waits until a known one follows, so that neighbours can be fused.
    let waiting: number | undefined;
    let start = 0;
    for (const character of piece) {
      const end = start + character.length;
      const text = (start > 0 ? prefix : "") + character + (end === piece.length ? suffix : "");
      start = end;
      const id = vocabulary.get(text);
      if (id !== undefined) {
        if (waiting !== undefined) ids.push(waiting);
        waiting = undefined;
        ids.push(id);
        continue;
      }
      const bytes = byteTokens
        ? Array.from(encoder.encode(text), (byte) => byteTokens[byte])
        : [undefined];
      if (!bytes.includes(undefined)) {
        ids.push(...(bytes as number[]));
      } else if (unknown !== undefined) {
        if (waiting !== undefined && !fuse) ids.push(waiting);
        if (waiting === undefined || !fuse) waiting = unknownId(character);
      }
    }
    if (waiting !== undefined) ids.push(waiting);
    return ids;
  };
}

/** Joins neighbours, always the pair of the lowest rank, the leftmost first, until no pair is left. */
function merge(ids: readonly number[], { ranks, joined }: Merges): number[] {
  const count = ids.length;
  if (count < 2) return [...ids];
  const symbols = Int32Array.from(ids);
  const previous = Int32Array.from(ids, (_, index) => index - 1);
  const next = Int32Array.from(ids, (_, index) => (index + 1 < count ? index + 1 : -1));
  const gone = new Uint8Array(count);
  const queue = new Queue();
  const rankAt = (left: number, right: number) =>
    ranks.get(symbols[left]! * idSpan + symbols[right]!);
  const offer = (left: number, right: number) => {
    const rank = rankAt(left, right);
    if (rank !== undefined) queue.push(rank * positionSpan + left);
  };
  for (let index = 0; index + 1 < count; index++) offer(index, index + 1);
  for (let top = queue.pop(); top !== undefined; top = queue.pop()) {
    const left = top % positionSpan;
    const right = next[left]!;
    if (gone[left] || right < 0) continue;
    // The pair that was queued may have changed since; what counts is that it would still become the same token.
    const id = joined[Math.floor(top / positionSpan)]!;
    const rank = rankAt(left, right);
    if (rank === undefined || joined[rank] !== id) continue;
    symbols[left] = id;
    gone[right] = 1;
    const after = next[right]!;
    next[left] = after;
    if (after >= 0) {
      previous[after] = left;
      offer(left, after);
    }
    if (previous[left]! >= 0) offer(previous[left]!, left);
  }
  const result: number[] = [];
  for (let index = 0; index >= 0; index = next[index]!) result.push(symbols[index]!);
  return result;
}

/** A heap of numbers, the smallest on top. */
class Queue {
  private readonly heap: number[] = [];

  push(value: number): void {
    const { heap } = this;
    let index = heap.push(value) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (heap[parent]! <= value) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = value;
  }

  pop(): number | undefined {
    const { heap } = this;
    const top = heap[0];
    const value = heap.pop();
    if (value === undefined || heap.length === 0) return top;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]! < heap[child]!) child++;
      if (heap[child]! >= value) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = value;
    return top;
  }
}

// Byte-pair encoding: the model of a tokenizer.json, step for step as Hugging Face's tokenizers runs it.
import { QragError, quote } from "./errors.ts";
import { maxTokenId, type Part } from "./tokenizer_definition.ts";

/** Pieces seen before are looked up; at most this many, no longer than this. */
const cacheSize = 10_000;
const cachedLength = 64;

/** Room for a pair of ids, and for a rank with a position, in a number that stays exact. */
const idSpan = maxTokenId + 1;
const positionSpan = 2 ** 31;

/** The member "model", read and checked. */
export interface BpeModel {
  readonly vocabulary: ReadonlyMap<string, number>;
  /** By rank: the ids of two tokens, and of the two joined. */
  readonly merges: Int32Array;
  /** Around a character's token: not before the first of a piece, and behind the last. */
  readonly prefix: string;
  readonly suffix: string;
  /** The token for characters that have none; the vocabulary may lack it. */
  readonly unknown: string | undefined;
  /** Unknown neighbours are one token. */
  readonly fuse: boolean;
  /** The tokens of the 256 bytes, which stand in for characters that have none. */
  readonly byteTokens: readonly (number | undefined)[] | undefined;
  /** A piece that is a token is that token. */
  readonly ignoreMerges: boolean;
}

export function readBpe(part: Part): BpeModel {
  const type = part.get("type");
  // Files older than the member "type" are BPE when they have merges.
  if (type.absent ? part.get("merges").absent : type.text() !== "BPE") {
    part.refuse(
      `is of type ${type.absent ? "unknown" : quote(type.text())}; qrag encodes only BPE`,
    );
  }
  const dropout = part.get("dropout");
  if (!dropout.absent && dropout.value !== 0) {
    dropout.refuse("is set: encoding would be random. Set it to null");
  }
  const optional = (name: string) => (part.get(name).absent ? "" : part.get(name).insertion());
  const prefix = optional("continuing_subword_prefix");
  const vocabulary = readVocabulary(part.get("vocab"));
  return {
    vocabulary,
    merges: readMerges(part.get("merges"), vocabulary, prefix),
    prefix,
    suffix: optional("end_of_word_suffix"),
    unknown: part.get("unk_token").absent ? undefined : part.get("unk_token").text(),
    fuse: part.get("fuse_unk").flag(false),
    byteTokens: part.get("byte_fallback").flag(false) ? byteTokens(vocabulary) : undefined,
    ignoreMerges: part.get("ignore_merges").flag(false),
  };
}

function readVocabulary(part: Part): Map<string, number> {
  const { value } = part;
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    part.refuse("must be an object of tokens and ids");
  }
  const vocabulary = new Map<string, number>();
  const ids = new Set<number>();
  for (const [token, id] of Object.entries(value as object)) {
    if (!Number.isInteger(id) || id < 0 || id > maxTokenId) {
      part.refuse(`gives ${quote(token)} no id from 0 to ${maxTokenId}`);
    }
    if (/\p{Cs}/u.test(token)) part.refuse(`has the token ${quote(token)}, half a surrogate pair`);
    if (ids.has(id)) part.refuse(`gives the id ${id} to two tokens, one of them ${quote(token)}`);
    ids.add(id);
    vocabulary.set(token, id);
  }
  return vocabulary;
}

function readMerges(
  part: Part,
  vocabulary: ReadonlyMap<string, number>,
  prefix: string,
): Int32Array {
  if (!Array.isArray(part.value)) part.refuse("must be a list");
  const pairs = part.value as unknown[];
  const merges = new Int32Array(3 * pairs.length);
  const prefixLength = prefix.length;
  let rank = 0;
  for (const [index, pair] of pairs.entries()) {
    // As in merges.txt: "left right", perhaps after a line with the version.
    if (typeof pair === "string" && pair.startsWith("#version")) continue;
    const parts = typeof pair === "string" ? pair.split(" ") : Array.isArray(pair) ? pair : [];
    const [left, right, ...rest] = parts as unknown[];
    if (typeof left !== "string" || typeof right !== "string" || rest.length > 0) {
      part.refuse(`has an entry ${index} that is not a pair of tokens`);
    }
    const leftId = vocabulary.get(left as string);
    const rightId = vocabulary.get(right as string);
    const id = vocabulary.get(left + (right as string).slice(prefixLength));
    if (leftId === undefined || rightId === undefined || id === undefined) {
      part.refuse(
        `joins ${quote(left as string)} and ${quote(right as string)} in entry ${index}, ` +
          "and one of the two or their sum is not in the vocabulary",
      );
    }
    merges.set([leftId!, rightId!, id!], 3 * rank++);
  }
  return merges.subarray(0, 3 * rank);
}

function byteTokens(vocabulary: ReadonlyMap<string, number>): (number | undefined)[] {
  const name = (byte: number) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`;
  return Array.from({ length: 256 }, (_, byte) => vocabulary.get(name(byte)));
}

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

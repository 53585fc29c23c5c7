// Flattens a tokenizer that was read and checked into arrays of numbers, as the addon takes it (native/tokenizer/description.h).
import type { TokenizerDescription } from "../contract.ts";
import type { Cut } from "./cuts.ts";
import type { Frame } from "./finish.ts";
import type { Model } from "./model.ts";
import type { Normalization } from "./normalizer.ts";
import type { Pattern } from "./patterns.ts";
import type { TokenizerParts } from "./tokenizer.ts";
import { bertClasses, classes, lowercase, unicodeForms } from "./unicode_rows.ts";

/** Texts end to end, each known by its number. */
class TextPool {
  readonly #texts: string[] = [];
  readonly #names = new Map<string, number>();

  add(text: string): number {
    return this.#texts.push(text) - 1;
  }

  /** -1 for "". */
  addUnlessEmpty(text: string): number {
    return text === "" ? -1 : this.add(text);
  }

  /** The name of an enumeration's value. */
  name(name: string): number {
    let number = this.#names.get(name);
    if (number === undefined) {
      number = this.add(name);
      this.#names.set(name, number);
    }
    return number;
  }

  flat(): { texts: Uint8Array; ends: Int32Array } {
    const texts = new TextEncoder().encode(this.#texts.join(""));
    const ascii = texts.length === this.#texts.reduce((sum, { length }) => sum + length, 0);
    let end = 0;
    const ends = Int32Array.from(this.#texts, (text) => {
      end += ascii ? text.length : Buffer.byteLength(text);
      return end;
    });
    return { texts, ends };
  }
}

export function flatten(parts: TokenizerParts): TokenizerDescription {
  const { model, normalizer, cuts, added, frame } = parts;
  const pool = new TextPool();
  const ids: number[] = [];
  model.tokens.forEach((token, id) => {
    if (token === undefined) return; // a hole
    pool.add(token);
    ids.push(id);
  });
  const named = (ranges: readonly (readonly [number, number, string])[]) =>
    rows(ranges.map(([first, end, name]) => [first, end, pool.name(name)]));
  const kinds = new Set(normalizer.map(({ kind }) => kind));
  const bert = kinds.has("BertNormalizer");
  const compatible = kinds.has("NFKC") || kinds.has("NFKD");
  const together = kinds.has("NFC") || kinds.has("NFKC");
  return {
    ids: new Int32Array(ids),
    ...flatModel(model, pool),
    added: rows(
      added.map(({ content, id, singleWord, lstrip, rstrip, normalized }) => [
        pool.addUnlessEmpty(content),
        id,
        ...[singleWord, lstrip, rstrip, normalized].map(Number),
      ]),
    ),
    normalizer: rows(normalizer.map((step) => normalizerRow(step, pool))),
    cuts: rows(cuts.map((cut) => cutRow(cut, pool))),
    ...flatFrame(frame),
    classes: named(classes()),
    bertClasses: named(bert ? bertClasses() : []),
    ...unicodeForms({
      apart: bert || together || compatible || kinds.has("NFD"),
      compatible,
      together,
    }),
    lowercase: bert || kinds.has("Lowercase") ? lowercase() : new Int32Array(),
    ...pool.flat(), // last: everything above adds to it
  };
}

function rows(list: readonly (readonly number[])[]): Int32Array {
  return new Int32Array(list.flat());
}

/** `width` numbers, with zeros where there are fewer. */
function padded(width: number, ...numbers: number[]): number[] {
  return Array.from({ length: width }, (_, place) => numbers[place] ?? 0);
}

function flatModel(
  model: Model,
  pool: TextPool,
): Pick<TokenizerDescription, "model" | "merges" | "byteTokens"> {
  const row = (...numbers: number[]) =>
    Int32Array.from(padded(6, pool.name(model.type), ...numbers));
  if (model.type === "WordPiece") {
    return {
      model: row(model.unknown, pool.addUnlessEmpty(model.prefix), model.maxWord),
      merges: new Int32Array(),
      byteTokens: new Int32Array(),
    };
  }
  const { unknown, vocabulary, byteTokens = [] } = model;
  return {
    model: row(
      unknown === undefined ? -1 : (vocabulary.get(unknown) ?? -2),
      Number(model.fuse),
      Number(model.ignoreMerges),
      pool.addUnlessEmpty(model.prefix),
      pool.addUnlessEmpty(model.suffix),
    ),
    merges: model.merges,
    byteTokens: Int32Array.from(byteTokens, (id) => id ?? -1),
  };
}

function flatFrame({ before, after, pair }: Frame) {
  return {
    before: Int32Array.from(before),
    after: Int32Array.from(after),
    pair: Int32Array.from(pair ? [pair.firstType ?? -1] : []),
    pairBefore: Int32Array.from(pair?.before ?? []),
    pairBetween: Int32Array.from(pair?.between ?? []),
    pairAfter: Int32Array.from(pair?.after ?? []),
  };
}

function normalizerRow(step: Normalization, pool: TextPool): number[] {
  const row = (...numbers: number[]) => padded(5, pool.name(step.kind), ...numbers);
  switch (step.kind) {
    case "Prepend":
      return row(pool.addUnlessEmpty(step.content));
    case "Replace":
      return row(pool.add(step.pattern), pool.addUnlessEmpty(step.content));
    case "BertNormalizer":
      return row(...[step.clean, step.chinese, step.stripAccents, step.lowercase].map(Number));
    default:
      return row();
  }
}

function cutRow(cut: Cut, pool: TextPool): number[] {
  const row = (...numbers: number[]) => padded(7, pool.name(cut.kind), ...numbers);
  const splitting = (pattern: Pattern) =>
    cut.kind !== "split" && !cut.split ? [-1] : patternRow(pattern, pool);
  switch (cut.kind) {
    case "split":
      return row(...splitting(cut.pattern), pool.name(cut.behavior), Number(cut.invert));
    case "bytes":
      return row(Number(cut.spaceBefore), ...splitting({ kind: "gpt2" }));
    case "metaspace": {
      const mark = pool.add(cut.replacement);
      return row(
        mark,
        pool.name(cut.prepend),
        ...splitting({ kind: "text", text: cut.replacement }),
      );
    }
  }
}

/** Four numbers. */
function patternRow(pattern: Pattern, pool: TextPool): number[] {
  const row = (...numbers: number[]) => padded(4, pool.name(pattern.kind), ...numbers);
  switch (pattern.kind) {
    case "text":
      return row(pool.add(pattern.text));
    case "run":
      return row(pool.name(pattern.of), pattern.min, Math.min(pattern.max, 2 ** 31 - 1));
    case "newer":
      return row(pattern.digits);
    default:
      return row();
  }
}

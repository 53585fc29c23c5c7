// A store in which vectors and keywords disagree: to its embedder some words mean the same.
import type { StoreDocument } from "../../src/store/documents.ts";
import type { StoreEmbedder } from "../../src/store/index.ts";
import { FakeModel, fakeGate } from "../src/fakes.ts";
import { BagOfWords } from "../store/bag_of_words.ts";

const meanings: readonly (readonly [RegExp, string])[] = [
  [/\bpurge\b/gi, "descale"],
  [/\bboiler\b/gi, "machine"],
];

export class Meanings extends BagOfWords {
  constructor({ info }: StoreEmbedder) {
    super(info.path, info.dimensions);
  }

  override embed(texts: Iterable<string>): Promise<Float32Array[]> {
    return super.embed(
      Array.from(texts, (text) =>
        meanings.reduce((kept, [word, meaning]) => kept.replace(word, meaning), text),
      ),
    );
  }
}

export const question = "descale machine";

const words = (from: number, count: number) =>
  Array.from(
    { length: count },
    (_, i) => `${String.fromCharCode(97 + ((from + i) % 26))}x${"y".repeat(i)}`,
  ).join(" ");

/** By its words only vectors find it near to the question. */
export const byMeaning = (index: number, more = "") => ({
  id: `meaning-${index}`,
  text: `purge boiler ${more}${"z".repeat(index + 1)}`,
});

/** Its words are the question's, among so many others that its vector is far away. */
export const byWords = (index: number, more = "") => ({
  id: `words-${index}`,
  text: `descale machine ${more}${words(index, 24)}`,
});

/** Twelve of each, and one that both find. */
export function documents(): StoreDocument[] {
  return [
    { id: "both", text: "descale machine vinegar", path: "care/both.txt" },
    ...Array.from({ length: 12 }, (_, index) => byMeaning(index)),
    ...Array.from({ length: 12 }, (_, index) => byWords(index)),
  ];
}

/** Margin 3 for a passage with vinegar, 0.5 for one that may do, -2 otherwise. */
export function gate(offset = 0) {
  const margin = (prompt: string) => {
    const passage = prompt.slice(prompt.indexOf("|") + 1);
    return passage.includes("vinegar") ? 3 : passage.includes("perhaps") ? 0.5 : -2;
  };
  return fakeGate({ model: new FakeModel(margin), contextLength: 4000, offset });
}

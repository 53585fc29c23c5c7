import { describe, expect, it } from "vitest";
import { Bm25 } from "../../src/eval/bm25.ts";
import { randomNumbers } from "../../src/eval/random.ts";
import { termsOf } from "../../src/eval/words.ts";

describe("termsOf", () => {
  it("lowers, leaves out stop words and cuts plurals as Harman's S-stemmer does", () => {
    expect(termsOf("The CAPITALS of Germany, and its 16 states!")).toEqual([
      "capital",
      "germany",
      "its",
      "16",
      "state",
    ]);
    const words = "queries horses shoes buses class bus aies trees gas";
    expect(termsOf(words)).toEqual("query horse shoes buse class bus aies trees gas".split(" "));
  });

  it("takes letters and digits of any script, as NFKC writes them", () => {
    expect(termsOf("Größe ﬁnale １２ 東京")).toEqual(["größe", "finale", "12", "東京"]);
  });
});

/** The textbook formula, term by term over the whole collection. */
function plainScore(documents: readonly string[], query: string, document: string): number {
  const all = documents.map(termsOf);
  const average = all.reduce((sum, terms) => sum + terms.length, 0) / all.length;
  const terms = termsOf(document);
  let score = 0;
  for (const term of termsOf(query)) {
    const holding = all.filter((each) => each.includes(term)).length;
    const idf = Math.log((all.length - holding + 0.5) / (holding + 0.5) + 1);
    const tf = terms.filter((each) => each === term).length;
    score += (idf * tf * 2.2) / (tf + 1.2 * (1 - 0.75 + (0.75 * terms.length) / average));
  }
  return score;
}

describe("Bm25", () => {
  const random = randomNumbers(7);
  const words = "river lake bank money loan water fish boat interest rate deep".split(" ");
  const text = (length: number) =>
    Array.from({ length }, () => words[Math.floor(random() ** 2 * words.length)]).join(" ");
  const documents = Array.from({ length: 40 }, () => text(1 + Math.floor(random() * 20)));
  const bm25 = new Bm25(documents);
  const queries = Array.from({ length: 10 }, () => text(3));

  it("scores as the formula says, documents of the collection and others", () => {
    for (const query of queries) {
      for (const document of [...documents, "a boat on deep water", ""]) {
        expect(bm25.score(query, document)).toBeCloseTo(plainScore(documents, query, document), 10);
      }
    }
  });

  it("finds what scores above nothing, the best first, equal ones in their order", () => {
    for (const query of queries) {
      const expected = documents
        .map((document, index) => ({
          document: index,
          score: plainScore(documents, query, document),
        }))
        .filter(({ score }) => score > 0)
        .sort((a, b) =>
          Math.abs(b.score - a.score) > 1e-9 ? b.score - a.score : a.document - b.document,
        );
      const found = bm25.search(query);
      expect(found.map(({ document }) => document)).toEqual(
        expected.map(({ document }) => document),
      );
      expect(bm25.search(query, 3)).toEqual(found.slice(0, 3));
    }
    expect(bm25.search("the of")).toEqual([]);
  });

  it("knows an empty collection", () => {
    expect(new Bm25([]).search("river")).toEqual([]);
    expect(new Bm25([]).score("river", "river")).toBeGreaterThan(0);
  });
});

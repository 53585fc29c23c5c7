import { describe, expect, it } from "vitest";
import { diversify } from "../../src/store/diversify.ts";

const candidates = [
  { document: 1, score: 1 },
  { document: 1, score: 0.9 },
  { document: 2, score: 0.5 },
  { document: 1, score: 0 },
];
const indices = (similarity: (a: number, b: number) => number | undefined, topK = 4) =>
  diversify(candidates, topK, similarity).map(({ index }) => index);

describe("diversity inside a document", () => {
  it("holds a likeness to chosen passages of the document against a passage", () => {
    // Second: 0.5 x 0.9 - 0.5 x 0.8 = 0.05, behind the other document's 0.25; fourth: 0 - 0.5 x 0.1 < 0.
    const alike = (a: number, b: number) => (Math.max(a, b) === 1 ? 0.8 : 0.1);
    expect(indices(alike)).toEqual([0, 2, 1]);
    expect(diversify(candidates, 4, alike)[2]!.penalty).toBeCloseTo(0.4, 12);
  });

  it("takes the largest of several likenesses", () => {
    // The fourth gains 0 before anything of its document is chosen, and then only loses.
    const seen: string[] = [];
    indices((a, b) => {
      seen.push(`${a}-${b}`);
      return 0;
    });
    expect(seen).toEqual(["1-0", "3-0", "3-1"]);
  });

  it("changes nothing between documents, or without vectors", () => {
    expect(indices(() => undefined)).toEqual([0, 1, 2, 3]);
    expect(indices(() => -1)).toEqual([0, 1, 2, 3]);
    expect(indices(() => undefined, 2)).toEqual([0, 1]);
  });

  it("takes equal scores in their order", () => {
    const equal = [3, 4, 5].map((document) => ({ document, score: 0.2 }));
    expect(diversify(equal, 2, () => 1).map(({ index }) => index)).toEqual([0, 1]);
    expect(diversify([], 2, () => 1)).toEqual([]);
  });
});

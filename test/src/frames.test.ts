// From a query and passages to inputs: prompts behind a shared head, pairs with the place of the second text.
import { expect, it } from "vitest";
import { pairEncoder } from "../../src/frames.ts";
import { fakeTokenizer } from "./fakes.ts";

const read = (tokens: Int32Array) => String.fromCharCode(...tokens);

it("a prompt's part before the passage is handed over once", async () => {
  const heads: string[] = [];
  const encoder = pairEncoder(
    { kind: "prompt", system: "S", template: "{system} {query}|{passage}|{query" },
    {
      ...fakeTokenizer,
      encodeAfter(head, tails) {
        heads.push(head);
        return fakeTokenizer.encodeAfter(head, tails);
      },
    },
  )!;
  const inputs = await encoder.encode("{passage}", ["one", "{query}"]);
  expect(inputs.map(({ tokens }) => read(tokens))).toEqual([
    "S {passage}|one|{query",
    "S {passage}|{query}|{query",
  ]);
  expect(heads).toEqual(["S {passage}|"]);
  expect(encoder.frameUnits("ab")).toBe("S ab||{query".length);
});

it("a pair says where its second text begins", async () => {
  const encoder = pairEncoder({ kind: "pair" }, fakeTokenizer)!;
  const [input] = await encoder.encode("query", ["passage"]);
  expect(read(input!.tokens)).toBe("querypassage");
  expect(input!.second).toBe(5);
});

it("a model that reads one text at a time has no pairs", () => {
  expect(pairEncoder({ kind: "text", query: "", passage: "" }, fakeTokenizer)).toBeUndefined();
});

import { describe, expect, it } from "vitest";
import { type EvalRow, readRows } from "../../src/eval/rows.ts";
import { codeOf } from "../src/fakes.ts";
import { lines } from "./lines.ts";

const read = (content: string) => readRows(lines(content), "rows.json");
const row = { query: "q", passage: "p", label: 1, domain: "law", kind: "positive" };
const full: EvalRow = { ...row, label: 1, rest: {} };

describe("readRows", () => {
  it.each([
    ["JSON lines", `${JSON.stringify(row)}\n\n${JSON.stringify(row)}\n`, 2],
    ["one line", JSON.stringify(row), 1],
    ["an array on one line", JSON.stringify([row, row]), 2],
    ["an array on many", JSON.stringify([row, row], undefined, 2), 2],
    ["an array with a row a line", `[${JSON.stringify(row)},\n${JSON.stringify(row)}]`, 2],
    ["an object that holds a list", JSON.stringify({ name: "x", rows: [row] }), 1],
    ["the same on many lines", JSON.stringify({ data: [row, row], n: [1, 2] }, undefined, 1), 2],
  ])("reads %s", async (_name, content, count) => {
    expect(await read(content)).toEqual(new Array(count).fill(full));
  });

  it.each([0, "0", false, "false"])("takes the label %j for 0", async (label) => {
    expect(await read(JSON.stringify({ ...row, label }))).toMatchObject([{ label: 0 }]);
  });

  it.each([1, "1", true, "true"])("takes the label %j for 1", async (label) => {
    expect(await read(JSON.stringify({ ...row, label }))).toMatchObject([{ label: 1 }]);
  });

  it("knows other names of the fields and keeps the fields it does not know", async () => {
    const other = {
      question: "q",
      document: "p",
      relevant: true,
      category: "law",
      id: 7,
      score: [1],
    };
    const [read_] = await read(JSON.stringify(other));
    expect(read_).toEqual({ ...full, rest: { id: 7, score: [1] } });
  });

  it("passes over a name whose value is of another kind", async () => {
    const given = { ...row, label: "some text", answer: "0" };
    expect(await read(JSON.stringify(given))).toMatchObject([
      { label: 0, rest: { label: "some text" } },
    ]);
  });

  it("takes the pair out of the published prompt", async () => {
    const prompt = "You judge.\n\nUSER: Q: what? \n\nPASSAGE:\nSome\n\ntext.\n\nASSISTANT: ";
    expect(await read(JSON.stringify({ prompt, completion: "1" }))).toMatchObject([
      { query: "what? ", passage: "Some\n\ntext.", label: 1 },
    ]);
  });

  it("names kinds alike, and by the label where there are none", async () => {
    const kinds = ["Near_Miss", "cross", "cross domain", "Positive"];
    const rows = [
      ...kinds.map((kind) => ({ ...row, kind })),
      { query: "q", passage: "p", label: 0 },
    ];
    expect((await read(JSON.stringify(rows))).map(({ kind }) => kind)).toEqual([
      "near-miss",
      "cross-domain",
      "cross-domain",
      "positive",
      "negative",
    ]);
  });

  it("takes several lists one after the other, each as a kind", async () => {
    const plain = { query: "q", passage: "p", label: 1 };
    const rows = await read(JSON.stringify({ carry: [plain], cross: [plain, row] }));
    expect(rows.map(({ kind }) => kind)).toEqual(["carry", "cross-domain", "positive"]);
  });

  it.each([
    ["nothing", "\n", /holds no rows|neither/],
    ["no JSON", "query,passage,label", /neither JSON lines nor JSON/],
    ["an empty array", "[]", /holds no rows/],
    ["an object without rows", '{"rows": []}', /line 1 is not a labelled row/],
    ["a line that is no JSON", `${JSON.stringify(row)}\n\nx`, /line 3 is not JSON/],
    ["a line that is no row", `${JSON.stringify(row)}\n[]`, /line 2 is not a labelled row/],
    ["a bad label", JSON.stringify([row, { ...row, label: 2 }]), /row 2 is not a labelled row/],
    ["an empty query", JSON.stringify([{ ...row, query: " " }]), /row 1 is not a labelled row/],
    [
      "a bad row in a list",
      JSON.stringify({ rows: [row, 1] }),
      /rows: row 2 is not a labelled row/,
    ],
  ])("refuses %s and says where", async (_name, content, message) => {
    expect(await codeOf(read(content))).toBe("INPUT_INVALID");
    await expect(read(content)).rejects.toThrow(message);
    await expect(read(content)).rejects.toThrow(/^rows\.json: /);
  });
});

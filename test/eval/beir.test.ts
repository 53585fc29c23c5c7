import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type OpenLines, readBeir } from "../../src/eval/beir.ts";
import { codeOf } from "../src/fakes.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "qrag-beir-"));
  await mkdir(join(folder, "qrels"));
  await put("corpus.jsonl", corpus);
  await put("queries.jsonl", queries);
  await put("qrels/test.tsv", judgements);
});
afterEach(() => rm(folder, { recursive: true }));

const put = (name: string, content: string) => writeFile(join(folder, name), content);
const { readFile } = await import("node:fs/promises");
const open: OpenLines = async function* (path) {
  const content = await readFile(path, "utf8");
  for (const [index, text] of content.split("\n").entries()) yield { number: index + 1, text };
};
const read = () => readBeir(folder, open);

const corpus = `{"_id": "d1", "title": "Title", "text": "first", "metadata": {}}
{"_id": "d2", "title": "", "text": "second"}
{"_id": 3, "text": "third"}
`;
const queries =
  '{"_id": "q1", "text": "one"}\n{"_id": "q2", "text": "two"}\n{"_id": "q3", "text": "three"}\n';
const judgements =
  "query-id\tcorpus-id\tscore\nq2\td2\t2\nq2\t3\t0\nq1\td1\t1\nq1\tlost\t1\nq3\td1\t0\n";

describe("readBeir", () => {
  it("reads documents with their titles, and the queries that have a relevant one", async () => {
    const set = await read();
    expect(set.corpus).toEqual({
      ids: ["d1", "d2", "3"],
      texts: ["Title first", "second", "third"],
    });
    expect(set.queries).toEqual([
      {
        id: "q2",
        text: "two",
        grades: new Map([
          [1, 2],
          [2, 0],
        ]),
      },
      { id: "q1", text: "one", grades: new Map([[0, 1]]) },
    ]);
    expect(set.unanswerable).toEqual([{ id: "q3", text: "three", grades: new Map([[0, 0]]) }]);
  });

  it("knows nothing of a query whose relevant documents its corpus does not hold", async () => {
    await put("qrels/test.tsv", "q1\td1\t1\nq2\tlost\t1\nq2\td1\t0\nq3\tlost\t0\n");
    const { queries, unanswerable } = await read();
    expect(queries.map(({ id }) => id)).toEqual(["q1"]);
    expect(unanswerable.map(({ id }) => id)).toEqual(["q3"]);
  });

  it("reads judgements in TREC's form, beside the corpus", async () => {
    await rm(join(folder, "qrels"), { recursive: true });
    await put("qrels.tsv", "q1 0 d1 1\nq2 0 d2 1\n");
    expect((await read()).queries.map(({ id }) => id)).toEqual(["q1", "q2"]);
  });

  it("takes test.tsv of several, and does not guess without one", async () => {
    await put("qrels/dev.tsv", "q3\td3\t1\n");
    expect((await read()).queries).toHaveLength(2);
    await rm(join(folder, "qrels", "test.tsv"));
    await put("qrels/train.tsv", judgements);
    await expect(read()).rejects.toThrow(/which judgements\? .*dev\.tsv, .*train\.tsv/);
  });

  it.each([
    [
      "a document without an id",
      "corpus.jsonl",
      `${corpus}{"text": "x"}\n`,
      /corpus\.jsonl: line 4 is no/,
    ],
    ["a document without a text", "corpus.jsonl", '{"_id": "d1"}\n', /corpus\.jsonl: line 1 is no/],
    ["a document twice", "corpus.jsonl", corpus + corpus, /corpus\.jsonl: line 4 has the same _id/],
    ["an empty corpus", "corpus.jsonl", "\n", /corpus\.jsonl is empty/],
    ["a query that is no JSON", "queries.jsonl", `${queries}{"_id`, /queries\.jsonl: line 4 is no/],
    ["too few columns", "qrels/test.tsv", "q1\td1\n", /test\.tsv: line 1 is no judgement/],
    [
      "a grade that is no number",
      "qrels/test.tsv",
      "q1\td1\t1\nq1\td2\thigh\n",
      /line 2 is no judgement/,
    ],
    [
      "a judgement of no query",
      "qrels/test.tsv",
      "q1\td1\t1\n\nq9\td1\t1\n",
      /line 3: there is no query q9/,
    ],
    ["no relevant document", "qrels/test.tsv", "q1\td1\t0\n", /no query has a relevant document/],
  ])("refuses %s and says where", async (_name, file, content, message) => {
    await put(file, content);
    await expect(read()).rejects.toThrow(message);
    expect(await codeOf(read())).toBe("INPUT_INVALID");
  });

  it("says what it looked for when there are no judgements", async () => {
    await rm(join(folder, "qrels"), { recursive: true });
    await expect(read()).rejects.toThrow(/no judgements: expected qrels\/test\.tsv/);
  });
});

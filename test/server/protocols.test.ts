import { describe, expect, it } from "vitest";
import { byNumber, FakeModel, fakeGate } from "../src/fakes.ts";
import { get, post, serving } from "./serving.ts";

const sigmoid = (margin: number) => 1 / (1 + Math.exp(-margin));
const texts = ["fair =1", "off =-2", "best =3"];
const long = `${"Nothing to see here, it all goes on. ".repeat(10)}The answer is =4 today. `;

describe("Text Embeddings Inference", () => {
  it("gets an array, the best first", async () => {
    const { url } = await serving();
    const answer = await post(`${url}/rerank`, {
      query: "q",
      texts,
      truncate: true,
      truncation_direction: "Left",
    });
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual([
      { index: 2, score: sigmoid(3) },
      { index: 0, score: sigmoid(1) },
      { index: 1, score: sigmoid(-2) },
    ]);
    expect(answer.headers.get("x-compute-type")).toBe("cpu");
    expect(answer.headers.get("x-compute-characters")).toBe("21");
    expect(Number(answer.headers.get("x-compute-tokens"))).toBe("q|".length * 3 + 21);
  });

  it("gets margins and texts where it asks for them, and drops nothing unless asked", async () => {
    const { url } = await serving();
    const ask = (more: object) => post(`${url}/rerank`, { query: "q", texts, ...more });
    expect((await ask({ raw_scores: true, return_text: true })).json[0]).toEqual({
      index: 2,
      score: 3,
      text: "best =3",
    });
    expect((await ask({ only_relevant: true })).json).toHaveLength(2);
    expect((await ask({ min_score: 0.9 })).json).toHaveLength(1);
    expect((await ask({ top_n: 2 })).json).toHaveLength(2);
  });

  it("is told of the model, of health, and gets errors in its shape", async () => {
    const { url } = await serving({ maxDocuments: 7 });
    const { json } = await get(`${url}/info`);
    expect(json).toMatchObject({
      model_id: "fake",
      model_type: { reranker: { id2label: { "0": "0", "1": "1" } } },
      max_client_batch_size: 7,
      max_input_length: 200,
    });
    for (const path of ["/health", "/ping", "/"]) {
      const answer = await get(url + path);
      expect([answer.status, answer.text]).toEqual([200, ""]);
    }
    const shapes: [unknown, number, string][] = [
      [{ query: "q", texts: [] }, 400, "Empty"],
      [{ query: "q", texts: Array(8).fill("p") }, 422, "Validation"],
      [{ query: "q", texts: ["p", 1] }, 422, "Validation"],
      [{ texts }, 422, "Validation"],
      ["{", 400, "Empty"],
    ];
    for (const [body, status, error_type] of shapes) {
      const answer = await post(`${url}/rerank`, body);
      expect(answer.status).toBe(status);
      expect(answer.json).toEqual({ error: expect.any(String), error_type });
    }
  });
});

describe.each(["/rerank", "/reranking", "/v1/rerank", "/v1/reranking", "/v2/rerank"])(
  "documents at %s",
  (path) => {
    it("get the fields of Cohere, Jina and llama-server", async () => {
      const { url } = await serving();
      const answer = await post(url + path, {
        model: "rerank-v3.5",
        query: "q",
        documents: texts,
        top_n: 2,
      });
      expect(answer.status).toBe(200);
      expect(answer.json).toEqual({
        id: expect.stringMatching(/^[\da-f-]{36}$/),
        object: "list",
        model: "rerank-v3.5",
        results: [
          { index: 2, relevance_score: sigmoid(3) },
          { index: 0, relevance_score: sigmoid(1) },
        ],
        usage: { prompt_tokens: 27, total_tokens: 27 },
        meta: {
          api_version: { version: path === "/v2/rerank" ? "2" : "1" },
          billed_units: { search_units: 1 },
          tokens: { input_tokens: 27, output_tokens: 0 },
        },
      });
    });

    it("are told of windows, and get everything unless they ask for less", async () => {
      const { url } = await serving({
        gate: fakeGate({ model: new FakeModel(byNumber), contextLength: 100 }),
      });
      const { json } = await post(url + path, { query: "q", documents: [long, "short =-1"] });
      expect(json.results.map(({ index }: { index: number }) => index)).toEqual([0, 1]);
      expect(json.meta.warnings).toEqual([
        expect.stringMatching(/^document 0 is longer .* judged in \d+ windows$/),
      ]);
      expect(json.model).toBe("fake");
    });

    it("may be objects", async () => {
      const { url } = await serving();
      const documents = [{ text: "a =1" }, { text: "b =2", title: "t =5" }, "c =3"];
      const ask = (more: object) => post(url + path, { query: "q", documents, ...more });
      const order = ({ json }: { json: { results: { index: number }[] } }) =>
        json.results.map(({ index }) => index);
      expect(order(await ask({}))).toEqual([2, 1, 0]);
      expect(order(await ask({ rank_fields: ["title", "text"] }))).toEqual([1, 2, 0]);
      const { json } = await ask({ return_documents: true });
      expect(json.results[0].document).toEqual(
        path === "/v2/rerank" ? undefined : { text: "c =3" },
      );
    });

    it.each<[unknown, number, RegExp]>([
      ["{", 400, /not JSON/],
      ["[]", 422, /a JSON object/],
      ['"text"', 422, /a JSON object/],
      [{ documents: texts }, 422, /a string for query/],
      [{ query: " ", documents: texts }, 422, /some text for query/],
      [{ query: 1, documents: texts }, 422, /a string for query/],
      [{ query: "q" }, 422, /documents/],
      [{ query: "q", documents: "text" }, 422, /an array for documents/],
      [{ query: "q", documents: [] }, 422, /at least one of documents/],
      [{ query: "q", documents: [null] }, 422, /documents\[0\]/],
      [{ query: "q", documents: [{ body: "p" }] }, 422, /documents\[0\]/],
      [{ query: "q", documents: texts, top_n: 0 }, 422, /top_n/],
      [{ query: "q", documents: texts, top_n: "2" }, 422, /top_n/],
      [{ query: "q", documents: texts, min_score: "high" }, 422, /min_score/],
      [
        { query: "q", documents: texts, return_documents: 1 },
        path === "/v2/rerank" ? 200 : 422,
        /return_documents/,
      ],
      [{ query: "q".repeat(70_000), documents: texts }, 422, /65536/],
    ])("%j get %i", async (body, status, message) => {
      const { url } = await serving();
      const answer = await post(url + path, body);
      expect(answer.status).toBe(status);
      if (status === 200) return;
      // A path that text-embeddings-inference has too answers in its shape until it is known who asks.
      const said = typeof answer.json.error === "string" ? answer.json.error : answer.json.message;
      expect(said).toMatch(message);
      if (path.startsWith("/v")) {
        const type = "invalid_request_error";
        expect(answer.json).toEqual({
          message: said,
          detail: said,
          error: { code: status, message: said, type },
        });
      }
    });
  },
);

describe("/v1/models", () => {
  it("names the model", async () => {
    const { url } = await serving();
    expect((await get(`${url}/v1/models`)).json).toEqual({
      object: "list",
      data: [{ id: "fake", object: "model", created: expect.any(Number), owned_by: "qrag" }],
    });
  });
});

describe("/judge", () => {
  it("gives verdicts in the order of the passages", async () => {
    const { url } = await serving();
    const passages = ["fair =1", { passage: "off =-2" }, { content: "best =3", id: 7 }];
    const { json } = await post(`${url}/judge`, { query: "q", passages, return_passages: true });
    expect(json).toMatchObject({ model: "fake", relevant: 2 });
    expect(json.results).toEqual([
      expect.objectContaining({
        index: 0,
        relevant: true,
        margin: 1,
        score: sigmoid(1),
        windows: 1,
        passage: "fair =1",
      }),
      expect.objectContaining({ index: 1, relevant: false, margin: -2, passage: "off =-2" }),
      expect.objectContaining({ index: 2, relevant: true, margin: 3, passage: "best =3" }),
    ]);
    const kept = await post(`${url}/judge`, { query: "q", passages, only_relevant: true });
    expect(kept.json.results.map(({ index }: { index: number }) => index)).toEqual([0, 2]);
    expect((await post(`${url}/judge`, { query: "q", passages: [] })).json).toMatchObject({
      relevant: 0,
      results: [],
    });
  });

  it("says where the deciding window lies, and why a passage was refused", async () => {
    const gate = fakeGate({
      model: new FakeModel(byNumber),
      contextLength: 100,
      scripts: ["Latin"],
    });
    const { url } = await serving({ gate });
    const { json } = await post(`${url}/judge`, {
      query: "a question",
      passages: [long, "Столица"],
    });
    const [first, second] = json.results;
    expect(long.slice(first.span.start, first.span.end)).toContain("is =4 today");
    expect(second).toMatchObject({ relevant: false, margin: null, score: 0, reason: "script" });
  });

  it("puts the line of a calibration at one half", async () => {
    const { url } = await serving({
      gate: fakeGate({ model: new FakeModel(byNumber), offset: 1 }),
    });
    const { json } = await post(`${url}/judge`, {
      query: "q",
      passages: ["a =1", "b =1.5", "c =0.5"],
    });
    expect(
      json.results.map(({ relevant, score }: { relevant: boolean; score: number }) => [
        relevant,
        score,
      ]),
    ).toEqual([
      [false, 0.5],
      [true, sigmoid(0.5)],
      [false, sigmoid(-0.5)],
    ]);
  });

  it("streams lines as they come, and ends with a summary", async () => {
    const { url } = await serving();
    const passages = Array.from({ length: 200 }, (_, index) => `p${index} =${(index % 3) - 1}`);
    for (const headers of [{}, { accept: "application/x-ndjson" }]) {
      const body = {
        query: "q",
        passages,
        only_relevant: true,
        ...(!("accept" in headers) && { stream: true }),
      };
      const answer = await post(`${url}/judge`, body, headers as Record<string, string>);
      expect(answer.headers.get("content-type")).toBe("application/x-ndjson");
      const lines = answer.text
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line));
      expect(lines.slice(0, -1).map(({ index }) => index)).toEqual(
        passages.flatMap((_, index) => (index % 3 === 2 ? [index] : [])),
      );
      expect(lines.at(-1)).toEqual({ done: true, relevant: 66, tokens: expect.any(Number) });
    }
  });

  it("tells a failure in mid-stream as its last line, and one before it by its status", async () => {
    let calls = 0;
    const model = new FakeModel((text) => (++calls > 150 ? Number.NaN : byNumber(text)));
    const { url } = await serving({ gate: fakeGate({ model }) });
    const passages = Array(2000).fill("p =1");
    const answer = await post(`${url}/judge`, { query: "q", passages, stream: true });
    expect(answer.status).toBe(422);
    const more = await serving({ gate: fakeGate({ model }), maxDocuments: 5000 });
    calls = 0;
    const lines = (await post(`${more.url}/judge`, { query: "q", passages, stream: true })).text
      .trimEnd()
      .split("\n");
    expect(JSON.parse(lines.at(-1)!)).toEqual({ error: "Internal error", error_type: "Backend" });
    expect(JSON.parse(lines[0]!)).toMatchObject({ index: 0, margin: 1 });
  });
});

describe("/metrics", () => {
  it("counts questions, empty results and passages kept", async () => {
    const { url } = await serving();
    await post(`${url}/judge`, { query: "q", passages: ["a =1", "b =2", "c =-1"] });
    await post(`${url}/v1/rerank`, { query: "q", documents: ["a =-1"] });
    await post(`${url}/rerank`, "{");
    const { text, headers } = await get(`${url}/metrics`);
    expect(headers.get("content-type")).toMatch(/^text\/plain; version=0\.0\.4/);
    for (const line of [
      'te_request_count{method="/judge"} 1',
      'te_request_success{method="/v1/rerank"} 1',
      'te_request_failure{err="400"} 1',
      "te_request_duration_count 3",
      "te_queue_size 0",
      "qrag_questions_total 2",
      "qrag_empty_results_total 1",
      "qrag_passages_total 4",
      "qrag_passages_kept_total 2",
    ]) {
      expect(text.split("\n")).toContain(line);
    }
    // Every line is a comment or a sample, and every sample has its family.
    for (const line of text.trimEnd().split("\n")) {
      expect(line).toMatch(/^(# (HELP|TYPE) \w+ .+|\w+(\{\w+="[^"]*"\})? -?[\d.e+-]+)$/);
    }
  });
});

describe("what the page asks for", () => {
  it("splits a document", async () => {
    const { url } = await serving();
    const text = "# One\n\nFirst text.\n\n# Two\n\nSecond text.\n";
    const { json } = await post(`${url}/split`, { name: "a.md", text });
    expect(
      json.passages.map(({ headings, text: found }: { headings: string[]; text: string }) => [
        headings,
        found,
      ]),
    ).toEqual([
      [["One"], "One\nFirst text."],
      [["Two"], "Two\nSecond text."],
    ]);
    expect((await post(`${url}/split`, { name: "a.md" })).status).toBe(422);
  });

  it("measures questions whose answers are known, under the names of qrag eval", async () => {
    const { url } = await serving();
    const passages = ["cats purr softly =2", "dogs bark loudly =-1", "birds sing early =1"];
    const questions = [
      { q: "what do cats do", a: "purr" },
      { q: "what do dogs do", a: "bark" },
      { q: "why do birds fly", a: null },
      { q: "how do dogs swim", a: null },
    ];
    const { json } = await post(`${url}/questions`, { passages, questions, top_k: 2 });
    expect(json).toMatchObject({
      kept_right: { count: 1, of: 2, share: 0.5 },
      silent: { count: 1, of: 2, share: 0.5 },
      refused: { count: 1, of: 2 },
      speaks: { count: 1, of: 2 },
    });
    expect(json.questions[0]).toMatchObject({
      question: "what do cats do",
      answerable: true,
      answer_found: true,
      passages: [{ index: 0, holds_answer: true, relevant: true, margin: 2 }],
    });
    const bad = await post(`${url}/questions`, { passages, questions: [{ q: "x" }] });
    expect([bad.status, bad.json.error]).toEqual([422, expect.stringMatching(/questions\[0\]/)]);
    const many = { passages, questions: Array(500).fill(questions[0]), top_k: 3 };
    expect((await post(`${url}/questions`, many)).status).toBe(422);
    const wide = { passages: Array(300_000).fill("a b"), questions };
    expect((await post(`${url}/questions`, wide)).json.error).toMatch(/at most 200000 pairs/);
    const long = { name: "a.md", text: "# a\n".repeat(300_000) };
    expect((await post(`${url}/split`, long)).json.error).toMatch(/at most 1048576 characters/);
  });
});

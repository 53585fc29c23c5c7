import { describe, expect, it } from "vitest";
import { readQuestions } from "../../src/eval/questions.ts";
import { codeOf } from "../src/fakes.ts";
import { lines } from "./lines.ts";

const read = (content: string) => readQuestions(lines(content), "q.jsonl");

describe("readQuestions", () => {
  it("reads questions with an answer and without, and remembers their lines", async () => {
    const content = '{"q": "who?", "a": "they"}\n\n{"a": null, "q": "why?", "note": 1}\n';
    expect(await read(content)).toEqual([
      { line: 1, question: "who?", answer: "they" },
      { line: 3, question: "why?", answer: null },
    ]);
  });

  it.each([
    ["what is no JSON", '{"q": "a", "a": null}\n{"q', /^q\.jsonl: line 2 is no question: expected/],
    ["what is no object", "[]\n", /line 1 is no question/],
    ["null", "null\n", /line 1 is no question/],
    ["a question that is no string", '{"q": 1, "a": null}', /line 1 is no question/],
    ["a question without an answer", '{"q": "who?"}', /line 1 is no question/],
    ["an answer that is a list", '{"q": "who?", "a": ["x"]}', /line 1 is no question/],
    ["an empty question", '\n{"q": " ", "a": null}', /line 2 has an empty question/],
    ["an empty answer", '{"q": "who?", "a": "\\n"}', /line 1 has an empty answer; null/],
    [
      "a question too long for any model",
      JSON.stringify({ q: "a".repeat(65_537), a: null }),
      /line 1 has a question longer than 65536 characters/,
    ],
    ["an empty file", "\n", /^q\.jsonl holds no questions/],
  ])("refuses %s and says where", async (_name, content, message) => {
    await expect(read(content)).rejects.toThrow(message);
    expect(await codeOf(read(content))).toBe("INPUT_INVALID");
  });
});

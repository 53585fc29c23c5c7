// The prompt: the published text byte for byte, the placeholders' rules, and that inserted text is never expanded.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GgufError } from "../../gguf/format.ts";
import {
  checkPrompt,
  defaultSystem,
  defaultTemplate,
  renderPrompt,
  rerankTemplate,
} from "../../gguf/prompt.ts";

const published = { system: defaultSystem, template: defaultTemplate };

it("renders the published prompt byte for byte", () => {
  expect(renderPrompt(published, "capital of Germany", "Berlin is the capital of Germany.")).toBe(
    `You are Q-Retriever. Given a USER query and a CANDIDATE passage, decide whether the passage is relevant to the query. Output exactly one character: 1 if relevant, 0 if not relevant. Refuse to invent relevance: if the passage does not address the query, output 0.

USER: Q: capital of Germany

PASSAGE:
Berlin is the capital of Germany.

ASSISTANT:${" "}`,
  );
});

describe("checkPrompt", () => {
  it.each([
    defaultTemplate,
    "{query}{passage}",
    "{query} {system} {passage}",
    "{{query}} {passage} {other} {",
  ])("accepts %j", (template) => {
    expect(() => checkPrompt({ system: "s", template })).not.toThrow();
  });

  it.each([
    ["", "{query} exactly once"],
    ["{query}", "{passage} exactly once"],
    ["{passage}", "{query} exactly once"],
    ["{query}{query}{passage}", "holds it 2 times"],
    ["{query}{passage}{passage}", "holds it 2 times"],
    ["{system}{system}{query}{passage}", "{system} once"],
    ["{passage}{query}", "{query} before {passage}"],
    ["{Query}{passage}", "{query} exactly once"],
    ["{ query }{passage}", "{query} exactly once"],
  ])("refuses %j", (template, message) => {
    const check = () => checkPrompt({ system: "{query}{passage}", template });
    expect(check).toThrow(GgufError);
    expect(check).toThrow(message);
  });
});

describe("renderPrompt", () => {
  const template = "<{system}|{query}|{passage}>";

  it.each([
    ["{passage}", "{query}"],
    ["$&", "$1 $$ $`"],
    ["{system}", "{system}"],
    ["__proto__", "\ud800"],
  ])("inserts %j and %j as they are", (query, passage) => {
    const system = "{query}";
    expect(renderPrompt({ system, template }, query, passage)).toBe(
      `<{query}|${query}|${passage}>`,
    );
  });

  it("inserts any text as it is", () => {
    const text = fc
      .array(fc.constantFrom("{", "}", "query", "passage", "system", "$", "&", "a"))
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(text, text, text, (system, query, passage) => {
        expect(renderPrompt({ system, template }, query, passage)).toBe(
          `<${system}|${query}|${passage}>`,
        );
      }),
      { seed: 18 },
    );
  });
});

describe("rerankTemplate", () => {
  it("is the prompt, in llama.cpp's words", () => {
    const text = rerankTemplate(published)!;
    const filled = text.replace("{query}", "capital of Germany").replace("{document}", "Berlin.");
    expect(filled).toBe(renderPrompt(published, "capital of Germany", "Berlin."));
  });

  it.each([
    ["say {query}", "{system} {query} {passage}"],
    ["say {document}", "{system} {query} {passage}"],
    ["", "{document} {query} {passage}"],
  ])("is refused where %j or %j would be filled in too", (system, template) => {
    expect(rerankTemplate({ system, template })).toBeUndefined();
  });
});

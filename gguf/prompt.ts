// The prompt a model was trained on: what qrag.prompt.system and qrag.prompt.template mean, and how they become text.
import { GgufError } from "./format.ts";

export const defaultSystem =
  "You are Q-Retriever. Given a USER query and a CANDIDATE passage, decide whether the passage is relevant to the query. " +
  "Output exactly one character: 1 if relevant, 0 if not relevant. " +
  "Refuse to invent relevance: if the passage does not address the query, output 0.";

/** The trailing space belongs to it. */
export const defaultTemplate = "{system}\n\nUSER: Q: {query}\n\nPASSAGE:\n{passage}\n\nASSISTANT: ";

export interface Prompt {
  readonly system: string;
  /** Text with the placeholders {system}, {query} and {passage}. Other braces are plain text. */
  readonly template: string;
}

const placeholders = /\{(system|query|passage)\}/g;

/** Throws unless {query} and {passage} occur once, in this order, and {system} at most once. */
export function checkPrompt({ template }: Prompt): void {
  const found = Array.from(template.matchAll(placeholders), (match) => match[1]);
  const fail = (problem: string): never => {
    throw new GgufError("invalid", `the template ${problem}`, { key: "qrag.prompt.template" });
  };
  for (const name of ["query", "passage"]) {
    const count = found.filter((placeholder) => placeholder === name).length;
    if (count !== 1) fail(`must hold {${name}} exactly once and holds it ${count} times`);
  }
  const systems = found.filter((placeholder) => placeholder === "system").length;
  if (systems > 1) fail(`may hold {system} once and holds it ${systems} times`);
  if (found.indexOf("passage") < found.indexOf("query")) {
    fail("must hold {query} before {passage}, so that passages can share the query's part");
  }
}

/** The text to encode, before and behind the passage. One pass: a placeholder inside the query stays as it is. */
export function promptAround({ system, template }: Prompt, query: string): [string, string] {
  const values: Record<string, string> = { system, query };
  const place = template.indexOf("{passage}");
  const filled = (part: string) =>
    part.replace(placeholders, (match, name: string) => values[name] ?? match);
  return [filled(template.slice(0, place)), filled(template.slice(place + "{passage}".length))];
}

/** The whole text to encode. */
export function renderPrompt(prompt: Prompt, query: string, passage: string): string {
  const [before, behind] = promptAround(prompt, query);
  return before + passage + behind;
}

/**
 * The prompt as llama.cpp's programs take it: with {query} and {document} for them to fill in. Undefined when another
 * part of the text says the same, since they would fill that in too.
 */
export function rerankTemplate({ system, template }: Prompt): string | undefined {
  const parts: Record<string, string> = { system, query: "{query}", passage: "{document}" };
  const text = template.replace(placeholders, (_match, name: string) => parts[name]!);
  const once = ["{query}", "{document}"].every((place) => text.split(place).length === 2);
  return once ? text : undefined;
}

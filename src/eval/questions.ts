// Questions about a folder, one a line: {"q", "a"}, where a is a text of the passage that answers, or null.
import { QragError } from "../../base/errors.ts";
import { limits } from "../options.ts";
import type { TextLine } from "./rows.ts";

export interface Question {
  /** Of the file, from 1. */
  readonly line: number;
  readonly question: string;
  /** A text that a passage with the answer holds, apart from white space; null: nothing in the folder answers. */
  readonly answer: string | null;
}

export const questionsHelp = 'JSON lines of {"q": a question, "a": words of its answer, or null}';

export async function readQuestions(
  lines: AsyncIterable<TextLine>,
  path: string,
): Promise<Question[]> {
  const questions: Question[] = [];
  for await (const { number, text } of lines) {
    if (text.trim() === "") continue;
    const bad = (problem: string) =>
      new QragError("INPUT_INVALID", `${path}: line ${number} ${problem}`);
    const { q, a } = fieldsOf(text) ?? {};
    if (typeof q !== "string" || (typeof a !== "string" && a !== null)) {
      throw bad(`is not a question: expected ${questionsHelp}`);
    }
    if (q.trim() === "") throw bad("has an empty question");
    if (q.length > limits.queryLength) {
      throw bad(`has a question longer than ${limits.queryLength} characters`);
    }
    if (a?.trim() === "") throw bad("has an empty answer; null says that there is none");
    questions.push({ line: number, question: q, answer: a });
  }
  if (questions.length > 0) return questions;
  throw new QragError("INPUT_INVALID", `${path} holds no questions: expected ${questionsHelp}`);
}

/** Undefined for what is no JSON object. */
export function fieldsOf(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

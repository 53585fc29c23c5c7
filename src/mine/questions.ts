// The questions that mining begins with, one a line: {"q", "positives"}, where positives name what is known to answer.
import { QragError } from "../../base/errors.ts";
import { fieldsOf } from "../eval/questions.ts";
import type { TextLine } from "../eval/rows.ts";
import { limits } from "../options.ts";
import type { StoredPassage } from "../store/read.ts";

/** A question that was made from a passage, and what it was made of. */
export interface Made {
  readonly from: "heading" | "sentence";
  readonly passage: StoredPassage;
  /** The passage's text without what the question was made of. */
  readonly text: string;
  /** What is missing there. */
  readonly cut: string;
}

export interface MiningQuestion {
  readonly text: string;
  /** Of the file, from 1; undefined where the question was made. */
  readonly line?: number;
  /** Ids of documents that answer, or texts that a passage with the answer holds. */
  readonly positives: readonly string[];
  readonly made?: Made;
}

export const questionsHelp =
  'JSON lines of {"q": a question, "positives": [ids of documents or texts that answer, if known]}';

/** Each question is two searches and up to twenty verdicts. */
export const mostQuestions = 100_000;
const mostPositives = 1000;
/** Of all questions and labels together: they are held in memory. */
const mostCharacters = 64 * 1024 * 1024;

/** Questions that stand there more than once, as in a log, become one. */
export async function readMiningQuestions(
  lines: AsyncIterable<TextLine>,
  path: string,
): Promise<MiningQuestion[]> {
  const found = new Map<string, { line: number; positives: Set<string> }>();
  const refuse = (problem: string) => new QragError("INPUT_INVALID", `${path}${problem}`);
  let characters = 0;
  for await (const { number, text } of lines) {
    if (text.trim() === "") continue;
    const { question, positives, problem } = questionOf(text);
    if (problem !== undefined) throw refuse(`: line ${number} ${problem}`);
    characters += text.length;
    if (characters > mostCharacters) throw refuse(` is longer than ${mostCharacters} characters`);
    const known = found.get(question);
    for (const positive of positives) known?.positives.add(positive);
    if (!known) found.set(question, { line: number, positives: new Set(positives) });
    if (found.size > mostQuestions) throw refuse(` has more than ${mostQuestions} questions`);
  }
  if (found.size === 0) throw refuse(` holds no questions: expected ${questionsHelp}`);
  return Array.from(found, ([text, { line, positives }]) => ({
    text,
    line,
    positives: [...positives],
  }));
}

interface Read {
  readonly question: string;
  readonly positives: readonly string[];
  readonly problem?: string;
}

function questionOf(line: string): Read {
  const { q, a, positives = [] } = fieldsOf(line) ?? {};
  const bad = (problem: string): Read => ({ question: "", positives: [], problem });
  if (typeof q !== "string" || !isTexts(positives)) {
    return bad(`is not a question: expected ${questionsHelp}`);
  }
  if (a !== undefined) {
    return bad(
      'has "a", as the questions of `qrag eval` do. What a model is judged by must not train it.',
    );
  }
  const question = q.trim();
  if (question === "") return bad("has an empty question");
  if (question.length > limits.queryLength) {
    return bad(`has a question longer than ${limits.queryLength} characters`);
  }
  if (positives.length > mostPositives) return bad(`has more than ${mostPositives} positives`);
  if (positives.some((each) => each.trim() === "")) return bad("has an empty positive");
  return { question, positives };
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === "string");
}

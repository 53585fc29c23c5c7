// What the page needs beside verdicts: documents split into passages, and questions with known answers measured.

import { isObject } from "../../checks.ts";
import { type FolderSet, folderSet } from "../../eval/folder.ts";
import { folderMeasures, type ScoredQuestion, type Share } from "../../eval/folder_measures.ts";
import type { Question } from "../../eval/questions.ts";
import type { SourcePassage } from "../../passages/split.ts";
import type { Admission } from "../admission.ts";
import type { Exchange, Route } from "../exchange.ts";
import { bad, type Fields } from "../fields.ts";
import type { Judging } from "../judging.ts";
import { teiError } from "../problem.ts";

/** Passages judged for a question; what `qrag eval --folder` takes too. */
const defaultTop = 5;
const maxTop = 100;
/** Characters of a document: the splitter runs on the event loop, a second or two at worst. */
const maxSplit = 1024 * 1024;
/** Passages times questions of a request: the search runs on the event loop. */
const maxSearched = 200_000;

const post = (
  path: string,
  handle: (exchange: Exchange, fields: Fields) => Promise<void>,
): Route => ({
  method: "POST",
  path,
  errors: teiError,
  handle: async (exchange) => handle(exchange, await exchange.fields()),
});

export function tryOutRoutes(judging: Judging, admission: Admission): Route[] {
  return [
    post("/split", async (exchange, fields) => {
      const text = needed(fields, "text");
      if (text.length > maxSplit) throw bad("text", `at most ${maxSplit} characters`);
      // Loaded when asked for: the Markdown parser is two thirds of what a server would load at its start.
      const { splitDocument } = await import("../../passages/split.ts");
      const document = { path: fields.text("name") ?? "document.txt", text };
      await exchange.json({ passages: splitDocument(document) });
    }),
    post("/questions", async (exchange, fields) => {
      const texts = fields.texts("passages");
      const questions = fields.list("questions").map(questionOf);
      const top = Math.min(fields.count("top_k") ?? defaultTop, maxTop);
      admission.check(questions.length * top);
      if (texts.length * questions.length > maxSearched) {
        throw bad("passages and questions", `at most ${maxSearched} pairs of both`);
      }
      const passages = texts.map(passageOf);
      const folder = { name: "", documents: 1, passages, unreadable: [] };
      const set = await folderSet(folder, questions, { top });
      await exchange.json(await measured(set, judging, exchange));
    }),
  ];
}

async function measured(set: FolderSet, judging: Judging, exchange: Exchange): Promise<object> {
  const scored: ScoredQuestion[] = [];
  for (const question of set.questions) {
    const texts = question.retrieved.map(({ text }) => text);
    const scores: number[] = [];
    for await (const { verdict } of judging.judge(question.question, texts, exchange.signal)) {
      scores.push(verdict.margin);
    }
    scored.push({ ...question, scores });
  }
  const { offset } = judging.gate.info;
  const { keptRight, silent, refused, speaks, passagesKept } = folderMeasures(scored, offset);
  return {
    kept_right: shown(keptRight),
    silent: shown(silent),
    refused: shown(refused),
    speaks: shown(speaks),
    passages_kept: scored.length > 0 ? passagesKept : null,
    questions: set.questions.map(({ question, answer, answered, retrieved }, index) => ({
      question,
      answerable: answer !== null,
      answer_found: answered,
      passages: retrieved.map(({ line, holdsAnswer }, place) => ({
        index: line,
        holds_answer: holdsAnswer,
        relevant: scored[index]!.scores[place]! > offset,
        // JSON writes -Infinity as null.
        margin: scored[index]!.scores[place],
      })),
    })),
  };
}

/** A passage of the page's list; its place in it stands for its line. */
function passageOf(text: string, index: number): SourcePassage {
  return { text, path: "", headings: [], start: 0, end: 0, line: index };
}

function questionOf(value: unknown, index: number): Question {
  const { q, a } = isObject(value) ? value : {};
  const right =
    typeof q === "string" &&
    q.trim() !== "" &&
    (a === null || (typeof a === "string" && a.trim() !== ""));
  if (!right)
    throw bad(
      `questions[${index}]`,
      'an object {"q": a question, "a": words of its answer, or null}',
    );
  return { line: index + 1, question: q, answer: a as string | null };
}

function needed(fields: Fields, name: string): string {
  const text = fields.text(name);
  if (text === undefined) throw bad(name, "a string");
  return text;
}

function shown({ count, of, share, interval }: Share): object {
  return { count, of, share, interval };
}

// A folder with questions, ready to be judged: its passages, and for each question the best of them.
import type { SourcePassage } from "../passages/split.ts";
import type { Unreadable } from "../passages/unreadable.ts";
import { Bm25 } from "./bm25.ts";
import type { Question } from "./questions.ts";
import { type RetrieveSettings, retrieve } from "./retrieve.ts";
import { usualOf } from "./ways.ts";

/** What was read of a folder. */
export interface FolderText {
  readonly name: string;
  readonly documents: number;
  readonly passages: readonly SourcePassage[];
  readonly unreadable: readonly Unreadable[];
}

export interface FolderSet extends FolderText {
  readonly top: number;
  readonly questions: readonly RetrievedQuestion[];
  readonly bm25: Bm25;
  /** Of a folder that was searched in a store; empty where it was not. */
  readonly ways: readonly SearchedWay<RetrievedQuestion>[];
}

/** One way of searching: for each question what it finds, or the question with that. */
export interface SearchedWay<T> {
  readonly name: string;
  readonly usual: boolean;
  readonly questions: readonly T[];
}

export interface RetrievedQuestion extends Question {
  /** The best first. */
  readonly retrieved: readonly RetrievedPassage[];
  /** Whether any passage of the folder holds the answer; false if there is none. */
  readonly answered: boolean;
}

export interface RetrievedPassage extends SourcePassage {
  readonly holdsAnswer: boolean;
}

export interface FolderSettings extends RetrieveSettings {
  /** Finds the passages in place of our own retrieval: what the usual way finds is judged. */
  readonly search?: SearchFolder | undefined;
}

export type SearchFolder = (
  questions: readonly string[],
) => Promise<readonly SearchedWay<readonly SourcePassage[]>[]>;

export async function folderSet(
  folder: FolderText,
  questions: readonly Question[],
  settings: FolderSettings,
): Promise<FolderSet> {
  const { passages } = folder;
  const texts = passages.map(({ text }) => text);
  const bm25 = new Bm25(texts);
  const queries = questions.map(({ question }) => question);
  const withAnswers = answersIn(questions, texts);
  const found = (await settings.search?.(queries)) ?? [];
  const ways = found.map((way) => ({ ...way, questions: withAnswers(way.questions) }));
  const own = async () => {
    const rankings = await retrieve(queries, texts, bm25, settings);
    return withAnswers(rankings.map((ranking) => ranking.map((place) => passages[place]!)));
  };
  return {
    ...folder,
    top: settings.top,
    bm25,
    questions: ways.length > 0 ? usualOf(ways).questions : await own(),
    ways,
  };
}

/** Marks in what was found for each question the passages that hold its answer. */
function answersIn(questions: readonly Question[], texts: readonly string[]) {
  const plain = texts.map(collapsed);
  const wanted = questions.map(({ answer }) => answer && collapsed(answer).trim());
  const answered = wanted.map((answer) => holds(plain, answer));
  return (found: readonly (readonly SourcePassage[])[]): RetrievedQuestion[] =>
    questions.map((question, index) => ({
      ...question,
      retrieved: found[index]!.map((passage) => ({
        ...passage,
        holdsAnswer: holds([collapsed(passage.text)], wanted[index]!),
      })),
      answered: answered[index]!,
    }));
}

function holds(texts: readonly string[], answer: string | null): boolean {
  return answer !== null && texts.some((text) => text.includes(answer));
}

function collapsed(text: string): string {
  return text.replace(/\s+/g, " ");
}

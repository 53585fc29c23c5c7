// A folder with questions, ready to be judged: its passages, and for each question the best of them.
import type { SourcePassage } from "../passages/split.ts";
import type { Unreadable } from "../passages/unreadable.ts";
import { Bm25 } from "./bm25.ts";
import type { Question } from "./questions.ts";
import { type RetrieveSettings, retrieve } from "./retrieve.ts";

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

export async function folderSet(
  folder: FolderText,
  questions: readonly Question[],
  settings: RetrieveSettings,
): Promise<FolderSet> {
  const { passages } = folder;
  const texts = passages.map(({ text }) => text);
  const bm25 = new Bm25(texts);
  const queries = questions.map(({ question }) => question);
  const rankings = await retrieve(queries, texts, bm25, settings);
  const plain = texts.map(collapsed);
  const holds = (answer: string | null) => {
    const wanted = answer === null ? undefined : collapsed(answer).trim();
    return (text: string) => wanted !== undefined && text.includes(wanted);
  };
  return {
    ...folder,
    top: settings.top,
    bm25,
    questions: questions.map((question, index) => {
      const inText = holds(question.answer);
      return {
        ...question,
        retrieved: rankings[index]!.map((position) => ({
          ...passages[position]!,
          holdsAnswer: inText(plain[position]!),
        })),
        answered: plain.some(inText),
      };
    }),
  };
}

function collapsed(text: string): string {
  return text.replace(/\s+/g, " ");
}

// A folder in the report: what was read, what was found, and what each system made of it.
import type { Unreadable } from "../passages/unreadable.ts";
import type { FolderResult, FolderSystem } from "./evaluate_folder.ts";
import type { RetrievedQuestion } from "./folder.ts";
import { answerRetrieved, type Share, shareOf } from "./folder_measures.ts";

export interface FolderReport {
  readonly name: string;
  readonly documents: number;
  readonly passages: number;
  /** Passages retrieved for a question, at most. */
  readonly top: number;
  readonly answerable: number;
  readonly unanswerable: number;
  /** Of the answerable questions, those with an answer among the passages. */
  readonly retrieved: Share;
  /** Lines of the questions whose answer is in no passage: mistakes in the file, or answers that a cut tore apart. */
  readonly answersNotFound: readonly number[];
  readonly unreadable: readonly Unreadable[];
  readonly questions: readonly RetrievedQuestion[];
  /** `scores` of a system are in the order of the questions and of their passages. */
  readonly systems: readonly FolderSystem[];
}

export function folderReport({ set, systems }: FolderResult): FolderReport {
  const { name, documents, passages, top, unreadable, questions } = set;
  const answerable = questions.filter(({ answer }) => answer !== null);
  return {
    name,
    documents,
    passages: passages.length,
    top,
    answerable: answerable.length,
    unanswerable: questions.length - answerable.length,
    retrieved: shareOf(answerable, answerRetrieved),
    answersNotFound: answerable.filter(({ answered }) => !answered).map(({ line }) => line),
    unreadable,
    questions,
    systems,
  };
}

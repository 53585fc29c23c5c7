// A folder in the report: what was read, what was found, and what each system made of it.
import type { Unreadable } from "../passages/unreadable.ts";
import type { FolderResult, FolderSystem } from "./evaluate_folder.ts";
import type { RetrievedQuestion } from "./folder.ts";
import {
  answerRetrieved,
  type FolderMeasures,
  folderMeasures,
  type Share,
  shareOf,
} from "./folder_measures.ts";
import { usualOf } from "./ways.ts";

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
  /** What a store finds, and what gates leave of it; empty where none was asked. */
  readonly ways: readonly FolderWay[];
}

/** One way of searching the store, with a gate or without: then everything that is found is kept. */
export interface FolderWay
  extends Pick<FolderMeasures, "keptRight" | "silent" | "refused" | "speaks"> {
  readonly name: string;
  readonly retrieved: Share;
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
    ways: waysOf({ set, systems }),
  };
}

function waysOf({ set: { ways }, systems }: FolderResult): FolderWay[] {
  if (ways.length === 0) return [];
  const plain = ways.map(({ name, questions }) => {
    const scored = questions.map((each) => ({ ...each, scores: each.retrieved.map(() => 1) }));
    return wayOf(name, questions, folderMeasures(scored, 0));
  });
  const { name, questions } = usualOf(ways);
  const gates = systems.filter(({ kind }) => kind === "gate");
  return [...plain, ...gates.map((gate) => wayOf(`${name} and ${gate.name}`, questions, gate))];
}

function wayOf(
  name: string,
  questions: readonly RetrievedQuestion[],
  { keptRight, silent, refused, speaks }: FolderMeasures,
): FolderWay {
  const answerable = questions.filter(({ answer }) => answer !== null);
  const retrieved = shareOf(answerable, answerRetrieved);
  return { name, retrieved, keptRight, silent, refused, speaks };
}

// The folders of qrag eval: which questions belong to which, and what is read of them.
import { basename, extname, resolve } from "node:path";
import { QragError } from "../../base/errors.ts";
import {
  type FolderSet,
  type FolderText,
  folderSet,
  type SearchedWay,
  type SearchFolder,
} from "../eval/folder.ts";
import { readQuestions } from "../eval/questions.ts";
import { withTemporaryStore } from "../eval/temporary_store.ts";
import { findAll, waysOf } from "../eval/ways.ts";
import { documentsIn } from "../passages/documents.ts";
import { documentEndings } from "../passages/format.ts";
import { type SourceDocument, type SourcePassage, splitDocument } from "../passages/split.ts";
import type { Unreadable } from "../passages/unreadable.ts";
import type { Hit } from "../store/hits.ts";
import type { StoreEmbedder } from "../store/models.ts";
import { UsageError } from "./arguments.ts";
import { embedAs } from "./eval_run.ts";
import type { Io } from "./io.ts";
import { progressBar } from "./progress.ts";
import { openLines } from "./rows.ts";

/** Text to split, and the questions about it. */
export interface FolderArgument {
  /** Folders, or single files. */
  readonly paths: readonly string[];
  readonly questions: string;
}

/** An option as it came. */
interface Token {
  readonly kind: string;
  readonly name?: string;
  readonly value?: string | undefined;
}

/** What --questions belongs to stands before it; where there is only one, anywhere. */
export function foldersOf(tokens: readonly Token[]): FolderArgument[] {
  const given = tokens.filter(({ name }) => name === "folder" || name === "questions");
  const single = given.filter(({ name }) => name === "questions").length === 1;
  const folders: FolderArgument[] = [];
  let paths: string[] = [];
  // The one file of questions last: sorting keeps the order of the rest.
  const ordered = single ? given.toSorted(questionsLast) : given;
  for (const { name, value = "" } of ordered) {
    if (name === "folder") {
      paths.push(value);
      continue;
    }
    if (paths.length === 0) {
      throw new UsageError("every --questions needs a --folder before it");
    }
    folders.push({ paths, questions: value });
    paths = [];
  }
  if (paths.length > 0) throw new UsageError("every --folder needs a --questions after it");
  return folders;
}

function questionsLast(a: Token, b: Token): number {
  return Number(a.name === "questions") - Number(b.name === "questions");
}

/** More than fit into the memory of an ordinary process, with their index. */
const maxPassages = 100_000;

export interface FolderReading {
  /** Passages for each question. */
  readonly top: number;
  readonly embedder: StoreEmbedder | undefined;
  /** Whether they are searched for in a store. */
  readonly inStore: boolean;
}

export async function readFolder(
  io: Io,
  { paths, questions: path }: FolderArgument,
  { top, embedder, inStore }: FolderReading,
): Promise<FolderSet> {
  const questions = await readQuestions(openLines(io, path), path);
  const text = await textIn(io, paths, nameOf(paths, path));
  const search: SearchFolder = (queries) => searchFolder(io, paths, queries, { top, embedder });
  return folderSet(text, questions, {
    top,
    embed: embedder && embedAs(embedder, io.signal),
    search: inStore ? search : undefined,
  });
}

/** As `qrag index` and `qrag search` do it: the store reads, splits and embeds the same documents by itself. */
async function searchFolder(
  io: Io,
  paths: readonly string[],
  queries: readonly string[],
  { top, embedder }: Pick<FolderReading, "top" | "embedder">,
): Promise<SearchedWay<readonly SourcePassage[]>[]> {
  const bar = progressBar(io, "store");
  const { signal } = io;
  const settings = { embedder, signal, onProgress: bar.update };
  const found = withTemporaryStore(documentsOf(paths), settings, async (store) => {
    const ways: SearchedWay<readonly SourcePassage[]>[] = [];
    for (const { name, usual, options } of waysOf(embedder)) {
      const find = { options: { ...options, topK: top }, keep: passageOf };
      const { hits } = await findAll(store, queries, { ...find, signal, onProgress: bar.update });
      ways.push({ name, usual, questions: hits });
    }
    return ways;
  });
  return found.finally(bar.clear);
}

/** What cannot be read has been reported before. */
async function* documentsOf(paths: readonly string[]): AsyncGenerator<SourceDocument, void> {
  for (const path of paths) yield* documentsIn(path, () => {});
}

function passageOf({ text, id, path = id, headings, start, end, line }: Hit): SourcePassage {
  return { text, path, headings, start, end, line };
}

/** The folder's own name; where text is picked from several places, that of the questions. */
function nameOf([first, ...others]: readonly string[], questions: string): string {
  return others.length === 0 ? basename(resolve(first!)) : basename(questions, extname(questions));
}

async function textIn(io: Io, paths: readonly string[], name: string): Promise<FolderText> {
  const passages: SourcePassage[] = [];
  const unreadable: Unreadable[] = [];
  const { signal } = io;
  let documents = 0;
  for (const path of paths) {
    for await (const document of documentsIn(path, (found) => unreadable.push(found), { signal })) {
      documents++;
      for (const passage of splitDocument(document)) passages.push(passage);
      if (passages.length > maxPassages) {
        const message = `${path} gives more than ${maxPassages} passages; take a part of it`;
        throw new QragError("INPUT_INVALID", message);
      }
    }
  }
  if (passages.length === 0) throw nothingIn(paths, unreadable);
  return { name, documents, passages, unreadable };
}

function nothingIn(paths: readonly string[], [first]: readonly Unreadable[]): QragError {
  const because = first ? ` (${first.path}: ${first.reason})` : "";
  const endings = documentEndings.join(", ");
  return new QragError(
    "INPUT_INVALID",
    `${paths.join(", ")}: no text in files that end in ${endings}${because}`,
  );
}

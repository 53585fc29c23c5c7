// The folders of qrag eval: which questions belong to which, and what is read of them.
import { basename, extname, resolve } from "node:path";
import { QragError } from "../../base/errors.ts";
import { type FolderSet, type FolderText, folderSet } from "../eval/folder.ts";
import { readQuestions } from "../eval/questions.ts";
import type { RetrieveSettings } from "../eval/retrieve.ts";
import { documentsIn } from "../passages/documents.ts";
import { documentEndings } from "../passages/format.ts";
import { type SourcePassage, splitDocument } from "../passages/split.ts";
import type { Unreadable } from "../passages/unreadable.ts";
import { UsageError } from "./arguments.ts";
import type { Io } from "./io.ts";
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

export async function readFolder(
  io: Io,
  { paths, questions: path }: FolderArgument,
  settings: RetrieveSettings,
): Promise<FolderSet> {
  const questions = await readQuestions(openLines(io, path), path);
  return folderSet(await textIn(io, paths, nameOf(paths, path)), questions, settings);
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

// Reads a folder in BEIR's format: corpus.jsonl, queries.jsonl, and judgements in qrels.
import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { QragError } from "../../base/errors.ts";
import type { TextLine } from "./rows.ts";

export interface Corpus {
  readonly ids: readonly string[];
  /** Title and text with a space between them, as BEIR's own baselines read them. */
  readonly texts: readonly string[];
}

/** A query with what was judged for it. */
export interface JudgedQuery {
  readonly id: string;
  readonly text: string;
  /** Position in the corpus -> grade, above 0 for a relevant document, in the order of the file. */
  readonly grades: ReadonlyMap<number, number>;
}

export interface BeirSet {
  readonly name: string;
  readonly corpus: Corpus;
  /** Those with at least one relevant document, in the order of the judgements. */
  readonly queries: readonly JudgedQuery[];
  /** Those of whose judged documents none is relevant: nothing in the corpus answers them. */
  readonly unanswerable: readonly JudgedQuery[];
}

/** The lines of a file; errors name the file. */
export type OpenLines = (path: string) => AsyncIterable<TextLine>;

export async function readBeir(folder: string, open: OpenLines): Promise<BeirSet> {
  const path = await judgementsPath(folder);
  const { ids, texts } = await readCorpus(join(folder, "corpus.jsonl"), open);
  const positions = new Map(ids.map((id, position) => [id, position]));
  const queries = await readTexts(join(folder, "queries.jsonl"), open);
  const judged = new Map<string, Map<number, number>>();
  const lost = new Set<string>();
  for await (const { query, document, grade, place } of judgements(path, open)) {
    if (!queries.has(query)) throw bad(`${place}: there is no query ${query} in queries.jsonl`);
    const grades = judged.get(query) ?? new Map<number, number>();
    judged.set(query, grades);
    // Some published sets judge documents that their corpus does not hold.
    const position = positions.get(document);
    if (position !== undefined) grades.set(position, grade);
    else if (grade > 0) lost.add(query);
  }
  const all = [...judged].map(([id, grades]) => ({ id, text: queries.get(id)!, grades }));
  const hasAnswer = ({ grades }: JudgedQuery) => [...grades.values()].some((grade) => grade > 0);
  const answerable = all.filter(hasAnswer);
  if (answerable.length === 0) {
    throw bad(`${path}: no query has a relevant document in corpus.jsonl`);
  }
  return {
    name: basename(folder),
    corpus: { ids, texts },
    queries: answerable,
    unanswerable: all.filter((query) => !hasAnswer(query) && !lost.has(query.id)),
  };
}

/** qrels/test.tsv where there is one; else the only file there is, qrels.tsv beside the corpus included. */
async function judgementsPath(folder: string): Promise<string> {
  const inside = await filesIn(join(folder, "qrels"));
  const beside = await filesIn(folder);
  const paths = [
    ...inside.filter((name) => name.endsWith(".tsv")).map((name) => join(folder, "qrels", name)),
    ...beside.filter((name) => name === "qrels.tsv").map((name) => join(folder, name)),
  ];
  const chosen = paths.find((path) => basename(path) === "test.tsv") ?? paths[0];
  if (chosen === undefined) {
    throw bad(
      `${folder}: no judgements: expected qrels/test.tsv, another qrels/*.tsv or qrels.tsv`,
    );
  }
  if (paths.length > 1 && basename(chosen) !== "test.tsv") {
    throw bad(`${folder}: which judgements? Keep one of ${paths.join(", ")}`);
  }
  return chosen;
}

async function filesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (cause) {
    // A missing folder of judgements is told with what else was looked for.
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return [];
    throw new QragError("INPUT_INVALID", `${folder} could not be read: ${message}`, { cause });
  }
}

async function readCorpus(path: string, open: OpenLines): Promise<Corpus> {
  const texts = await readTexts(path, open);
  return { ids: [...texts.keys()], texts: [...texts.values()] };
}

async function readTexts(path: string, open: OpenLines): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  for await (const { number, text: line } of open(path)) {
    if (line.trim() === "") continue;
    const { _id, title = "", text } = objectIn(line) ?? {};
    const id = typeof _id === "number" ? String(_id) : _id;
    if (typeof id !== "string" || typeof title !== "string" || typeof text !== "string") {
      throw bad(`${path}: line ${number} is no JSON object with the strings "_id" and "text"`);
    }
    if (texts.has(id)) throw bad(`${path}: line ${number} has the same _id as another: ${id}`);
    texts.set(id, `${title} ${text}`.trim());
  }
  if (texts.size === 0) throw bad(`${path} is empty`);
  return texts;
}

interface Judgement {
  readonly query: string;
  readonly document: string;
  readonly grade: number;
  readonly place: string;
}

/** BEIR's lines have three columns under a head; TREC's have four, the second of them unused, and no head. */
async function* judgements(path: string, open: OpenLines): AsyncGenerator<Judgement, void> {
  for await (const { number, text } of open(path)) {
    const columns = text.trim().split(text.includes("\t") ? "\t" : /\s+/);
    if (text.trim() === "" || (number === 1 && /^query-?_?id$/i.test(columns[0]!))) continue;
    const place = `${path}: line ${number}`;
    const [query, document, grade] = columns.length === 4 ? columns.toSpliced(1, 1) : columns;
    if (columns.length < 3 || columns.length > 4 || !/^-?\d+$/.test(grade!)) {
      throw bad(
        `${place} is no judgement: expected a query's id, a document's id and a whole number`,
      );
    }
    yield { query: query!, document: document!, grade: Number(grade), place };
  }
}

function objectIn(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

function bad(message: string): QragError {
  return new QragError("INPUT_INVALID", message);
}

// Labelled rows: pairs of query and passage whose answer is known, from JSON lines or a JSON document, whatever its shape.

import { QragError } from "../../base/errors.ts";
import type { LabelledRow } from "../../base/labelled_row.ts";

export interface EvalRow extends LabelledRow {
  readonly domain: string | undefined;
  /** "positive", "near-miss" and "cross-domain" in our own sets; any word in others'. */
  readonly kind: string;
  /** Every other field, as it came. */
  readonly rest: Readonly<Record<string, unknown>>;
}

export interface TextLine {
  /** From 1. */
  readonly number: number;
  readonly text: string;
}

export const rowsHelp = 'JSON (lines or array) of {"query", "passage", "label": 0 or 1}';

export async function readRows(lines: AsyncIterable<TextLine>, path: string): Promise<EvalRow[]> {
  const all: TextLine[] = [];
  for await (const line of lines) if (line.text.trim() !== "") all.push(line);
  const first = parsed(all[0]?.text ?? "");
  // Lines of rows begin with a whole object. Anything else is one document, on one line or on many.
  if (isRecord(first) && (all.length > 1 || listsIn(first).length === 0)) {
    return all.map(({ number, text }) => {
      const value = parsed(text);
      if (value === undefined) throw bad(path, `line ${number} is not JSON`);
      return rowOf(value) ?? refuse(path, `line ${number}`);
    });
  }
  const rows = rowsOf(all, path);
  if (rows.length === 0) throw bad(path, `holds no rows: expected ${rowsHelp}`);
  return rows;
}

function rowsOf(lines: readonly TextLine[], path: string): EvalRow[] {
  let value: unknown;
  try {
    value = JSON.parse(lines.map(({ text }) => text).join("\n"));
  } catch (cause) {
    throw bad(path, `is neither JSON lines nor JSON: ${(cause as Error).message}`, cause);
  }
  const lists = Array.isArray(value) ? [["", value] as const] : listsIn(value);
  return lists.flatMap(([name, list]) => {
    // Of several lists each is a kind of its own; the name of a single one ("rows", "data") says nothing.
    const kind = lists.length > 1 ? name : undefined;
    return list.map((item, index) => {
      const place = [name, `row ${index + 1}`].filter(Boolean).join(": ");
      return rowOf(item, kind) ?? refuse(path, place);
    });
  });
}

/** The properties that are lists of rows, as their first element shows. */
function listsIn(value: unknown): (readonly [string, unknown[]])[] {
  const found: [string, unknown[]][] = [];
  for (const [name, list] of Object.entries(isRecord(value) ? value : {})) {
    if (Array.isArray(list) && rowOf(list[0])) found.push([name, list]);
  }
  return found;
}

/** The names that published sets give a field; the first with a value that can be used counts. */
const names = {
  query: ["query", "question", "q"],
  passage: ["passage", "text", "document", "candidate", "context"],
  label: ["label", "relevant", "relevance", "gold", "target", "expected", "answer", "completion"],
  domain: ["domain", "category"],
  kind: ["kind", "type"],
  /** The whole text that the model reads, in place of query and passage. */
  prompt: ["prompt", "user", "input"],
} as const;

const labels = new Map<unknown, 0 | 1>([
  ...[0, "0", false, "false"].map((value) => [value, 0] as const),
  ...[1, "1", true, "true"].map((value) => [value, 1] as const),
]);

/** The pair in a prompt of the published form. */
function unframed(value: unknown): readonly [string, string] | undefined {
  if (typeof value !== "string") return undefined;
  const [before = "", ...after] = value.split("\n\nPASSAGE:\n");
  const start = before.indexOf("Q: ");
  if (start < 0 || after.length === 0) return undefined;
  const passage = after.join("\n\nPASSAGE:\n").replace(/\n\nASSISTANT: ?$/, "");
  return [before.slice(start + "Q: ".length), passage];
}

function rowOf(value: unknown, kindOfList?: string): EvalRow | undefined {
  if (!isRecord(value)) return undefined;
  const rest: Record<string, unknown> = { ...value };
  const take = <T>(field: keyof typeof names, use: (value: unknown) => T | undefined) => {
    for (const name of names[field]) {
      const used = use(value[name]);
      if (used === undefined) continue;
      delete rest[name];
      return used;
    }
    return undefined;
  };
  let query = take("query", text);
  let passage = take("passage", text);
  if (query === undefined || passage === undefined) {
    [query, passage] = take("prompt", unframed) ?? [];
  }
  const label = take("label", (given) => labels.get(given));
  if (!query?.trim() || passage === undefined || label === undefined) return undefined;
  const domain = take("domain", text);
  const kind = kindOf(take("kind", text) ?? kindOfList ?? (label === 1 ? "positive" : "negative"));
  return { query, passage, label, domain, kind, rest };
}

/** "Near_miss" is a near-miss, and "cross" is cross-domain. */
function kindOf(name: string): string {
  const kind = name
    .trim()
    .toLowerCase()
    .replace(/[_\s]+/g, "-");
  return kind.startsWith("cross") ? "cross-domain" : kind;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Undefined for what is not JSON, which has no such value. */
function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function refuse(path: string, place: string): never {
  throw bad(path, `${place} is not a labelled row: expected ${rowsHelp}`);
}

function bad(path: string, problem: string, cause?: unknown): QragError {
  return new QragError("INPUT_INVALID", `${path}: ${problem}`, { cause });
}

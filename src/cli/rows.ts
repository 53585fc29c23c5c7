// Reads labelled rows: pairs of query and passage whose answer is known, as JSON lines or as one JSON array.
import type { LabelledRow } from "../../convert/proof.ts";
import { QragError } from "../../native/errors.ts";
import type { Io } from "./command.ts";
import { badLine, linesOf, parseLine, readInput } from "./lines.ts";

export const rowsHelp = 'JSON (lines or array) of {"query", "passage", "label": 0 or 1}';

export async function readRows(io: Io, path: string): Promise<LabelledRow[]> {
  const rows: LabelledRow[] = [];
  let array: string[] | undefined;
  for await (const line of linesOf(readInput(io, path))) {
    if (array === undefined && rows.length === 0 && line.text.trimStart().startsWith("["))
      array = [];
    if (array) array.push(line.text);
    else if (line.text.trim() !== "") {
      rows.push(rowOf(parseLine(line)) ?? refuse(badLine(line.number, problem)));
    }
  }
  return array ? rowsOf(array.join("\n")) : rows;
}

const problem = `is no labelled row: expected ${rowsHelp}`;

function rowsOf(text: string): LabelledRow[] {
  let values: unknown;
  try {
    values = JSON.parse(text);
  } catch (cause) {
    const message = `The rows are not JSON: ${(cause as Error).message}`;
    throw new QragError("INPUT_INVALID", message, { cause });
  }
  const items: unknown[] = Array.isArray(values) ? values : [values];
  return items.map((value, index) => {
    const message = `Row ${index + 1} ${problem}`;
    return rowOf(value) ?? refuse(new QragError("INPUT_INVALID", message));
  });
}

function rowOf(value: unknown): LabelledRow | undefined {
  const { query, passage, label } = (value ?? {}) as Record<string, unknown>;
  if (String(query) !== query || String(passage) !== passage) return undefined;
  const answer = [0, 1].find((each) =>
    [each, String(each), Boolean(each)].includes(label as number),
  );
  return answer === undefined ? undefined : { query, passage, label: answer as 0 | 1 };
}

function refuse(error: QragError): never {
  throw error;
}

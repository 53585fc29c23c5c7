// Everything that is written: data to standard output with back-pressure, tables, and untrusted text made harmless.
import { once } from "node:events";
import type { Io, Output } from "./io.ts";
import { fitReport } from "./layout.ts";

/** Writes and waits until the reader keeps up. */
export async function write(io: Io, data: string | Uint8Array): Promise<void> {
  if (!io.stdout.write(data)) await once(io.stdout, "drain", { signal: io.signal });
}

/** A report, to standard output. */
export async function writeReport(io: Io, text: string): Promise<void> {
  await write(io, fitReport(text, columnsOf(io.stdout)));
}

/** What a command has to tell beside its data, to standard error. */
export function tell({ stderr }: Pick<Io, "stderr">, text: string): void {
  stderr.write(fitReport(text, columnsOf(stderr)));
}

/** Of what is no terminal, lines may be of any length; some terminals give 0 for not knowing. */
export function columnsOf({ isTTY, columns }: Output): number {
  return (isTTY && columns) || Infinity;
}

export async function writeLine(io: Io, text: string): Promise<void> {
  await write(io, `${text}\n`);
}

export async function writeJson(io: Io, value: unknown): Promise<void> {
  await writeLine(io, jsonText(value));
}

/** One line of JSON. What a terminal acts on is escaped: it occurs in strings only, and there JSON allows it. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value).replace(shapeless, jsonEscape);
}

/** Control characters, line breaks, text direction marks and everything else that has no shape of its own. */
const shapeless = /[\p{C}\p{Zl}\p{Zp}]/gu;

function jsonEscape(character: string): string {
  const units = character.split("").map((unit) => unit.charCodeAt(0).toString(16).padStart(4, "0"));
  return units.map((unit) => `\\u${unit}`).join("");
}

/** Text of unknown origin for a terminal: shapeless characters are spelled out, and what is longer than `most` is cut. */
export function printable(text: string, most = Infinity): string {
  const kept = text.length > most ? `${text.slice(0, most)}… (${text.length} characters)` : text;
  return kept.replace(shapeless, (character) => {
    const short = { "\n": "\\n", "\r": "\\r", "\t": "\\t" }[character];
    return short ?? `\\u{${character.codePointAt(0)!.toString(16)}}`;
  });
}

/** Rows as aligned columns; numbers to the right. Every cell is made printable. */
export function table(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string {
  const cells = [head, ...rows].map((row) => row.map((cell) => printable(String(cell))));
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const isNumber = (row: number, column: number) =>
    Number.isFinite(rows[row === 0 ? 0 : row - 1]?.[column]);
  return cells
    .map((row, index) =>
      row
        .map((cell, column) => {
          const width = widths[column]!;
          return isNumber(index, column) ? cell.padStart(width) : cell.padEnd(width);
        })
        .join("  ")
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join("");
}

// What a conversion found, as text: the wiring's proof, the tensors, what was left out.

import type { WiringProof } from "../../convert/proof/wiring.ts";
import type { WriteReport } from "../../convert/report.ts";
import type { Output } from "../../gguf/architecture.ts";
import { printable, table } from "./output.ts";

/** The candidates that were tried, and how each part was settled. */
export function wiringText({ table: tried, wiring, settledBy, warnings }: WiringProof): string {
  const head = ["ROPE", "GATE/UP", "NORM EPSILON", "ROPE BASE", "SURPRISE", "ACCURACY"];
  const rows = tried.map(({ wiring: candidate, surprise, accuracy }) => [
    candidate.rope,
    candidate.gateUp,
    candidate.normEpsilon,
    candidate.ropeBase,
    (surprise ?? Number.NaN).toFixed(4),
    accuracy?.toFixed(3) ?? "",
  ]);
  const settled = (["rope", "gateUp", "normEpsilon", "ropeBase"] as const).map((part) => [
    part,
    wiring[part],
    settledBy[part],
  ]);
  return (
    `${rows.length > 0 ? `${table(head, rows)}\n` : ""}` +
    table(["WIRING", "IS", "SETTLED BY"], settled) +
    warnings.map((warning) => `warning: ${printable(warning)}\n`).join("")
  );
}

export function tensorsText({ tensors }: WriteReport): string {
  const rows = tensors.map(({ name, type, shape, byteLength, error, source }) => [
    name,
    type,
    shape.join(" x "),
    byteLength,
    error.relative.toExponential(1),
    source,
  ]);
  return table(["TENSOR", "TYPE", "SHAPE", "BYTES", "RELATIVE ERROR", "MADE OF"], rows);
}

/** What a model answers with, in a line. */
export function outputText(output: Output): string {
  switch (output.kind) {
    case "decision": {
      const tokens = output.tokenIds.map((id, row) => `${id} = ${output.labels[row]}`);
      return `decision tokens: ${tokens.join(", ")}`;
    }
    case "labels":
      return `labels: ${output.names.map((name) => printable(name)).join(", ")}`;
    case "vector":
      return `vectors: ${output.pooling} pooling${output.normalize ? ", normalized" : ""}`;
  }
}

/** The types that a new file's tensors have, the largest share first. */
export function typesText({ tensors }: WriteReport): string {
  const bytes = new Map<string, number>();
  for (const { type, byteLength } of tensors) {
    bytes.set(type, (bytes.get(type) ?? 0) + byteLength);
  }
  const types = [...bytes].sort(([, a], [, b]) => b - a).map(([type]) => type);
  return types.join(", ").replace(/, (?=[^,]*$)/, " and ");
}

export function notesText(notes: readonly string[]): string {
  return notes.map((note) => `note: ${printable(note)}\n`).join("");
}

/** The proof that the converter stored in the file; undefined when there is none that can be read. */
export function storedWiring(report: string | undefined): WiringProof | undefined {
  if (report === undefined) return undefined;
  try {
    const { wiring } = JSON.parse(report);
    // Whoever wrote the file may have written anything: it counts if it can be shown.
    wiringText(wiring);
    return wiring;
  } catch {
    return undefined;
  }
}

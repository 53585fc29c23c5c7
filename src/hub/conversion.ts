// Converts a downloaded checkpoint into the entry's model. The converter's code is loaded only then.
import { createHash } from "node:crypto";
import { join } from "node:path";
import { QragError } from "../../base/errors.ts";
import type { Progress } from "../../base/progress.ts";
import type { ConvertOptions } from "../../convert/options.ts";
import type { Entry } from "./entry.ts";
import { type HubReference, referenceName } from "./reference.ts";

/** How a checkpoint is converted. */
export type Conversion = Omit<
  ConvertOptions,
  "checkpoint" | "tokenizer" | "output" | "force" | "signal" | "onProgress"
>;

export const usualConversion: Conversion = { type: "Q8_0" };

export interface ConversionOptions {
  readonly conversion: Conversion;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((progress: Progress) => void) | undefined;
}

/** Converts `checkpoint`, a path in the entry's folder of downloads; gives the converter's notes. */
export async function convertInto(
  entry: Entry,
  reference: HubReference,
  checkpoint: string,
  { conversion, signal, onProgress }: ConversionOptions,
): Promise<readonly string[]> {
  const { convertCheckpoint } = await import("../../convert/convert.ts");
  try {
    const { notes } = await convertCheckpoint({
      ...conversion,
      name: conversion.name ?? reference.repo,
      checkpoint: join(entry.files, checkpoint),
      output: entry.model,
      force: true,
      signal,
      onProgress({ stage, done, total }) {
        if (stage === "write" && total !== undefined)
          onProgress?.({ done, total, stage: "convert" });
      },
    });
    return notes;
  } catch (cause) {
    if (!(cause instanceof QragError)) throw cause;
    const name = referenceName(reference);
    const message =
      `${cause.message}\n${name} was downloaded, but could not be converted. The download is kept: ` +
      `\`qrag pull ${name}\` with options of \`qrag convert\` tries again.`;
    throw new QragError(cause.code, message, { cause });
  }
}

/** The same for conversions that write the same file. */
export function conversionDigest({ threads: _, map, ...options }: Conversion): string {
  const entries = Object.entries({ ...options, map: map && [...map] });
  const stated = entries.filter(([, value]) => value !== undefined);
  const text = JSON.stringify(stated.sort(([a], [b]) => (a < b ? -1 : 1)));
  return createHash("sha256").update(text).digest("hex");
}

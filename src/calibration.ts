// A calibration: where a user's own rows put the line between relevant and not, for one model, in a file used only on request.
import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { QragError } from "../base/errors.ts";
import { quote } from "../base/quote.ts";
import { modelDigest } from "./model/files.ts";

/** What a calibration file must hold; `qrag calibrate` adds what it measured. */
export interface Calibration {
  readonly format: typeof calibrationFormat;
  readonly version: typeof calibrationVersion;
  /** The model's file: margins of another one lie elsewhere. */
  readonly sha256: string;
  /** The SHA-256 of the embedder that gave a second opinion; absent where none was asked. */
  readonly embedder?: string | undefined;
  /** A passage is relevant when its margin is greater than this. */
  readonly offset: number;
}

export const calibrationFormat = "qrag-calibration";
export const calibrationVersion = 1;

/** Two numbers and a few words fit a thousand times. */
const maxBytes = 1024 * 1024;

/** Reads a calibration and refuses one that was made for another model than the file at `modelPath`. */
export async function readCalibration(
  path: string,
  modelPath: string,
  signal?: AbortSignal,
): Promise<Calibration> {
  const calibration = parse(await read(path), path);
  const digest = await modelDigest(modelPath, signal);
  if (calibration.sha256 === digest) return calibration;
  throw bad(
    path,
    `was made for another model (SHA-256 ${quote(calibration.sha256)}) than ${modelPath} (${digest}). ` +
      "Run `qrag calibrate` with this model",
  );
}

/** Where a second opinion moves margins, an offset without it lies elsewhere, and the other way round. */
export function checkOpinionOf(
  { embedder, path }: Calibration & { readonly path: string },
  asked: string | undefined,
): void {
  if (embedder === asked) return;
  const [made, opened] = embedder === undefined ? ["without", "with"] : ["with", "without"];
  throw bad(
    path,
    `was made ${made} the second opinion of an embedder, and the gate is opened ${opened} it, or with another. ` +
      "Run `qrag calibrate` with the same --gate-embedder",
  );
}

async function read(path: string): Promise<string> {
  try {
    if ((await stat(path)).size <= maxBytes) return await readFile(resolve(path), "utf8");
  } catch (cause) {
    throw bad(path, `could not be read: ${(cause as Error).message}`, cause);
  }
  throw bad(path, `is longer than ${maxBytes} bytes`);
}

function parse(json: string, path: string): Calibration {
  let value: Partial<Record<keyof Calibration, unknown>> | null;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw bad(path, `is not JSON: ${(cause as Error).message}`, cause);
  }
  const { format, version, sha256, embedder, offset } = value ?? {};
  if (format !== calibrationFormat)
    throw bad(path, `does not say "format": "${calibrationFormat}"`);
  if (version !== calibrationVersion) throw bad(path, `is not of version ${calibrationVersion}`);
  if (String(sha256) !== sha256) throw bad(path, "names no model");
  if (embedder !== undefined && String(embedder) !== embedder) {
    throw bad(path, "names no embedder");
  }
  if (!Number.isFinite(offset)) throw bad(path, "holds no offset");
  return { format, version, sha256, embedder, offset: offset as number };
}

function bad(path: string, problem: string, cause?: unknown): QragError {
  return new QragError("INPUT_INVALID", `The calibration ${path} ${problem}.`, { cause });
}

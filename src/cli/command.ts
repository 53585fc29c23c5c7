// What a command is given and gives back, and the ways in which all of them end.
import type { ErrorCode } from "../../base/errors.ts";
import type { Gate } from "../gate.ts";
import type { LoadOptions } from "../options.ts";
import type { Io } from "./io.ts";
import { progressBar } from "./progress.ts";

export interface Command {
  /** What --help prints. */
  readonly help: string;
  run(args: string[], io: Io): Promise<ExitCode>;
}

export const exitCodes = {
  done: 0,
  /** The answer is no; only with --exit-code. */
  no: 1,
  usage: 2,
  /** Input, or a file, that cannot be used. */
  bad: 3,
  internal: 4,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** These are no fault of what was passed in; every other code is. */
const internalCodes: readonly ErrorCode[] = [
  "NATIVE_MISSING",
  "OUT_OF_MEMORY",
  "DISPOSED",
  "INTERNAL",
];

export function exitCodeOf(code: ErrorCode): ExitCode {
  return internalCodes.includes(code) ? exitCodes.internal : exitCodes.bad;
}

/** Loads the model that --model or QRAG_MODEL names, or the package's own; disposes it in the end. */
export async function withGate<T>(
  io: Io,
  {
    model,
    ...options
  }: { model?: string | undefined } & Pick<LoadOptions, "threads" | "engine" | "calibration">,
  use: (gate: Gate) => Promise<T>,
): Promise<T> {
  const bar = progressBar(io, "loading");
  // An empty variable is how a shell says that there is none.
  const path = model ?? (io.env.QRAG_MODEL || undefined);
  const gate = await io
    .loadGate(path, { ...options, signal: io.signal, onProgress: bar.update })
    .finally(bar.clear);
  try {
    return await use(gate);
  } finally {
    await gate.dispose();
  }
}

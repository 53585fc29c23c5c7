// What a command is given and gives back, and the ways in which all of them end.
import type { ErrorCode } from "../../base/errors.ts";
import type { Gate } from "../gate.ts";
import { namedModel } from "../model/named.ts";
import type { LoadOptions } from "../options.ts";
import type { Io } from "./io.ts";
import { loadingBar } from "./loading_bar.ts";

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

/** The path of a model, for commands that read its file; a hub's model is pulled if it is not in the cache. */
export async function localModel(io: Io, name: string | undefined): Promise<string | undefined> {
  const bar = loadingBar(io);
  const { env, signal } = io;
  return namedModel(name, { env, signal, onProgress: bar.update }).finally(bar.clear);
}

/** Loads the model that --model or QRAG_MODEL names, or the package's own; disposes it in the end. */
export async function withGate<T>(
  io: Io,
  {
    model,
    ...options
  }: { model?: string | undefined } & Pick<
    LoadOptions,
    "threads" | "engine" | "calibration" | "embedder" | "earlyExit"
  >,
  use: (gate: Gate) => Promise<T>,
): Promise<T> {
  const bar = loadingBar(io);
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

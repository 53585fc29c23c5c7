// The world outside a command.
import type { Readable, Writable } from "node:stream";
import type { loadGate } from "../load.ts";

/** A stream that may be a terminal, of so many columns. */
export type Output = Writable & { isTTY?: boolean; columns?: number };

/** Tests pass their own. */
export interface Io {
  readonly stdin: Readable;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted by SIGINT and SIGTERM, and when the output cannot be written any more. */
  readonly signal: AbortSignal;
  readonly loadGate: typeof loadGate;
}

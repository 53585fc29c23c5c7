// The world outside a command.
import type { Readable, Writable } from "node:stream";
import type { loadGate } from "../load.ts";

/** Tests pass their own. */
export interface Io {
  readonly stdin: Readable;
  readonly stdout: Writable & { isTTY?: boolean };
  readonly stderr: Writable & { isTTY?: boolean };
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted by SIGINT and SIGTERM, and when the output cannot be written any more. */
  readonly signal: AbortSignal;
  readonly loadGate: typeof loadGate;
}

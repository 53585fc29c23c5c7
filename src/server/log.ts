// What is told of every request, and the line it becomes.

export interface LogEntry {
  /** When the request came, as ISO 8601. */
  readonly time: string;
  /** Of the request: the client's x-request-id, or one of ours. */
  readonly id: string;
  readonly method: string;
  /** Without its query string. */
  readonly path: string;
  /** 499 where the client had left before the answer was out. */
  readonly status: number;
  readonly milliseconds: number;
  readonly documents?: number;
  readonly relevant?: number;
  readonly tokens?: number;
  /** Why there was no answer. */
  readonly problem?: string;
}

/** A line of JSON; no text of a client's can break it. */
export function logLine(entry: LogEntry): string {
  return `${JSON.stringify(entry)}\n`;
}

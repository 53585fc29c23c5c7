// A progress line on standard error, only when that is a terminal.
import type { Io } from "./io.ts";

/** Often enough to look alive, seldom enough to cost nothing. */
const redrawMilliseconds = 100;
const width = 24;

export interface ProgressBar {
  /** Without a total it counts. */
  update(progress: { readonly done: number; readonly total: number | undefined }): void;
  clear(): void;
}

export function progressBar({ stderr }: Pick<Io, "stderr">, label: string): ProgressBar {
  if (!stderr.isTTY) return { update() {}, clear() {} };
  let drawnAt = -Infinity;
  return {
    update({ done, total }) {
      const now = performance.now();
      if (now - drawnAt < redrawMilliseconds && done !== total) return;
      drawnAt = now;
      if (total === undefined) {
        stderr.write(`\r\u001b[K${label}: ${done}`);
        return;
      }
      const part = total > 0 ? done / total : 1;
      const filled = Math.round(part * width);
      const bar = "█".repeat(filled) + "░".repeat(width - filled);
      stderr.write(`\r\u001b[K${label} ${bar} ${Math.round(part * 100)} %`);
    },
    clear() {
      stderr.write("\r\u001b[K");
    },
  };
}

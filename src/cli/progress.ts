// A progress line on standard error, only when that is a terminal.
import type { Io } from "./io.ts";
import { columnsOf, printable } from "./output.ts";

/** Often enough to look alive, seldom enough to cost nothing. */
const redrawMilliseconds = 100;
const widestBar = 24;
const narrowestBar = 6;
const eraseLine = "\r\u001b[K";

/** Without a total it counts. */
interface Progress {
  readonly done: number;
  readonly total: number | undefined;
}

export interface ProgressBar {
  update(progress: Progress): void;
  clear(): void;
}

export function progressBar(
  { stderr, env }: Pick<Io, "stderr" | "env">,
  label: string,
): ProgressBar {
  // A dumb terminal cannot erase a line.
  if (!stderr.isTTY || env.TERM === "dumb") return { update() {}, clear() {} };
  const name = printable(label);
  let drawnAt = -Infinity;
  return {
    update(progress) {
      const now = performance.now();
      if (now - drawnAt < redrawMilliseconds && progress.done !== progress.total) return;
      drawnAt = now;
      // One column stays free: a full line is broken already, and could not be erased as one.
      stderr.write(eraseLine + lineOf(name, progress, columnsOf(stderr) - 1));
    },
    clear() {
      if (drawnAt > -Infinity) stderr.write(eraseLine);
    },
  };
}

/** The bar is the first to give way, then the name. */
function lineOf(name: string, { done, total }: Progress, columns: number): string {
  if (total === undefined) return cut(`${name}: ${done}`, columns);
  const part = total > 0 ? done / total : 1;
  const percent = ` ${Math.round(part * 100)} %`;
  const room = columns - name.length - " ".length - " 100 %".length;
  if (room < narrowestBar) return cut(name, columns - percent.length) + percent;
  const width = Math.min(widestBar, room);
  const filled = Math.round(part * width);
  return `${name} ${"█".repeat(filled)}${"░".repeat(width - filled)}${percent}`;
}

function cut(text: string, columns: number): string {
  return text.length <= columns ? text : `${text.slice(0, Math.max(0, columns - 1))}…`;
}

// The progress of loading a model, which may be downloaded and converted first.
import type { Progress } from "../../base/progress.ts";
import type { Io } from "./io.ts";
import { progressBar } from "./progress.ts";

export interface LoadingBar {
  update(progress: Progress): void;
  clear(): void;
}

export function loadingBar(io: Pick<Io, "stderr" | "env">): LoadingBar {
  const bars = {
    download: progressBar(io, "downloading"),
    convert: progressBar(io, "converting"),
    load: progressBar(io, "loading"),
  };
  return {
    update: (progress) => bars[progress.stage ?? "load"].update(progress),
    clear() {
      for (const bar of Object.values(bars)) bar.clear();
    },
  };
}

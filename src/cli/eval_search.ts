// The BEIR sets of qrag eval in stores: searched once, and judged by each gate when its turn comes.
import { judgedRun, searchSet, type WayResult, wayResult } from "../eval/search_set.ts";
import type { EvalSet } from "../eval/sets.ts";
import { usualOf } from "../eval/ways.ts";
import type { Gate } from "../gate.ts";
import type { StoreEmbedder } from "../store/models.ts";
import type { Io } from "./io.ts";
import { progressBar } from "./progress.ts";

export interface SearchedSet {
  readonly ways: readonly WayResult[];
  /** What a gate of this name leaves of the usual way. */
  readonly judge: (gate: Gate, name: string) => Promise<WayResult>;
}

/** By the set's place; sets that are not to be searched are left out. */
export async function searchSets(
  io: Io,
  sets: readonly EvalSet[],
  embedder: StoreEmbedder | undefined,
): Promise<Map<number, SearchedSet>> {
  const { signal } = io;
  const searched = new Map<number, SearchedSet>();
  for (const [index, { name: set, search: task }] of sets.entries()) {
    if (task === undefined) continue;
    const bar = progressBar(io, `${set} in a store`);
    const onProgress = bar.update;
    const runs = await searchSet(task, { embedder, signal, onProgress }).finally(bar.clear);
    searched.set(index, {
      ways: runs.map((run) => wayResult(task, run)),
      async judge(gate, name) {
        const judging = progressBar(io, `${set}, ${name}`);
        const settings = { name, signal, onProgress: judging.update };
        const run = await judgedRun(task, usualOf(runs), gate, settings).finally(judging.clear);
        return wayResult(task, run);
      },
    });
  }
  return searched;
}

// Runs the systems of qrag eval over its data, one system after the other, so that only one is in memory.
import { basename } from "node:path";
import { availableProcessors } from "../../base/processors.ts";
import type { Embedder } from "../embedder.ts";
import type { Competitor } from "../eval/competitor.ts";
import { onDisk, openCompetitor } from "../eval/competitors.ts";
import { alwaysZero, evaluate, type SetResult, type System } from "../eval/evaluate.ts";
import { evaluateFolder, type FolderResult } from "../eval/evaluate_folder.ts";
import type { FolderSet } from "../eval/folder.ts";
import { type Report, reportOf } from "../eval/report.ts";
import { bm25Scorer, gateScorer } from "../eval/scorer.ts";
import type { EvalSet } from "../eval/sets.ts";
import { type EmbedAs, embeddingScorer } from "../eval/vectors.ts";
import type { Gate } from "../gate.ts";
import type { GateInfo } from "../gate_info.ts";
import { withGate } from "./command.ts";
import { searchSets } from "./eval_search.ts";
import type { Io } from "./io.ts";
import { progressBar } from "./progress.ts";

export interface Data {
  readonly sets: readonly EvalSet[];
  readonly folders: readonly FolderSet[];
}

export interface Participants {
  /** Undefined stands for the installed model. */
  readonly models: readonly (string | undefined)[];
  readonly compared: readonly string[];
  readonly competitors: readonly Competitor[];
  /** A baseline by its cosine. */
  readonly embedder: Embedder | undefined;
  readonly calibration: string | undefined;
  /** Whom the gates ask for a second opinion; undefined: whom they name. */
  readonly gateEmbedder: string | false | undefined;
  readonly threads: number | undefined;
}

export async function runAll(
  io: Io,
  { sets, folders }: Data,
  wanted: Participants,
): Promise<Report> {
  const { threads, calibration, gateEmbedder: embedder } = wanted;
  const results: SetResult[] = sets.map(({ name, rows }) => ({
    name,
    rows,
    systems: [],
    ways: [],
  }));
  const folderResults: FolderResult[] = folders.map((set) => ({ set, systems: [] }));
  const infos: GateInfo[] = [];
  const searched = await searchSets(io, sets, wanted.embedder);
  for (const [index, { ways }] of searched) results[index]!.ways.push(...ways);
  const run = async (system: System) => {
    const bar = progressBar(io, system.name);
    const settings = { signal: io.signal, onProgress: bar.update };
    for (const [index, set] of sets.entries()) {
      results[index]!.systems.push(await evaluate(set, system, settings).finally(bar.clear));
    }
    for (const { set, systems } of folderResults) {
      systems.push(await evaluateFolder(set, system, settings).finally(bar.clear));
    }
  };
  const runGate = async (gate: Gate) => {
    infos.push(gate.info);
    const system = gateSystem(gate);
    await run(system);
    for (const [index, { judge }] of searched) {
      results[index]!.ways.push(await judge(gate, system.name));
    }
  };
  for (const model of wanted.models) {
    await withGate(io, { model, threads, calibration, embedder }, runGate);
  }
  for (const model of wanted.compared) {
    await withGate(io, { model, threads, embedder, engine: "reference" }, runGate);
  }
  await run({
    name: "BM25",
    kind: "baseline",
    detail: "k1 1.2, b 0.75",
    threshold: undefined,
    scorerOf: ({ bm25 }) => bm25Scorer(bm25),
  });
  if (wanted.embedder) await run(embedderSystem(wanted.embedder));
  const skipped = wanted.competitors.filter((competitor) => !onDisk(competitor));
  for (const competitor of wanted.competitors.filter(onDisk)) {
    const scorer = await openCompetitor(competitor, { threads: threads ?? availableProcessors() });
    const { name, kind: detail } = competitor;
    const system = { name, kind: "baseline", detail, threshold: undefined } as const;
    await run({ ...system, scorerOf: () => scorer }).finally(() => scorer.close());
  }
  for (const [index, set] of sets.entries()) results[index]!.systems.push(alwaysZero(set));
  return reportOf(results, folderResults, infos, skipped);
}

function embedderSystem(embedder: Embedder): System {
  const { path, weightTypes, engine, device } = embedder.info;
  return {
    name: `${basename(path)}, cosine`,
    kind: "baseline",
    detail: `${weightTypes[0]}, ${engine}, ${device}`,
    threshold: undefined,
    scorerOf: () => embeddingScorer(embedAs(embedder), async () => {}),
  };
}

export function embedAs(embedder: Pick<Embedder, "embed">, signal?: AbortSignal): EmbedAs {
  return (texts, as) => embedder.embed(texts, { as, signal });
}

function gateSystem(gate: Gate): System {
  const { path, weightTypes, engine, device, offset } = gate.info;
  return {
    name: basename(path),
    kind: "gate",
    detail: `${weightTypes[0]}, ${engine}, ${device}`,
    threshold: offset,
    scorerOf: () => gateScorer(gate),
  };
}

// The config file of baselines: which of other people's models lie on this disk, and how each is run.
import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { QragError } from "../../base/errors.ts";
import {
  type Competitor,
  type CompetitorKind,
  type CompetitorSettings,
  competitorKinds,
} from "./competitor.ts";
import { ggufEmbedder, ggufRanker } from "./competitors_gguf.ts";
import { onnxCrossEncoder, onnxEmbedder } from "./competitors_onnx.ts";
import type { Scorer } from "./scorer.ts";

type Open = (competitor: Competitor, settings: CompetitorSettings) => Promise<Scorer>;

const kinds: Record<CompetitorKind, Open> = {
  "gguf-rank": ggufRanker,
  "gguf-embedding": ggufEmbedder,
  "onnx-cross-encoder": onnxCrossEncoder,
  "onnx-embedding": onnxEmbedder,
};

/** Whatever goes wrong with somebody else's model, now or later, says which one it was. */
export async function openCompetitor(
  competitor: Competitor,
  settings: CompetitorSettings,
): Promise<Scorer> {
  const { name, kind, path } = competitor;
  const attempt = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (cause) {
      if (cause instanceof QragError) throw cause;
      const message = `The baseline ${name} (${path}) cannot be run: ${(cause as Error).message}`;
      throw new QragError("INPUT_INVALID", message, { cause });
    }
  };
  const scorer = await attempt(() => kinds[kind](competitor, settings));
  return { ...scorer, score: (pairs, signal) => attempt(() => scorer.score(pairs, signal)) };
}

export function onDisk({ path }: Competitor): boolean {
  return existsSync(path);
}

/** Paths count from the config file's folder. */
export function competitorsIn(json: string, configPath: string): Competitor[] {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw new QragError("INPUT_INVALID", `${configPath} is not JSON: ${(cause as Error).message}`, {
      cause,
    });
  }
  const { competitors } = (value ?? {}) as { competitors?: unknown };
  if (!Array.isArray(competitors)) {
    throw new QragError("INPUT_INVALID", `${configPath} has no list "competitors"`);
  }
  return competitors.map((entry, index) => {
    const problem = (what: string) =>
      new QragError("INPUT_INVALID", `${configPath}: competitor ${index + 1} ${what}`);
    const fields = new Map<string, unknown>(Object.entries(entry ?? {}));
    const text = (name: string, otherwise?: string): string => {
      const given = fields.get(name) ?? otherwise;
      if (typeof given !== "string") throw problem(`has no "${name}"`);
      return given;
    };
    const oneOf = <T extends string>(name: string, choices: readonly T[], otherwise?: T): T => {
      const given = text(name, otherwise);
      const choice = choices.find((each) => each === given);
      if (choice === undefined) throw problem(`has a "${name}" other than ${choices.join(", ")}`);
      return choice;
    };
    return {
      name: text("name"),
      repository: text("repository", ""),
      kind: oneOf("kind", competitorKinds),
      path: resolve(dirname(configPath), text("path")),
      dtype: text("dtype", "fp32"),
      pooling: oneOf("pooling", ["mean", "first"], "mean"),
      queryPrefix: text("queryPrefix", ""),
      passagePrefix: text("passagePrefix", ""),
    };
  });
}

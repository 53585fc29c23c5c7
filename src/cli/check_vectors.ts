// The checks of `qrag verify` on a model that gives vectors: are they sound, and do both engines agree on them?
import { type Embedder, type EmbedderInfo, similarity } from "../embedder.ts";
import { loadEmbedder } from "../load_embedder.ts";
import { table } from "./output.ts";
import { builtInPairs } from "./pairs.ts";

export interface VectorChecks {
  readonly info: EmbedderInfo;
  readonly pairs: number;
  /** Of how many questions the answer is nearer than the other passages. */
  readonly nearest: number;
  /** Cosines between the fast engine's vectors and the reference's. */
  readonly agreement: { readonly mean: number; readonly least: number };
}

/** What rounding to 8 bits may cost at the worst. */
const leastAgreement = 0.98;

export const vectorsHold = ({ agreement }: VectorChecks): boolean =>
  agreement.least >= leastAgreement;

export async function checkVectors(
  path: string | undefined,
  options: { readonly threads: number | undefined; readonly signal: AbortSignal },
): Promise<VectorChecks> {
  const answers = builtInPairs.filter(({ label }) => label === 1);
  const embed = async (engine: "fast" | "reference") => {
    const embedder = await loadEmbedder(path, { ...options, engine });
    try {
      return { info: embedder.info, ...(await vectorsOf(embedder, answers, options.signal)) };
    } finally {
      await embedder.dispose();
    }
  };
  const { info, queries, passages } = await embed("fast");
  const reference = await embed("reference");
  const cosines = [...queries, ...passages].map((vector, index) =>
    similarity(vector, [...reference.queries, ...reference.passages][index]!),
  );
  const nearest = queries.filter((query, own) =>
    passages.every(
      (passage, other) =>
        other === own || similarity(query, passages[own]!) > similarity(query, passage),
    ),
  );
  return {
    info,
    pairs: answers.length,
    nearest: nearest.length,
    agreement: {
      mean: cosines.reduce((sum, cosine) => sum + cosine, 0) / cosines.length,
      least: Math.min(...cosines),
    },
  };
}

async function vectorsOf(
  embedder: Embedder,
  pairs: readonly { readonly query: string; readonly passage: string }[],
  signal: AbortSignal,
) {
  const queries = pairs.map(({ query }) => query);
  const passages = pairs.map(({ passage }) => passage);
  return {
    queries: await embedder.embed(queries, { as: "query", signal }),
    passages: await embedder.embed(passages, { as: "passage", signal }),
  };
}

export function vectorsText({ info, pairs, nearest, agreement }: VectorChecks): string {
  const { path, parameters, weightTypes, contextLength, dimensions, pooling, normalized } = info;
  const kind = `${dimensions} dimensions, ${pooling} pooling, ${normalized ? "length 1" : "any length"}`;
  return [
    table(
      ["MODEL", info.name ?? ""],
      [
        ["path", path],
        ["parameters", `${(parameters / 1e6).toFixed(1)} million`],
        ["weights", weightTypes.join(", ")],
        ["context", `${contextLength} tokens`],
        ["vectors", kind],
        ["before a query", JSON.stringify(info.queryText)],
        ["before a passage", JSON.stringify(info.passageText)],
      ],
    ),
    `The answer is the nearest of ${pairs} passages for ${nearest} of ${pairs} questions.\n` +
      `Fast engine and reference: cosine ${agreement.mean.toFixed(4)} on average, ${agreement.least.toFixed(4)} at the least.\n`,
  ].join("\n");
}

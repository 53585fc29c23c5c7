// Vercel's AI SDK: the gate as a reranking model, for `rerank({ model: gateRerankingModel(gate), ... })`.
import { checkedBy, flag, isObject, refuse } from "../checks.ts";
import type { Gate } from "../gate.ts";
import { modelName } from "../gate_info.ts";
import { scoreOf } from "../verdict.ts";

type Json =
  | null
  | string
  | number
  | boolean
  | readonly unknown[]
  | { readonly [name: string]: unknown };

/** What is read of a call; versions 3 and 4 of the interface have it alike. */
export interface RerankCall {
  readonly documents:
    | { readonly type: "text"; readonly values: readonly string[] }
    | {
        readonly type: "object";
        readonly values: readonly { readonly [name: string]: Json | undefined }[];
      };
  readonly query: string;
  readonly topN?: number;
  readonly abortSignal?: AbortSignal;
  /** `qrag: { onlyRelevant: true }` leaves out what the gate refuses. */
  readonly providerOptions?: {
    readonly [provider: string]: { readonly [name: string]: unknown } | undefined;
  };
}

export interface RerankResult {
  ranking: { index: number; relevanceScore: number }[];
  providerMetadata: { qrag: { relevant: number[] } };
  response: { modelId: string };
}

export interface GateRerankingModel<Version extends "v3" | "v4"> {
  readonly specificationVersion: Version;
  readonly provider: "qrag";
  readonly modelId: string;
  doRerank(call: RerankCall): Promise<RerankResult>;
}

/**
 * `version`: of the interface; AI SDK 6 and 7 take "v3", 7 prefers "v4". The line of the scores is 0.5; the indices of
 * the relevant documents stand in `providerMetadata.qrag.relevant`.
 */
export function gateRerankingModel<Version extends "v3" | "v4" = "v3">(
  gate: Pick<Gate, "rank" | "info">,
  version: Version = "v3" as Version,
): GateRerankingModel<Version> {
  const modelId = modelName(gate.info);
  return {
    specificationVersion: version,
    provider: "qrag",
    modelId,
    async doRerank({ documents, query, topN, abortSignal: signal, providerOptions }) {
      const { onlyRelevant = false } = checkedBy<{ onlyRelevant?: boolean }>(
        { onlyRelevant: flag },
        "providerOptions.qrag",
        providerOptions?.qrag,
      );
      const texts = documents.type === "text" ? documents.values : documents.values.map(textOf);
      const ranked = await gate.rank(query, texts, { signal });
      const kept = ranked.filter(({ verdict }) => verdict.relevant || !onlyRelevant).slice(0, topN);
      const relevant = ranked.filter(({ verdict }) => verdict.relevant).map(({ index }) => index);
      return {
        ranking: kept.map(({ index, verdict }) => ({
          index,
          relevanceScore: scoreOf(verdict, gate.info),
        })),
        providerMetadata: { qrag: { relevant } },
        response: { modelId },
      };
    },
  };
}

/** An object's text, or else all of it as JSON, as other providers read objects. */
function textOf(value: unknown, index: number): string {
  if (!isObject(value)) return refuse("an object", `documents[${index}]`, value);
  return typeof value.text === "string" ? value.text : JSON.stringify(value);
}

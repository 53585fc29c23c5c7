// LangChain.js: a document compressor that keeps what the gate judges relevant.
import type { DocumentInterface } from "@langchain/core/documents";
import { BaseDocumentCompressor } from "@langchain/core/retrievers/document_compressors";
import { checkedBy, choice, count } from "../checks.ts";
import type { Gate } from "../gate.ts";
import { limits } from "../options.ts";
import { scoreOf } from "../verdict.ts";

export interface GateCompressorOptions {
  /** The best so many only. Default: all that are relevant. */
  readonly topN?: number | undefined;
  /** Keep irrelevant documents too, behind the others: a reranker. Default false. */
  readonly keepIrrelevant?: boolean | undefined;
}

const checks = { topN: count(limits.passages), keepIrrelevant: choice(true, false) };

/**
 * The documents come back as copies, the most relevant first, with `metadata.relevanceScore` (0.5 is the line)
 * and `metadata.relevant`. When none is relevant, none comes back.
 */
export class GateCompressor extends BaseDocumentCompressor {
  readonly #gate: Pick<Gate, "rank" | "info">;
  readonly #options: GateCompressorOptions;

  constructor(gate: Pick<Gate, "rank" | "info">, options?: GateCompressorOptions) {
    super();
    this.#gate = gate;
    this.#options = checkedBy<GateCompressorOptions>(checks, "GateCompressor", options);
  }

  async compressDocuments(
    documents: DocumentInterface[],
    query: string,
  ): Promise<DocumentInterface[]> {
    const { topN, keepIrrelevant = false } = this.#options;
    const passages = documents.map((document) => ({ text: document.pageContent, document }));
    const ranked = await this.#gate.rank(query, passages);
    return ranked
      .filter(({ verdict }) => verdict.relevant || keepIrrelevant)
      .slice(0, topN)
      .map(({ passage: { document }, verdict }) => ({
        ...document,
        metadata: {
          ...document.metadata,
          relevanceScore: scoreOf(verdict, this.#gate.info),
          relevant: verdict.relevant,
        },
      }));
  }
}

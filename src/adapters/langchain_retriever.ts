// LangChain.js: a store as its BaseRetriever; where the store has a gate, its verdicts decide.
import { Document } from "@langchain/core/documents";
import { BaseRetriever, type BaseRetrieverInput } from "@langchain/core/retrievers";
import { type Checks, checkedBy, choice, count } from "../checks.ts";
import { limits } from "../options.ts";
import type { Hit } from "../store/hits.ts";
import { filter, mode, type SearchOptions, topK } from "../store/options.ts";
import type { Store } from "../store/store.ts";
import { scoreOf } from "../verdict.ts";

interface Choices extends Pick<SearchOptions, "mode" | "filter"> {
  /** Passages that are looked at. Default 20. */
  readonly topK?: number | undefined;
  /** The best so many only. Default: all that are relevant. */
  readonly topN?: number | undefined;
  /** Keep irrelevant passages too, behind the others: a reranker. Default false. */
  readonly keepIrrelevant?: boolean | undefined;
}

export interface QragRetrieverOptions extends BaseRetrieverInput, Choices {}

const checks: Checks<Choices> = {
  topK,
  topN: count(limits.passages),
  keepIrrelevant: choice(true, false),
  mode,
  filter,
};

/** As many as an answer from a store looks at. */
const defaultTopK = 20;

/**
 * With a gate in the store, the relevant passages, the most relevant first, with `metadata.relevanceScore` (0.5 is the
 * line) and `metadata.relevant`; when none is relevant, none comes back. Without one, what the search finds, in its
 * order. The store stays the caller's, who disposes it.
 */
export class QragRetriever extends BaseRetriever {
  static override lc_name(): string {
    return "QragRetriever";
  }

  override lc_namespace = ["qrag", "retrievers"];
  readonly #store: Pick<Store, "search" | "gate">;
  readonly #choices: Choices;

  constructor(store: Pick<Store, "search" | "gate">, options: QragRetrieverOptions = {}) {
    const { callbacks, tags, metadata, verbose, ...choices } = options;
    super({
      ...(callbacks && { callbacks }),
      ...(tags && { tags }),
      ...(metadata && { metadata }),
      ...(verbose !== undefined && { verbose }),
    });
    this.#store = store;
    this.#choices = checkedBy(checks, "QragRetriever", choices);
  }

  override async _getRelevantDocuments(query: string): Promise<Document[]> {
    const { topN, keepIrrelevant = false, ...search } = this.#choices;
    const hits: Hit[] = [];
    for await (const hit of this.#store.search(query, { topK: defaultTopK, ...search })) {
      if (hit.verdict?.relevant !== false || keepIrrelevant) hits.push(hit);
    }
    return hits
      .sort(byMargin)
      .slice(0, topN)
      .map((hit) => this.#documentOf(hit));
  }

  /** The document's own metadata, and where the passage stands. */
  #documentOf({ text, id, path, metadata, headings, line, start, end, verdict }: Hit): Document {
    const { gate } = this.#store;
    return new Document({
      pageContent: text,
      metadata: {
        ...metadata,
        id,
        source: path ?? id,
        headings,
        line,
        start,
        end,
        ...(verdict &&
          gate && { relevanceScore: scoreOf(verdict, gate.info), relevant: verdict.relevant }),
      },
    });
  }
}

/** Equal ones, and those that nobody has judged, keep their order. */
function byMargin({ verdict: a }: Hit, { verdict: b }: Hit): number {
  if (!a || !b || a.margin === b.margin) return 0;
  return b.margin - a.margin;
}

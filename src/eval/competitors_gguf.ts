// Rerankers and embedders as GGUF files, run by node-llama-cpp if the user has it installed.
import type { Competitor, CompetitorSettings } from "./competitor.ts";
import { importInstalled } from "./installed.ts";
import type { Pair, Scorer } from "./scorer.ts";
import { embeddingScorer, withPrefixes } from "./vectors.ts";

/** What is used of node-llama-cpp; a test holds it against the package's own types. */
export interface LlamaPackage<LogLevel = unknown> {
  readonly LlamaLogLevel: { readonly disabled: LogLevel };
  getLlama(options: {
    gpu: false;
    build: "never";
    progressLogs: false;
    logLevel: LogLevel;
  }): Promise<{
    loadModel(options: { modelPath: string }): Promise<LlamaModel>;
    dispose(): Promise<void>;
  }>;
}

/** A number of the package's own kind. */
type Token = number & { __token: never };

interface LlamaModel {
  /** Tokens the model can read at once. */
  readonly trainContextSize: number;
  tokenize(text: string): Token[];
  createRankingContext(options: CompetitorSettings): Promise<{
    rank(query: string, document: string, options: { onOverflow: "maxChunk" }): Promise<number>;
  }>;
  createEmbeddingContext(options: CompetitorSettings): Promise<{
    getEmbeddingFor(input: Token[]): Promise<{ readonly vector: readonly number[] }>;
  }>;
}

/** What is made of a model, and the way to free it; whatever fails, nothing stays loaded. */
async function open<T>({ path }: Competitor, use: (model: LlamaModel) => Promise<T>) {
  const { getLlama, LlamaLogLevel } = (await importInstalled("node-llama-cpp")) as LlamaPackage;
  const llama = await getLlama({
    gpu: false,
    build: "never",
    progressLogs: false,
    // What keeps a model from being used is thrown besides.
    logLevel: LlamaLogLevel.disabled,
  });
  const close = () => llama.dispose();
  try {
    return { used: await use(await llama.loadModel({ modelPath: path })), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Passages longer than the model's context count as their best part, as they do for our gate. */
export async function ggufRanker(
  competitor: Competitor,
  settings: CompetitorSettings,
): Promise<Scorer> {
  const { used, close } = await open(competitor, (model) => model.createRankingContext(settings));
  const rank = ({ query, passage }: Pair) => used.rank(query, passage, { onOverflow: "maxChunk" });
  return { score: (pairs) => inTurn(pairs, rank), close };
}

/** Texts longer than the model's context are cut. */
export async function ggufEmbedder(
  competitor: Competitor,
  settings: CompetitorSettings,
): Promise<Scorer> {
  const { used: embed, close } = await open(competitor, async (model) => {
    const context = await model.createEmbeddingContext(settings);
    // Two tokens stand around every text.
    const most = model.trainContextSize - 2;
    return async (text: string) =>
      (await context.getEmbeddingFor(model.tokenize(text).slice(0, most))).vector;
  });
  return embeddingScorer(
    withPrefixes(competitor, (texts) => inTurn(texts, embed)),
    close,
  );
}

async function inTurn<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const item of items) results.push(await work(item));
  return results;
}

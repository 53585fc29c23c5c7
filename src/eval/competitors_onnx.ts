// Cross-encoders and embedders as ONNX folders, run by transformers.js (and its onnxruntime-node) if the user has it installed.
import type { Competitor, CompetitorSettings } from "./competitor.ts";
import { importInstalled } from "./installed.ts";
import type { Pair, Scorer } from "./scorer.ts";
import { embeddingScorer, withPrefixes } from "./vectors.ts";

interface Tensor {
  readonly data: ArrayLike<number>;
  readonly dims: readonly number[];
}

type Inputs = Readonly<Record<string, Tensor>>;
type Model = ((inputs: Inputs) => Promise<Readonly<Record<string, Tensor>>>) & {
  dispose(): Promise<unknown>;
};
type Tokenizer = (texts: readonly string[], options: object) => Inputs;
type Loader<T> = { from_pretrained(path: string, options: object): Promise<T> };

interface TransformersPackage {
  readonly env: { allowRemoteModels: boolean };
  readonly AutoTokenizer: Loader<Tokenizer>;
  readonly AutoModelForSequenceClassification: Loader<Model>;
  readonly AutoModel: Loader<Model>;
}

/** Longer batches pad more than they gain. */
const textsAtOnce = 16;
const tokenizing = { padding: true, truncation: true };

async function open(
  { path, dtype }: Competitor,
  { threads }: CompetitorSettings,
  kind: "AutoModelForSequenceClassification" | "AutoModel",
) {
  const transformers = (await importInstalled("@huggingface/transformers")) as TransformersPackage;
  // What is not in the folder is an error, never a download.
  transformers.env.allowRemoteModels = false;
  const tokenizer = await transformers.AutoTokenizer.from_pretrained(path, {});
  const model = await transformers[kind].from_pretrained(path, {
    dtype,
    device: "cpu",
    session_options: { intraOpNumThreads: threads, logSeverityLevel: 3 },
  });
  return { tokenizer, model };
}

/** The score is the logit of the only label, or that of the second minus the first. Long passages are cut. */
export async function onnxCrossEncoder(
  competitor: Competitor,
  settings: CompetitorSettings,
): Promise<Scorer> {
  const { tokenizer, model } = await open(
    competitor,
    settings,
    "AutoModelForSequenceClassification",
  );
  const scoreBatch = async (pairs: readonly Pair[]) => {
    const inputs = tokenizer(
      pairs.map(({ query }) => query),
      { ...tokenizing, text_pair: pairs.map(({ passage }) => passage) },
    );
    const { logits } = await model(inputs);
    const labels = logits!.data.length / pairs.length;
    return pairs.map((_, row) => {
      const [first, second] = [logits!.data[row * labels]!, logits!.data[row * labels + 1]!];
      return labels === 1 ? first : second - first;
    });
  };
  return {
    score: (pairs) => inBatches(pairs, scoreBatch),
    async close() {
      await model.dispose();
    },
  };
}

export async function onnxEmbedder(
  competitor: Competitor,
  settings: CompetitorSettings,
): Promise<Scorer> {
  const { tokenizer, model } = await open(competitor, settings, "AutoModel");
  const embedBatch = async (texts: readonly string[]) => {
    const inputs = tokenizer(texts, tokenizing);
    const { last_hidden_state: states } = await model(inputs);
    return pooled(states!, inputs.attention_mask!, competitor.pooling);
  };
  return embeddingScorer(
    withPrefixes(competitor, (texts) => inBatches(texts, embedBatch)),
    async () => void (await model.dispose()),
  );
}

/** states: [batch, length, width], mask: [batch, length] with 0 for padding -> [batch, width] */
export function pooled(
  { data, dims }: Tensor,
  mask: Tensor,
  pooling: Competitor["pooling"],
): number[][] {
  const [batch, length, width] = dims as [number, number, number];
  return Array.from({ length: batch }, (_, row) => {
    const vector = new Array<number>(width).fill(0);
    for (let position = 0; position < (pooling === "first" ? 1 : length); position++) {
      const token = row * length + position;
      // The mask's elements are 64-bit integers. The scale of a vector does not change its cosine.
      if (Number(mask.data[token]) === 0) continue;
      for (let column = 0; column < width; column++) {
        vector[column]! += data[token * width + column]!;
      }
    }
    return vector;
  });
}

async function inBatches<T, R>(
  items: readonly T[],
  work: (batch: readonly T[]) => Promise<R[]>,
): Promise<R[]> {
  const results: R[] = [];
  for (let start = 0; start < items.length; start += textsAtOnce) {
    results.push(...(await work(items.slice(start, start + textsAtOnce))));
  }
  return results;
}

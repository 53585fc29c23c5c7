// transformers.js (@huggingface/transformers), given text: its own tokenizer, its own pooling, its onnxruntime-node.
import type { Purpose } from "../encoders/shape.ts";
import { marginsOf } from "../onnx/encoder_session.ts";
import type { OrtTensor } from "../onnx/runtime.ts";
import { inBatches } from "./batches.ts";
import type { Contender } from "./contender.ts";
import { loadPeer, peerVersion } from "./installed.ts";

type Disposable = { dispose(): Promise<unknown> };
type Loader<T> = { from_pretrained(path: string, options: object): Promise<T> };
type Inputs = Readonly<Record<string, OrtTensor>>;
type Tokenizer = (texts: readonly string[], options: object) => Inputs;
type Classifier = ((inputs: Inputs) => Promise<{ readonly logits: OrtTensor }>) & Disposable;
type Extractor = ((texts: readonly string[], options: object) => Promise<OrtTensor>) & Disposable;

interface Transformers {
  readonly env: { allowRemoteModels: boolean };
  readonly AutoTokenizer: Loader<Tokenizer>;
  readonly AutoModelForSequenceClassification: Loader<Classifier>;
  pipeline(task: "feature-extraction", path: string, options: object): Promise<Extractor>;
}

export const transformersJs = "@huggingface/transformers";

/** `dtype`: fp32 is onnx/model.onnx, q8 onnx/model_quantized.onnx. */
export async function openTransformersJs(
  folder: string,
  dtype: "fp32" | "q8",
  purpose: Purpose,
  threads: number,
): Promise<Contender> {
  const transformers = loadPeer(transformersJs) as Transformers;
  // What is not in the folder is an error, never a download.
  transformers.env.allowRemoteModels = false;
  const session_options = { intraOpNumThreads: threads, logSeverityLevel: 3 };
  const options = { dtype, device: "cpu", session_options };
  const { answer, dispose } =
    "labels" in purpose
      ? await classifier(transformers, folder, options)
      : await extractor(transformers, folder, options, purpose.pooling);
  return {
    build: `transformers ${peerVersion(transformersJs)}`,
    answer,
    async close() {
      await dispose();
    },
  };
}

type Opened = Pick<Contender, "answer"> & Disposable;

async function extractor(
  { pipeline }: Transformers,
  folder: string,
  options: object,
  pooling: "mean" | "cls",
): Promise<Opened> {
  const extract = await pipeline("feature-extraction", folder, options);
  const answer = inBatches(async (texts: readonly string[]) => {
    const { data, dims } = await extract(texts, { pooling, normalize: true });
    const width = dims[1]!;
    return texts.map((_, row) => data.slice(row * width, (row + 1) * width));
  });
  return { answer: ({ passages }) => answer(passages), dispose: () => extract.dispose() };
}

async function classifier(
  { AutoTokenizer, AutoModelForSequenceClassification }: Transformers,
  folder: string,
  options: object,
): Promise<Opened> {
  const tokenizer = await AutoTokenizer.from_pretrained(folder, {});
  const model = await AutoModelForSequenceClassification.from_pretrained(folder, options);
  const judge = inBatches(async (pairs: readonly { query: string; passage: string }[]) => {
    const inputs = tokenizer(
      pairs.map(({ query }) => query),
      { text_pair: pairs.map(({ passage }) => passage), padding: true, truncation: true },
    );
    return marginsOf((await model(inputs)).logits);
  });
  return {
    answer: ({ query, passages }) => judge(passages.map((passage) => ({ query, passage }))),
    dispose: () => model.dispose(),
  };
}

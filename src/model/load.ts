// From a file to a loaded model: checks it, and streams its tensors into native memory.

import { QragError } from "../../base/errors.ts";
import type { Progress } from "../../base/progress.ts";
import {
  type Decision,
  describeModel,
  type EarlyExit,
  type ModelDescription,
} from "../../gguf/architecture.ts";
import type { TensorInfo } from "../../gguf/format.ts";
import type { Prompt } from "../../gguf/prompt.ts";
import type { ByteSource } from "../../gguf/source.ts";
import type { NativeModel } from "../../native/contract.ts";
import { openModel, type TensorStream } from "../../native/model.ts";
import { type BackgroundTokenizer, openTokenizer } from "../../native/tokenizer/background.ts";
import { modelError, openModelFile, type ShippedModel } from "./files.ts";

/** Bytes in one read: large enough for a disk's full speed, small enough to copy within a millisecond. */
const chunkBytes = 1024 * 1024;

export interface LoadModelOptions {
  readonly threads: number;
  /** What the package's own model is. Default: its gate. */
  readonly shipped?: ShippedModel | undefined;
  /** As native/model.ts has it. */
  readonly kernels?: string | undefined;
  readonly unpackWeights?: boolean | undefined;
  /** Only margins below it may be guessed by an early exit; -Infinity: none. Default: what the file says. */
  readonly exitBelow?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

export interface LoadedModel {
  readonly path: string;
  readonly description: ModelDescription;
  readonly tokenizer: BackgroundTokenizer;
  readonly model: NativeModel;
  /** As the model computes: undefined where every pair goes through all blocks. */
  readonly earlyExit: EarlyExit | undefined;
  /** Whether the arg-max over the whole vocabulary can be computed. */
  readonly fullHead: boolean;
}

/** What loading needs from below; tests pass their own. */
export interface NativeParts {
  openModel: typeof openModel;
  openTokenizer: typeof openTokenizer;
}

const nativeParts: NativeParts = {
  openModel,
  openTokenizer,
};

/** Loads the model `name`, or the package's own. When this fails, nothing stays open. */
export async function loadModel(
  name: string | undefined,
  { onProgress, shipped, exitBelow = 0, ...opening }: LoadModelOptions,
  parts: NativeParts = nativeParts,
): Promise<LoadedModel> {
  opening.signal?.throwIfAborted();
  const { path, source, file } = await openModelFile(name, opening.signal, shipped);
  let tokenizer: BackgroundTokenizer | undefined;
  try {
    const description = describeModel(file);
    tokenizer = parts.openTokenizer(description.tokenizerJson);
    checkVocabulary(tokenizer, description);
    const fullHead =
      description.tiedEmbeddings ||
      description.tensors.some(({ name }) => name === "output.weight");
    const total = description.tensors.reduce((sum, { byteLength }) => sum + byteLength, 0);
    let done = 0;
    const progress = (bytes: number): void => {
      done += bytes;
      onProgress?.({ done, total });
    };
    const buffers: Buffers = [new Uint8Array(chunkBytes), new Uint8Array(chunkBytes)];
    const streams = description.tensors.map(
      (tensor): TensorStream => ({
        ...tensor,
        chunks: () => chunksOf(source, tensor, buffers, progress),
      }),
    );
    const { architecture, numbers, output } = description;
    const earlyExit = exitOf(description, exitBelow);
    const model = await parts.openModel(architecture, numbers, streams, {
      ...opening,
      pooling: output.kind === "vector" ? output.pooling : undefined,
      earlyExit,
    });
    return { path, description, tokenizer, model, earlyExit, fullHead };
  } catch (error) {
    tokenizer?.dispose();
    throw modelError(error, path);
  } finally {
    await source.close();
  }
}

/** With a lower line, of numbers that the engine can hold. */
function exitOf({ earlyExit }: ModelDescription, most: number): EarlyExit | undefined {
  if (!earlyExit) return undefined;
  const below = Math.fround(Math.min(earlyExit.below, most));
  return below === -Infinity ? undefined : { ...earlyExit, below };
}

/** Two pieces of memory for chunksOf, which fills one while the other is copied. */
type Buffers = [Uint8Array, Uint8Array];

/** A tensor's bytes in order. The next piece is read while the caller copies this one. */
async function* chunksOf(
  source: ByteSource,
  { offset, byteLength }: TensorInfo,
  buffers: Buffers,
  progress: (bytes: number) => void,
): AsyncGenerator<Uint8Array, void> {
  const read = (at: number) => {
    buffers.reverse();
    return source.read(offset + at, Math.min(chunkBytes, byteLength - at), buffers[0]);
  };
  let next: Promise<Uint8Array> | undefined = read(0);
  try {
    for (let at = 0; next; ) {
      const bytes: Uint8Array = await next;
      at += bytes.length;
      next = at < byteLength ? read(at) : undefined;
      // Awaited in a moment, or below; a failure must not count as unhandled until then.
      next?.catch(() => {});
      yield bytes;
      progress(bytes.length);
    }
  } finally {
    // The file must not be closed under a read.
    await next?.catch(() => {});
  }
}

export function checkVocabulary(
  tokenizer: BackgroundTokenizer,
  { numbers }: ModelDescription,
): void {
  if (tokenizer.vocabularySize <= numbers.vocabularySize) return;
  throw new QragError(
    "MODEL_INVALID",
    `its tokenizer has ${tokenizer.vocabularySize} tokens, its embedding only ${numbers.vocabularySize} rows. ` +
      "Convert the checkpoint again with the tokenizer.json it was trained with.",
  );
}

/** How a model judges that answers a prompt with a token; others are not gates. */
export function decisionModel({ architecture, output, frame }: ModelDescription): {
  decision: Decision;
  prompt: Prompt;
} {
  if (output.kind === "decision" && frame.kind === "prompt") {
    return { decision: output, prompt: frame };
  }
  throw new QragError("MODEL_UNSUPPORTED", `a model of architecture ${architecture} is not a gate`);
}

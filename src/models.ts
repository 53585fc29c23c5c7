// From a path to an opened model: finds the file, checks it, and streams its tensors into native memory.
import { join, resolve } from "node:path";
import { describeModel, type ModelDescription } from "../gguf/architecture.ts";
import { GgufError, type GgufFile, type TensorInfo } from "../gguf/format.ts";
import { readGguf } from "../gguf/read.ts";
import { type ByteSource, fileSource } from "../gguf/source.ts";
import { type BackgroundTokenizer, openTokenizer } from "../native/background_tokenizer.ts";
import { type NativeModel, packageRoot } from "../native/binding.ts";
import { QragError } from "../native/errors.ts";
import { openModel, type TensorStream } from "../native/model.ts";
import type { Progress } from "./options.ts";

/** The model that is used when none is named, seen from the package's folder. Putting the file there completes it. */
const defaultModel = join("models", "qrag.gguf");

/** Bytes in one read: large enough for a disk's full speed, small enough to copy within a millisecond. */
const chunkBytes = 1024 * 1024;

export interface LoadModelOptions {
  readonly threads: number;
  /** As native/model.ts has it. */
  readonly kernels?: string | undefined;
  readonly unpackWeights?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

export interface LoadedModel {
  readonly path: string;
  readonly description: ModelDescription;
  readonly tokenizer: BackgroundTokenizer;
  readonly model: NativeModel;
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

/** The file a model's name stands for. */
export function modelPath(name: string | undefined): string {
  if (name?.startsWith("hf:")) {
    throw new QragError(
      "MODEL_NOT_FOUND",
      `${name}: this version does not download models. Download the checkpoint and its tokenizer.json from ` +
        `https://huggingface.co/${name.slice(3)} yourself, then run ${convertExample}, and pass the path of the result.`,
    );
  }
  return name === undefined ? join(packageRoot(), defaultModel) : resolve(name);
}

const convertExample = `\`qrag convert CHECKPOINT --tokenizer tokenizer.json -o ${defaultModel}\``;

/** Opens a GGUF file and reads its header. The caller closes the source. */
export async function openGguf(path: string): Promise<{ source: ByteSource; file: GgufFile }> {
  const source = await openFile(path);
  try {
    return { source, file: await readGguf(source) };
  } catch (error) {
    await source.close();
    throw modelError(error, path);
  }
}

/** Loads the model `name`, or the package's own. When this fails, nothing stays open. */
export async function loadModel(
  name: string | undefined,
  { onProgress, ...opening }: LoadModelOptions,
  native: NativeParts = nativeParts,
): Promise<LoadedModel> {
  opening.signal?.throwIfAborted();
  const path = modelPath(name);
  const { source, file } = await openGguf(path);
  let tokenizer: BackgroundTokenizer | undefined;
  try {
    const description = describeModel(file);
    tokenizer = native.openTokenizer(description.tokenizerJson);
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
    const model = await native.openModel(description.numbers, streams, opening);
    return { path, description, tokenizer, model, fullHead };
  } catch (error) {
    tokenizer?.dispose();
    throw modelError(error, path);
  } finally {
    await source.close();
  }
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

/** Opens a file; whatever goes wrong with it, now or in a later read, is a QragError. */
export async function openFile(path: string): Promise<ByteSource> {
  let source: ByteSource;
  try {
    source = await fileSource(path);
  } catch (cause) {
    throw notFound(path, cause);
  }
  return {
    size: source.size,
    async read(offset, length, into) {
      try {
        return await source.read(offset, length, into);
      } catch (cause) {
        throw new QragError("MODEL_INVALID", `could not be read: ${reason(cause)}`, { cause });
      }
    },
    close: () => source.close(),
  };
}

function notFound(path: string, cause: unknown): QragError {
  const packaged = path === join(packageRoot(), defaultModel);
  const missing = (cause as NodeJS.ErrnoException)?.code === "ENOENT";
  const message =
    packaged && missing
      ? `No model is installed: ${path} is not there. Make one with ${convertExample}, ` +
        "or name a model: a path given to loadGate, --model PATH, or the environment variable QRAG_MODEL."
      : `${path}: the model could not be opened: ${missing ? "there is no such file" : reason(cause)}`;
  return new QragError("MODEL_NOT_FOUND", message, { cause });
}

/** What was wrong with the file, with its path; other errors (an abort, a missing addon) as they are. */
export function modelError(error: unknown, path: string): unknown {
  if (error instanceof GgufError) {
    const code = error.kind === "unsupported" ? "MODEL_UNSUPPORTED" : "MODEL_INVALID";
    return new QragError(code, `${path}: ${error.message}`, { cause: error });
  }
  if (error instanceof QragError && /^(MODEL|TOKENIZER)_/.test(error.code)) {
    return new QragError(error.code, `${path}: ${error.message}`, { cause: error });
  }
  return error;
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

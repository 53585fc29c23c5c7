// The model of the backend "llama": scores in node-llama-cpp, by the first token's logits of the decision tokens.
import type { Llama, LlamaContextSequence, Token } from "node-llama-cpp";
import { QragError } from "../../base/errors.ts";
import type { Progress } from "../../base/progress.ts";
import { reasonOf } from "../../base/reason.ts";
import { patchedBuild } from "../../native/llama.cpp/patched_build.ts";
import type { Gpu } from "../options.ts";
import type { ScoringModel } from "../queue/scoring_queue.ts";
import { loadPackage, type Package } from "./package.ts";

/** What node-llama-cpp computes together: it batches over sequences, each with its own context. */
const parallelSequences = 8;

/** Of what llama.cpp says when it cannot load a file; it may go on saying something for as long as it lives. */
const maxComplaints = 8;

export interface OpenLlamaOptions {
  readonly path: string;
  /** `qrag` files need the patched llama.cpp; `llama` files any. */
  readonly layout: "qrag" | "llama";
  /** Of all tensors, to report progress in. */
  readonly bytes: number;
  readonly contextLength: number;
  /** The decision tokens, in the order of the logits that scoring gives. */
  readonly tokenIds: readonly number[];
  readonly gpu: Gpu;
  readonly threads: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

export async function openLlama(
  options: OpenLlamaOptions,
  load?: () => Promise<Package>,
): Promise<LlamaModel> {
  const nodeLlamaCpp = await loadPackage('The backend "llama"', load);
  const complaints: string[] = [];
  const llama = await findBuild(nodeLlamaCpp, options, complaints);
  try {
    const sequences = await openSequences(llama, options);
    return new LlamaModel(llama, sequences, options.tokenIds);
  } catch (error) {
    await llama.dispose();
    options.signal?.throwIfAborted();
    if (error instanceof nodeLlamaCpp.InsufficientMemoryError) {
      throw new QragError("OUT_OF_MEMORY", error.message, { cause: error });
    }
    const said = complaints.length > 0 ? ` (${complaints.join("; ")})` : "";
    throw new QragError("MODEL_INVALID", `llama.cpp cannot load it: ${reasonOf(error)}${said}`, {
      cause: error,
    });
  }
}

/** Opens a build of llama.cpp that is there: nothing is compiled, downloaded or printed. */
async function findBuild(
  { getLlama, LlamaLogLevel, NoBinaryFoundError }: Package,
  { layout, gpu }: OpenLlamaOptions,
  complaints: string[],
): Promise<Llama> {
  const patched = { cmakeOptions: { ...patchedBuild }, usePrebuiltBinaries: false };
  try {
    return await getLlama({
      gpu,
      build: "never",
      progressLogs: false,
      logLevel: LlamaLogLevel.error,
      logger(_level, message) {
        if (complaints.length < maxComplaints) complaints.push(message.trim());
      },
      ...(layout === "qrag" ? patched : {}),
    });
  } catch (cause) {
    if (layout === "qrag" && cause instanceof NoBinaryFoundError) {
      throw new QragError(
        "MODEL_UNSUPPORTED",
        "llama.cpp as node-llama-cpp ships it does not know the architecture qrag. Build the patched one " +
          "(`npm run build:llama` in a checkout of qrag), or convert the checkpoint with --layout llama.",
        { cause },
      );
    }
    throw new QragError(
      "NATIVE_MISSING",
      `node-llama-cpp has no build for this machine with gpu: ${JSON.stringify(gpu)}: ${reasonOf(cause)}`,
      { cause },
    );
  }
}

async function openSequences(
  llama: Llama,
  { path, bytes, contextLength, threads, signal, onProgress }: OpenLlamaOptions,
): Promise<LlamaContextSequence[]> {
  const model = await llama.loadModel({
    modelPath: path,
    useMmap: false,
    checkTensors: true,
    onLoadProgress: (part) => onProgress?.({ done: Math.round(part * bytes), total: bytes }),
    ...(signal && { loadSignal: signal }),
  });
  const context = await model.createContext({
    // node-llama-cpp throws tokens out of a sequence that is full, before it reads the logits.
    contextSize: contextLength + 1,
    sequences: parallelSequences,
    threads,
    ...(signal && { createSignal: signal }),
  });
  return Array.from({ length: parallelSequences }, () => context.getSequence());
}

export class LlamaModel implements ScoringModel {
  readonly #llama: Llama;
  readonly #sequences: readonly LlamaContextSequence[];
  readonly #tokenIds: readonly number[];

  constructor(
    llama: Llama,
    sequences: readonly LlamaContextSequence[],
    tokenIds: readonly number[],
  ) {
    this.#llama = llama;
    this.#sequences = sequences;
    this.#tokenIds = tokenIds;
  }

  /** What computes: "cpu", or the kind of GPU. */
  get device(): string {
    return this.#llama.gpu || "cpu";
  }

  /** As NativeModel has it, for decisions. */
  async score(tokens: Int32Array, offsets: Int32Array): Promise<Float32Array> {
    const width = this.#tokenIds.length;
    const count = offsets.length - 1;
    const values = new Float32Array(count * width);
    let next = 0;
    const work = async (sequence: LlamaContextSequence): Promise<void> => {
      for (let index = next++; index < count; index = next++) {
        const prompt = tokens.subarray(offsets[index], offsets[index + 1]);
        values.set(await this.#logits(sequence, Array.from(prompt) as Token[]), index * width);
      }
    };
    // To the end of each: a sequence must not be at work when the next call comes.
    for (const outcome of await Promise.allSettled(this.#sequences.map(work))) {
      if (outcome.status === "fulfilled") continue;
      const cause = outcome.reason;
      throw new QragError("INTERNAL", `llama.cpp failed: ${reasonOf(cause)}`, { cause });
    }
    return values;
  }

  /** What the sequence has computed before and the prompt begins with is not computed again. */
  async #logits(sequence: LlamaContextSequence, prompt: Token[]): Promise<number[]> {
    const last = prompt.pop()!;
    await sequence.adaptStateToTokens(prompt, false);
    const filter = { tokens: this.#tokenIds as Token[] };
    const [output] = (
      await sequence.controlledEvaluate([
        ...prompt.slice(sequence.nextTokenIndex),
        [last, { generateNext: { logits: { filter } } }],
      ])
    ).slice(-1);
    return this.#tokenIds.map((id) => output?.next.logits?.get(id as Token) ?? Number.NaN);
  }

  /** Rejects what is running, and frees everything. */
  async dispose(): Promise<void> {
    await this.#llama.dispose();
  }
}

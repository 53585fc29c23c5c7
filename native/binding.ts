// The addon's typed contract, and the loader that finds it. It never compiles and never downloads.
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ModelNumbers } from "../gguf/architecture.ts";
import { QragError } from "./errors.ts";

export type { ModelNumbers };

/** A tensor as the engine wants it announced. `shape` in ggml's order: row length first. */
export interface TensorSpec {
  readonly name: string;
  readonly type: string;
  readonly shape: readonly number[];
}

/** A row of the C++ loader's table; `shape` names the sizes, row length first. */
export interface NativeTensorRow {
  readonly name: string;
  readonly shape: readonly string[];
  readonly types: readonly string[];
  readonly required: boolean;
}

/** What `score` computes for each sequence. */
export const scoreMode = {
  /** The logits of the decision rows at the last position: decisionCount numbers a sequence. */
  decision: 0,
  /** The vocabulary id with the largest logit at the last position: 1 number a sequence. */
  argmax: 1,
  /** The sum of -log p(token) over all positions but the first: 1 number a sequence. */
  surprise: 2,
} as const;

export type ScoreMode = (typeof scoreMode)[keyof typeof scoreMode];

/** A model in native memory. The life of one: write every tensor, seal, score (one call at a time), dispose. */
export interface NativeModel {
  /** The kernels that compute decisions, or "reference". */
  readonly kernels: string;
  /** Copies `bytes` into tensor number `tensor` (its place in the list given to the constructor). */
  write(tensor: number, byteOffset: number, bytes: Uint8Array): void;
  /** Checks that every tensor is complete and finite, and starts the worker thread. */
  seal(): Promise<void>;
  /**
   * Scores sequences: number i is tokens[offsets[i]] .. tokens[offsets[i + 1] - 1]. Both arrays are copied before
   * the call returns. Refused while an earlier call is running: queueing is the caller's business.
   */
  score(tokens: Int32Array, offsets: Int32Array, mode: ScoreMode): Promise<Float32Array>;
  /** The named steps of the forward pass over one sequence: for comparing implementations layer by layer. */
  trace(tokens: Int32Array): Promise<Record<string, Float32Array>>;
  /** Stops running work (its promise rejects with DISPOSED) and frees the memory. May be called twice. */
  dispose(): void;
}

/** A tokenizer in arrays of numbers; native/tokenizer/description.h says what each holds. */
export interface TokenizerDescription {
  readonly texts: Uint8Array;
  readonly ends: Int32Array;
  readonly ids: Int32Array;
  readonly merges: Int32Array;
  readonly model: Int32Array;
  readonly byteTokens: Int32Array;
  readonly added: Int32Array;
  readonly normalizer: Int32Array;
  readonly cuts: Int32Array;
  readonly before: Int32Array;
  readonly after: Int32Array;
  readonly classes: Int32Array;
  readonly combining: Int32Array;
  readonly decompositions: Int32Array;
  readonly compositions: Int32Array;
  readonly lowercase: Int32Array;
}

/** A tokenizer in native memory, with a thread of its own. */
export interface NativeTokenizer {
  /**
   * The ids of text number i are tokens[offsets[i]] .. tokens[offsets[i + 1] - 1]. Refused while an earlier call is
   * running: queueing is the caller's business.
   */
  encode(texts: readonly string[]): Promise<{ tokens: Int32Array; offsets: Int32Array }>;
  /** The text of a token as the file has it, undecoded. */
  token(id: number): string | undefined;
  /** Stops a running call between two texts (its promise rejects with DISPOSED) and frees the memory. May be called twice. */
  dispose(): void;
}

export interface NativeAddon {
  Tokenizer: new (description: TokenizerDescription) => NativeTokenizer;
  Model: new (
    numbers: ModelNumbers,
    tensors: readonly TensorSpec[],
    threads: number,
    /** One of kernels(), "reference" for ggml's own operations, or "" for what is best here. */
    kernels: string,
    /** The fast graph makes int8 of 4-bit matrices. */
    unpack: boolean,
  ) => NativeModel;
  /** The kernel sets this machine runs, the best first. */
  kernels(): string[];
  /** Versions, and the instruction set that ggml was built for. */
  version(): { qrag: string; ggml: string; level: string };
  tensorTable(): NativeTensorRow[];
  /** ggml's own quantization of whole rows. F32 in, bytes of `type` out. */
  quantizeRows(type: string, rows: Float32Array, rowLength: number): Uint8Array;
  /** The values a quantized row stands for. */
  dequantizeRows(type: string, bytes: Uint8Array, rowLength: number): Float32Array;
  /** The class of every error the addon throws. */
  useErrorClass(errorClass: typeof QragError): void;
}

/** The folder that holds this package's package.json, from a source checkout, from dist/ and from a CommonJS bundle alike. */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const manifest = join(folder, "package.json");
    if (existsSync(manifest) && JSON.parse(readFileSync(manifest, "utf8")).name === "qrag") {
      return folder;
    }
    const parent = dirname(folder);
    if (parent === folder) throw new QragError("INTERNAL", "qrag's own package.json was not found");
    folder = parent;
  }
}

/** Where the addon may be: a local build first, then the prebuilt one; each before its form for older processors. */
export function* addonPaths(root: string): Generator<string> {
  yield join(root, "build", "Release", "qrag.node");
  yield join(root, "build", "baseline", "Release", "qrag.node");
  const platform = `${process.platform}-${process.arch}${usesMusl() ? "-musl" : ""}`;
  yield join(root, "prebuilds", platform, "qrag.node");
  yield join(root, "prebuilds", platform, "qrag-baseline.node");
}

/** Linux with a C library other than glibc. The report takes milliseconds: only a search for prebuilt addons makes it. */
function usesMusl(): boolean {
  if (process.platform !== "linux") return false;
  const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } };
  return !report?.header?.glibcVersionRuntime;
}

let loaded: NativeAddon | undefined;

/** The addon, loaded once. */
export function addon(): NativeAddon {
  // A path given by hand replaces the search: debug and sanitizer builds are loaded this way.
  const forced = process.env.QRAG_ADDON;
  loaded ??= loadAddon(forced ? [forced] : addonPaths(packageRoot()));
  return loaded;
}

function loadAddon(paths: Iterable<string>): NativeAddon {
  const require = createRequire(import.meta.url);
  const tried: string[] = [];
  for (const path of paths) {
    if (!existsSync(path)) {
      tried.push(`${path}: not there`);
      continue;
    }
    try {
      const native = require(path) as NativeAddon;
      native.useErrorClass(QragError);
      return native;
    } catch (error) {
      tried.push(`${path}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new QragError(
    "NATIVE_MISSING",
    `qrag's native part could not be loaded on ${process.platform}-${process.arch}. Tried:\n` +
      `${tried.map((line) => `  ${line}`).join("\n")}\n` +
      "In a git checkout run `npm run build:native` (it needs cmake and a C++17 compiler); " +
      "in an Electron app unpack qrag from the asar archive; otherwise reinstall qrag.",
  );
}

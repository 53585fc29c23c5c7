// Who takes part: for each contender the file it reads, the cases it runs, and whose answers its own must be like.
import { join } from "node:path";
import { coldStart, memory, timedCases } from "./cases.ts";
import type { Contender } from "./contenders/contender.ts";
import { openNodeLlamaCpp } from "./contenders/node_llama_cpp.ts";
import { openDecoder, openMinilm } from "./contenders/onnx.ts";
import { openPytorch, torchInstalled } from "./contenders/pytorch.ts";
import { openQrag } from "./contenders/qrag.ts";
import type { ModelFile } from "./files.ts";
import { installLine, ortInstalled } from "./onnx/runtime.ts";

export interface Entry {
  readonly name: string;
  readonly file?: ModelFile;
  readonly cases: readonly string[];
  /** The contender that has the same weights in a finer form; none for such a one itself. */
  readonly reference?: string;
  /** How far answers may lie from the reference's, in parts of their spread: what quantization costs random weights. */
  readonly tolerance?: number;
  /** Takes part in --quick. */
  readonly quick?: boolean;
  open(folder: string, threads: number): Promise<Contender>;
}

const timed = timedCases.map(({ name }) => name);
const ours = { q8: "qrag-q8_0.gguf", q4: "qrag-q4_0.gguf", llama: "llama-q8_0.gguf" } as const;
const slow = ["pair-300"];

/** Eight bits cost random weights 0.1 to 0.3; an engine that computes something else is off by more than 1. */
const int8Tolerance = 0.5;

function qrag(name: string, kernels: string, entry: Partial<Entry> = {}): Entry {
  const file = entry.file ?? ours.q8;
  const open = (folder: string, threads: number) => openQrag(join(folder, file), threads, kernels);
  return {
    name,
    file,
    cases: timed,
    reference: "qrag:reference",
    tolerance: int8Tolerance,
    open,
    ...entry,
  };
}

/** The same file, computed by stock operations. */
function qragReference(name: string, file: ModelFile, cases: readonly string[]): Entry {
  const open = (folder: string, threads: number) =>
    openQrag(join(folder, file), threads, "reference");
  return { name, file, cases, open };
}

function minilm(layers: 6 | 12): Entry[] {
  const entry = (type: "int8" | "fp32", more: Partial<Entry>): Entry => {
    const file = `minilm-l${layers}-${type}.onnx` as const;
    return {
      name: `ort:minilm-l${layers}-${type}`,
      file,
      cases: timed,
      open: (folder, threads) => openMinilm(join(folder, file), threads),
      ...more,
    };
  };
  const quick = layers === 6;
  const cases = quick ? [...timed, coldStart.name] : timed;
  const reference = `ort:minilm-l${layers}-fp32`;
  return [entry("fp32", {}), entry("int8", { cases, reference, tolerance: int8Tolerance, quick })];
}

const decoder: Entry = {
  name: "ort:decoder-int8",
  file: "decoder-int8.onnx",
  cases: timed,
  reference: "qrag:reference",
  tolerance: int8Tolerance,
  open: (folder, threads) =>
    openDecoder(join(folder, "decoder-int8.onnx"), join(folder, "tokenizer.json"), threads),
};

const pytorch: Entry = {
  name: "pytorch:fp32",
  cases: slow,
  reference: "qrag:reference",
  // The reference's own weights have eight bits.
  tolerance: int8Tolerance,
  open: openPytorch,
};

const nodeLlamaCpp: Entry = {
  name: "node-llama-cpp:q8_0",
  file: ours.llama,
  cases: [...timed, coldStart.name],
  reference: "qrag:reference",
  tolerance: int8Tolerance,
  quick: true,
  open: (folder, threads) => openNodeLlamaCpp(join(folder, ours.llama), threads),
};

const wholeOfOurs = [...timed, coldStart.name, memory.name];

/** All there are, on a machine with these kernel sets, the best first. References come before those they check. */
export function entries(kernels: readonly string[]): Entry[] {
  return [
    qragReference("qrag:reference", ours.q8, slow),
    qragReference("qrag:q4-reference", ours.q4, []),
    qrag("qrag", "", { cases: wholeOfOurs, quick: true }),
    qrag("qrag:q4", "", { cases: wholeOfOurs, file: ours.q4, reference: "qrag:q4-reference" }),
    // The best set is what `qrag` runs: once is enough in a quick run.
    ...kernels
      .filter((set) => set !== "portable")
      .map((set, i) => qrag(`qrag:${set}`, set, { quick: i > 0 && set !== "avx-vnni" })),
    nodeLlamaCpp,
    ...minilm(6),
    ...minilm(12),
    decoder,
    pytorch,
  ];
}

export interface Lineup {
  /** References that are only asked for their answers run no cases. */
  readonly entries: readonly Entry[];
  /** Why some are not among them, a line each. */
  readonly skipped: readonly string[];
}

/** Those whose name begins with `only`, qrag itself, and the references they need. */
export function lineup(all: readonly Entry[], options: { quick: boolean; only: string }): Lineup {
  const chosen = all.filter(
    ({ name, quick, cases }) =>
      name === "qrag" ||
      (cases.length > 0 && name.startsWith(options.only) && (quick === true || !options.quick)),
  );
  const skipped: string[] = [];
  const present = chosen.filter((entry) => !entry.name.startsWith("ort:") || ortInstalled());
  if (present.length < chosen.length) {
    skipped.push(`ort:* are left out: onnxruntime-node is not installed (${installLine})`);
  }
  const able = present.filter((entry) => entry !== pytorch || torchInstalled());
  if (able.length < present.length) {
    skipped.push(`${pytorch.name} is left out: /usr/bin/python3 cannot import torch`);
  }
  const needed = new Set(able.map(({ reference }) => reference));
  const taking = all.flatMap((entry) => {
    if (able.includes(entry)) return [entry];
    return needed.has(entry.name) ? [{ ...entry, cases: [] }] : [];
  });
  return { entries: taking, skipped };
}

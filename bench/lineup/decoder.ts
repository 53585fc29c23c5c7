// The decoder's contenders: ours with all kernel sets, others on the same weights, and cross-encoders beside it.
import { join } from "node:path";
import { casesOf, type Suite } from "../cases.ts";
import { openNodeLlamaCpp } from "../contenders/node_llama_cpp.ts";
import { openDecoder, openMinilm } from "../contenders/onnx.ts";
import { openPytorch } from "../contenders/pytorch.ts";
import { openGate } from "../contenders/qrag.ts";
import type { DecoderFile } from "../files.ts";
import { type Entry, int8Tolerance } from "./entry.ts";

const ours = { q8: "qrag-q8_0.gguf", q4: "qrag-q4_0.gguf", llama: "llama-q8_0.gguf" } as const;
const slow = ["pair-300"];

type Ours = Partial<Omit<Entry, "file">> & { readonly file?: DecoderFile };

/** All there are, on a machine with these kernel sets, the best first. References come before those they check. */
export function decoderEntries(suite: Suite, kernels: readonly string[]): Entry[] {
  const timed = suite.timed.map(({ name }) => name);
  const whole = casesOf(suite).map(({ name }) => name);
  const qrag = (name: string, set: string, { file = ours.q8, ...entry }: Ours = {}): Entry => ({
    name,
    file,
    cases: timed,
    reference: "qrag:reference",
    tolerance: int8Tolerance,
    open: (folder, threads) => openGate(join(folder, file), threads, set),
    ...entry,
  });
  return [
    reference("qrag:reference", ours.q8, slow),
    reference("qrag:q4-reference", ours.q4, []),
    qrag("qrag", "", { cases: whole, quick: true }),
    qrag("qrag:q4", "", { cases: whole, file: ours.q4, reference: "qrag:q4-reference" }),
    // The best set is what `qrag` runs: once is enough in a quick run.
    ...kernels
      .filter((set) => set !== "portable")
      .map((set, i) => qrag(`qrag:${set}`, set, { quick: i > 0 && set !== "avx-vnni" })),
    {
      name: "node-llama-cpp:q8_0",
      file: ours.llama,
      cases: [...timed, suite.coldStart.name],
      reference: "qrag:reference",
      tolerance: int8Tolerance,
      quick: true,
      open: (folder, threads) => openNodeLlamaCpp(join(folder, ours.llama), threads),
    },
    ...minilm(suite, 6),
    ...minilm(suite, 12),
    {
      name: "ort:decoder-int8",
      file: "decoder-int8.onnx",
      cases: timed,
      reference: "qrag:reference",
      tolerance: int8Tolerance,
      needs: "onnxruntime-node",
      open: (folder, threads) =>
        openDecoder(join(folder, "decoder-int8.onnx"), join(folder, "tokenizer.json"), threads),
    },
    {
      name: "pytorch:fp32",
      cases: slow,
      reference: "qrag:reference",
      // The reference's own weights have eight bits.
      tolerance: int8Tolerance,
      needs: "torch",
      open: openPytorch,
    },
  ];
}

/** The same file, computed by stock operations. */
function reference(name: string, file: DecoderFile, cases: readonly string[]): Entry {
  const open = (folder: string, threads: number) =>
    openGate(join(folder, file), threads, "reference");
  return { name, file, cases, open };
}

function minilm({ timed, coldStart }: Suite, layers: 6 | 12): Entry[] {
  const entry = (type: "int8" | "fp32", more: Partial<Entry>): Entry => {
    const model = type === "fp32" ? "model.onnx" : "model_quantized.onnx";
    const file = `l${layers}-pairs/onnx/${model}` as const;
    return {
      name: `ort:minilm-l${layers}-${type}`,
      file,
      cases: timed.map(({ name }) => name),
      needs: "onnxruntime-node",
      open: (folder, threads) => openMinilm(join(folder, file), threads),
      ...more,
    };
  };
  const quick = layers === 6;
  const int8 = entry("int8", {
    reference: `ort:minilm-l${layers}-fp32`,
    tolerance: int8Tolerance,
    quick,
  });
  return [
    entry("fp32", {}),
    { ...int8, cases: quick ? [...int8.cases, coldStart.name] : int8.cases },
  ];
}

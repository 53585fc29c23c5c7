// An encoder's contenders, all on the same weights and all given text.
import { join } from "node:path";
import { casesOf, type Suite } from "../cases.ts";
import type { Contender } from "../contenders/contender.ts";
import { openFastembed } from "../contenders/fastembed.ts";
import { openLlamaEncoder } from "../contenders/llama_encoders.ts";
import { openOnnxEncoder } from "../contenders/onnx_encoders.ts";
import { openEmbedder, openGate } from "../contenders/qrag.ts";
import { openTransformersJs, transformersJs } from "../contenders/transformers_js.ts";
import type { Encoder, EncoderFile } from "../encoders/encoders.ts";
import { type Entry, int8Tolerance } from "./entry.ts";

/** What adding in another order costs. */
const fp32Tolerance = 0.01;

interface Opening {
  /** A path below the encoder's folder. */
  readonly file: EncoderFile;
  open(folder: string, threads: number): Promise<Contender>;
}

/** All there are, on a machine with these kernel sets, the best first. References come before those they check. */
export function encoderEntries(
  suite: Suite,
  encoder: Encoder,
  kernels: readonly string[],
): Entry[] {
  const { name: at, purpose } = encoder;
  const timed = suite.timed.map(({ name }) => name);
  const started = [...timed, suite.coldStart.name];
  const entry = (name: string, opening: Opening, more: Partial<Entry> = {}): Entry => ({
    name,
    cases: started,
    reference: "qrag:reference",
    tolerance: int8Tolerance,
    ...more,
    file: `${at}/${opening.file}`,
    open: (folder, threads) => opening.open(join(folder, at), threads),
  });
  const finest = ({ reference, ...rest }: Entry): Entry => rest;
  const whole = casesOf(suite).map(({ name }) => name);
  const quick = encoder.shape === "l6";
  const longest = suite.timed.filter(({ passages }) => passages === 1).at(-1)!.name;
  return [
    finest(entry("qrag:reference", ours(encoder, "f32.gguf", "reference"), { cases: [longest] })),
    finest(entry("qrag:q4-reference", ours(encoder, "q4_0.gguf", "reference"), { cases: [] })),
    entry("qrag", ours(encoder, "q8_0.gguf", ""), { cases: whole, quick }),
    entry("qrag:q4-embeddings", ours(encoder, "q8_0-q4_0.gguf", ""), { cases: whole }),
    entry("qrag:q4", ours(encoder, "q4_0.gguf", ""), {
      cases: whole,
      reference: "qrag:q4-reference",
    }),
    ...kernels
      .filter((set) => set !== "portable")
      .map((set) => entry(`qrag:${set}`, ours(encoder, "q8_0.gguf", set), { cases: timed })),
    entry("node-llama-cpp:q8_0", {
      file: "q8_0.gguf",
      open: (folder, threads) => openLlamaEncoder(join(folder, "q8_0.gguf"), purpose, threads),
    }),
    ...onnx(encoder, "fp32").map((each) => entry(...each)),
    ...onnx(encoder, "int8").map((each) => entry(...each)),
  ];
}

function ours({ purpose }: Encoder, file: EncoderFile, kernels: string): Opening {
  const open = "pooling" in purpose ? openEmbedder : openGate;
  return { file, open: (folder, threads) => open(join(folder, file), threads, kernels) };
}

/** What runs an ONNX file. */
function onnx(
  { purpose, shape }: Encoder,
  type: "fp32" | "int8",
): [name: string, Opening, Partial<Entry>][] {
  const file = type === "fp32" ? "onnx/model.onnx" : "onnx/model_quantized.onnx";
  const tolerance = type === "fp32" ? fp32Tolerance : int8Tolerance;
  const runtime: Opening = {
    file,
    open: (folder, threads) => openOnnxEncoder(folder, file, purpose, threads),
  };
  const transformers: Opening = {
    file,
    open: (folder, threads) =>
      openTransformersJs(folder, type === "fp32" ? "fp32" : "q8", purpose, threads),
  };
  const quick = shape === "l6" && type === "int8";
  const taking: [string, Opening, Partial<Entry>][] = [
    [`ort:${type}`, runtime, { tolerance, quick, needs: "onnxruntime-node" }],
    [`transformers.js:${type}`, transformers, { tolerance, needs: transformersJs }],
  ];
  // It knows no pairs, and pools by the first token only.
  if ("pooling" in purpose && purpose.pooling === "cls") {
    const fastembed: Opening = { file, open: (folder) => openFastembed(folder, file) };
    taking.push([`fastembed:${type}`, fastembed, { tolerance, needs: "fastembed" }]);
  }
  return taking;
}

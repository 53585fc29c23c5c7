// Makes a small model with random weights and a real tokenizer as a GGUF file: everything runs on it but good judgement.
import { describeModel, expectedTensors, modelMetadata, qrag } from "../../gguf/architecture.ts";
import { tensorTypes } from "../../gguf/format.ts";
import { readGguf } from "../../gguf/read.ts";
import { bytesSource } from "../../gguf/source.ts";
import { GgufWriter, planGguf } from "../../gguf/write.ts";
import type { Hyperparameters } from "../../native/contract.ts";
import { addon } from "../../native/loader.ts";
import { openTokenizer } from "../../native/tokenizer/background.ts";
import { tokenizerJson } from "../fixtures.ts";

export interface ModelFileSettings {
  readonly contextLength?: number;
  readonly feedForwardLength?: number;
  /** `left out`: the head is another matrix than the embedding, and the file does not hold it. */
  readonly head?: "tied" | "kept" | "left out";
  readonly type?: "F32" | "Q4_0";
  readonly tokenizer?: string;
  /** Rows of the embedding beyond the tokenizer's ids. */
  readonly spareRows?: number;
}

/** A fixed sequence of values around 0. */
function randomValues(seed: number) {
  let state = seed;
  return (length: number) =>
    Float32Array.from({ length }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return (state / 2 ** 32 - 0.5) * 0.6;
    });
}

export async function modelFile({
  contextLength = 256,
  feedForwardLength = 96,
  head = "tied",
  type = "F32",
  tokenizer: json = tokenizerJson("bytelevel"),
  spareRows = 6,
}: ModelFileSettings = {}): Promise<Uint8Array> {
  const tokenizer = openTokenizer(tokenizerJson("bytelevel"));
  const vocabularySize = tokenizer.vocabularySize + spareRows;
  const ids = Array.from({ length: tokenizer.vocabularySize }, (_, id) => id);
  const tokenIds = ids.filter((id) => /^[01]$/.test(tokenizer.decodeToken(id).trim()));
  const labels = tokenIds.map((id) => tokenizer.decodeToken(id).trim() as "0" | "1");
  tokenizer.dispose();
  const numbers: Hyperparameters = {
    contextLength,
    embeddingLength: 64,
    blockCount: 2,
    feedForwardLength,
    headCount: 4,
    headCountKv: 2,
    keyLength: 16,
    ropeDimensionCount: 16,
    vocabularySize,
    outputCount: tokenIds.length,
    normEpsilon: 1e-5,
    ropeFreqBase: 10_000,
  };
  const model = {
    architecture: "qrag",
    numbers,
    name: "random",
    fileType: type,
    output: { kind: "decision", tokenIds, labels },
    frame: {
      kind: "prompt",
      system: "Judge.",
      template: "{system} Q: {query} P: {passage} A: ",
    },
    scripts: undefined,
    languages: undefined,
    tokenizerJson: json,
    tiedEmbeddings: head === "tied",
    conversionReport: undefined,
  } as const;
  const metadata = modelMetadata(model);
  const tensors = expectedTensors(qrag, model)
    .filter(({ name, required }) => required || (name === "output.weight" && head === "kept"))
    .map(
      ({ name, shape, types }) =>
        ({ name, shape, type: types.includes(type) ? type : "F32" }) as const,
    );
  const random = randomValues(1);
  const embedding = random(64 * vocabularySize);
  const values = (name: string, shape: readonly number[]): Float32Array => {
    if (name === "token_embd.weight") return embedding;
    if (name === "cls.output.weight" && head !== "left out") {
      return Float32Array.from(
        tokenIds.flatMap((id) => [...embedding.subarray(id * 64, id * 64 + 64)]),
      );
    }
    if (name === "output.weight") return embedding;
    return random(shape.reduce((product, size) => product * size, 1));
  };
  const plan = planGguf(metadata, tensors);
  const pieces: Uint8Array[] = [];
  const writer = new GgufWriter(plan, { write: async (bytes) => void pieces.push(bytes) });
  for (const tensor of tensors) {
    const floats = values(tensor.name, tensor.shape);
    const bytes =
      tensorTypes[tensor.type] === tensorTypes.F32
        ? new Uint8Array(floats.buffer)
        : addon().quantizeRows(tensor.type, floats, tensor.shape[0]!);
    await writer.writeTensor(tensor.name, [bytes]);
  }
  await writer.finish();
  const file = Buffer.concat(pieces);
  describeModel(await readGguf(bytesSource(file)));
  return file;
}

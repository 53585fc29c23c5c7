// The architecture "llama": the same decoder as llama.cpp's stock one, with its whole head. The gate's keys go along.
import { GgufError } from "../format.ts";
import type { Architecture, TensorRow } from "./architecture.ts";
import { composeDecision, decisionKeys, describeDecision } from "./decision.ts";
import { checkDecoder, decisionTensor, decoderNumbers, qrag } from "./qrag.ts";

const valueLengthKey = "llama.attention.value_length";
const vocabularyKey = "llama.vocab_size";

/** llama.cpp refuses a file with a tensor it does not know, and takes the embedding for a head that is missing. */
const tensors: readonly TensorRow[] = qrag.tensors
  .filter(({ name }) => name !== decisionTensor)
  .map((row) =>
    row.name === "output.weight" ? { ...row, required: true, only: "untied" as const } : row,
  );

/** llama.cpp leaves keys alone that it does not know: with the gate's own, what judges through llama.cpp can load it. */
export const llama: Architecture = {
  name: "llama",
  numbers: decoderNumbers("llama"),
  tensors,
  keys: [
    { key: valueLengthKey, type: "u32", required: false },
    { key: vocabularyKey, type: "u32", required: false },
    ...decisionKeys,
  ],
  check(numbers) {
    checkDecoder("llama", numbers);
    const { ropeDimensionCount, keyLength } = numbers;
    if (ropeDimensionCount === keyLength) return;
    throw new GgufError(
      "unsupported",
      `RoPE turns ${ropeDimensionCount} of ${keyLength} dimensions, and llama.cpp's llama turns all; ` +
        "this model has no llama layout",
      { key: "llama.rope.dimension_count" },
    );
  },
  describe: describeDecision,
  compose: (model) => [
    [valueLengthKey, { type: "u32", value: model.numbers.keyLength }],
    [vocabularyKey, { type: "u32", value: model.numbers.vocabularySize }],
    ...composeDecision(model),
  ],
};

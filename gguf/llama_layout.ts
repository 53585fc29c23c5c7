// The model in a `llama` file that the converter wrote: the same keys under llama.cpp's names, the whole head for the rows.
import { llamaKey } from "./compose.ts";
import { describeParts, type ModelDescription } from "./describe.ts";
import type { GgufFile, Metadata, MetadataValue } from "./format.ts";
import { architectureName, decisionTensor, expectedTensors, numberTable } from "./tables.ts";

const architectureKey = "general.architecture";

export function isLlamaLayout({ metadata }: GgufFile): boolean {
  return metadata.get(architectureKey)?.value === "llama";
}

/** As describeModel: throws naming the first key or tensor that is missing, extra or wrong. */
export function describeLlamaModel({ metadata, tensors }: GgufFile): ModelDescription {
  return describeParts(ownTerms(metadata), tensors, ({ numbers, tiedEmbeddings }) =>
    expectedTensors(numbers)
      .filter(({ name }) => name !== decisionTensor)
      // llama.cpp takes the embedding for a head that is missing, tied or not.
      .map((row) => (row.name === "output.weight" ? { ...row, required: !tiedEmbeddings } : row)),
  );
}

/** The entries under the names that the tables have. */
function ownTerms(metadata: Metadata): Metadata {
  const names = new Map(numberTable.map((row) => [llamaKey(row), row.key]));
  const entries = [...metadata].map(([key, value]): [string, MetadataValue] => [
    names.get(key) ?? key,
    value,
  ]);
  return new Map([...entries, [architectureKey, { type: "string", value: architectureName }]]);
}

// llama.cpp's names for the ways a byte-level tokenizer splits text, recognised by the definition's exact steps.
import type { JsonNode } from "../../native/tokenizer/definition.ts";

const contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const words = String.raw`[^\r\n\p{L}\p{N}]?\p{L}+`;
const rest = String.raw` ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;

/** The steps of a pre-tokenizer, as `signature` writes them, to llama.cpp's name. */
const names: ReadonlyMap<string, string> = new Map([
  ["bytes of words", "gpt-2"],
  ["digits > bytes of words", "smollm"],
  [`split ${contractions}|${words}|\\p{N}{1,3}|${rest} > bytes`, "llama-bpe"],
  [`split ${contractions}|${words}|\\p{N}|${rest} > bytes`, "qwen2"],
]);

/** Undefined for a tokenizer that is not byte-level, "default" for a byte-level one that is not in the table. */
export function preTokenizerName(part: JsonNode, ignoreMerges: boolean): string | undefined {
  if (part.absent) return undefined;
  const steps = part.type === "Sequence" ? part.get("pretokenizers").list() : [part];
  const signed = steps.map(signature);
  if (!signed.some((step) => step.includes("bytes"))) return undefined;
  const name = names.get(signed.join(" > ")) ?? "default";
  // The same splitting; llama.cpp's llama-bpe looks whole words up before it merges, its dbrx does not.
  return name === "llama-bpe" && !ignoreMerges ? "dbrx" : name;
}

function signature(step: JsonNode): string {
  switch (step.type) {
    case "ByteLevel": {
      const prefix = step.get("add_prefix_space").flag(true) ? "prefixed " : "";
      return `${prefix}bytes${step.get("use_regex").flag(true) ? " of words" : ""}`;
    }
    case "Split": {
      const { value } = step.get("pattern").get("Regex");
      const plain = step.get("behavior").value === "Isolated" && !step.get("invert").flag(false);
      return `${plain ? "split" : "other split"} ${String(value)}`;
    }
    case "Digits":
      return step.get("individual_digits").flag(false) ? "digits" : "runs of digits";
    default:
      return step.type;
  }
}

// The normalizers of a tokenizer.json, read and checked: what happens to a text before it is split.
import type { JsonNode } from "./definition.ts";

/** A step. */
export type Normalization =
  | { readonly kind: "NFC" | "NFD" | "NFKC" | "NFKD" | "Lowercase" }
  | { readonly kind: "Prepend"; readonly content: string }
  | { readonly kind: "Replace"; readonly pattern: string; readonly content: string }
  | {
      readonly kind: "BertNormalizer";
      /** Control characters go, white space becomes a space. */
      readonly clean: boolean;
      /** Spaces around Chinese characters. */
      readonly chinese: boolean;
      readonly stripAccents: boolean;
      readonly lowercase: boolean;
    };

/**
 * How many times longer the steps together may make a text: whoever writes a text for the tokenizer should not be able
 * to fill the memory with it. Real files stay below 40 (NFKC, NFC, small letters).
 */
const maxGrowth = 64;

const types = [
  "NFC",
  "NFD",
  "NFKC",
  "NFKD",
  "Lowercase",
  "Prepend",
  "Replace",
  "BertNormalizer",
  "Sequence",
];

export function readNormalizer(part: JsonNode): Normalization[] {
  if (part.absent) return [];
  const parts = part.type === "Sequence" ? part.get("normalizers").steps() : [part];
  const steps = parts.map(readStep);
  const growth = steps.reduce((product, step) => product * growthOf(step), 1);
  if (growth > maxGrowth) {
    part.refuse(
      `can make a text ${Math.ceil(growth)} times longer, and qrag takes at most ${maxGrowth} times. ` +
        "Take out steps, or have them insert less",
    );
  }
  return steps;
}

function readStep(part: JsonNode): Normalization {
  const kind = part.type;
  switch (kind) {
    case "NFC":
    case "NFD":
    case "NFKC":
    case "NFKD":
    case "Lowercase":
      return { kind };
    case "Prepend":
      return { kind, content: part.get("prepend").insertion() };
    case "Replace": {
      const pattern = part.get("pattern").pattern();
      return { kind, pattern, content: part.get("content").insertion() };
    }
    case "BertNormalizer": {
      const lowercase = part.get("lowercase").flag(true);
      return {
        kind,
        clean: part.get("clean_text").flag(true),
        chinese: part.get("handle_chinese_chars").flag(true),
        stripAccents: part.get("strip_accents").flag(lowercase),
        lowercase,
      };
    }
    default:
      return part.refuseType(types);
  }
}

/** How many times longer a step makes a long text, in UTF-8. The normal forms: UAX #15. */
function growthOf(step: Normalization): number {
  switch (step.kind) {
    case "NFC":
    case "NFD":
      return 3;
    case "NFKC":
    case "NFKD":
      return 11;
    case "Lowercase":
      return 1.5; // U+0130
    case "Prepend":
      return 1;
    case "Replace":
      return Math.max(1, Buffer.byteLength(step.content) / Buffer.byteLength(step.pattern));
    case "BertNormalizer":
      return (5 / 3) * 3 * 1.5; // two spaces around three bytes, NFD, small letters
  }
}

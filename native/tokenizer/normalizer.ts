// The normalizers of a tokenizer.json: what happens to a text before it is split.
import type { JsonNode } from "./definition.ts";
import { normalizable } from "./unicode.ts";

/** A step. */
export type Normalization =
  | { readonly kind: "NFC" | "NFD" | "NFKC" | "NFKD" | "Lowercase" }
  | { readonly kind: "Prepend"; readonly content: string }
  | { readonly kind: "Replace"; readonly pattern: string; readonly content: string };

export interface Normalizer {
  readonly steps: readonly Normalization[];
  normalize(text: string): string;
}

/** How much longer a text may become: NFKC makes 18 characters of one, the rest allows for prefixes. */
export const maxGrowth = 32;

const foreign = new RegExp(`([^${normalizable}]+)`, "u");

const types = ["NFC", "NFD", "NFKC", "NFKD", "Lowercase", "Prepend", "Replace", "Sequence"];

export function normalizer(part: JsonNode): Normalizer {
  const steps = part.absent ? [] : readSteps(part);
  return {
    steps,
    normalize(text) {
      let result = text;
      for (const step of steps) {
        result = normalized(result, step);
        if (result.length > maxGrowth * (text.length + 1)) {
          part.refuse(
            `makes a text of ${text.length} characters more than ${maxGrowth} times longer`,
          );
        }
      }
      return result;
    },
  };
}

function readSteps(part: JsonNode): Normalization[] {
  return (part.type === "Sequence" ? part.get("normalizers").steps() : [part]).map(readStep);
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
    default:
      return part.refuseType(types);
  }
}

function normalized(text: string, step: Normalization): string {
  switch (step.kind) {
    case "Lowercase":
      // Character by character: a final sigma stays a plain one. Letters follow Node's version of Unicode.
      return text.replaceAll("\u03a3", "\u03c3").toLowerCase();
    case "Prepend":
      return text === "" ? "" : step.content + text;
    case "Replace":
      return text.replaceAll(step.pattern, () => step.content);
    default:
      return unicode(text, step.kind);
  }
}

/** Characters that Hugging Face's tables do not know neither change, nor move, nor join with their neighbours. */
function unicode(text: string, form: "NFC" | "NFD" | "NFKC" | "NFKD"): string {
  const runs = text.split(foreign); // known and foreign runs by turns
  return runs.map((run, index) => (index % 2 === 0 ? run.normalize(form) : run)).join("");
}

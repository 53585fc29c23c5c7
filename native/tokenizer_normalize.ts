// The normalizers of a tokenizer.json: what happens to a text before it is split.
import type { Part } from "./tokenizer_definition.ts";
import { normalizable } from "./tokenizer_unicode.ts";

export type Normalizer = (text: string) => string;

/** How much longer a text may become: NFKC makes 18 characters of one, the rest allows for prefixes. */
const maxGrowth = 32;

const foreign = new RegExp(`([^${normalizable}]+)`, "u");

const types = ["NFC", "NFD", "NFKC", "NFKD", "Lowercase", "Prepend", "Replace", "Sequence"];

export function normalizer(part: Part): Normalizer {
  if (part.absent) return (text) => text;
  const sequence = part.type === "Sequence";
  const steps = (sequence ? part.get("normalizers").steps() : [part]).map(step);
  return (text) => {
    let result = text;
    for (const normalize of steps) {
      result = normalize(result);
      if (result.length > maxGrowth * (text.length + 1)) {
        part.refuse(
          `makes a text of ${text.length} characters more than ${maxGrowth} times longer`,
        );
      }
    }
    return result;
  };
}

function step(part: Part): Normalizer {
  switch (part.type) {
    case "NFC":
    case "NFD":
    case "NFKC":
    case "NFKD":
      return unicode(part.type);
    case "Lowercase":
      // Character by character: a final sigma stays a plain one. Letters follow Node's version of Unicode.
      return (text) => text.replaceAll("\u03a3", "\u03c3").toLowerCase();
    case "Prepend": {
      const prefix = part.get("prepend").insertion();
      return (text) => (text === "" ? "" : prefix + text);
    }
    case "Replace": {
      const pattern = part.get("pattern").pattern();
      const content = part.get("content").insertion();
      return (text) => text.replaceAll(pattern, () => content);
    }
    default:
      return part.refuseType(types);
  }
}

/** Characters that Hugging Face's tables do not know neither change, nor move, nor join with their neighbours. */
function unicode(form: "NFC" | "NFD" | "NFKC" | "NFKD"): Normalizer {
  return (text) => {
    const runs = text.split(foreign); // known and foreign runs by turns
    return runs.map((run, index) => (index % 2 === 0 ? run.normalize(form) : run)).join("");
  };
}

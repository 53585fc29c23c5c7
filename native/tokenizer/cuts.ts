// The pre-tokenizers of a tokenizer.json, read and checked: the steps in which a text is cut.
import { describe, type JsonNode } from "./definition.ts";
import { knownPattern, knownPatterns, type Pattern, run } from "./patterns.ts";

const types = [
  "ByteLevel",
  "Split",
  "Metaspace",
  "Whitespace",
  "WhitespaceSplit",
  "BertPreTokenizer",
  "Digits",
  "Sequence",
];

/** What becomes of the matches when a text is cut at them. */
const behaviors = [
  "Isolated",
  "Removed",
  "MergedWithPrevious",
  "MergedWithNext",
  "Contiguous",
] as const;

/** When Metaspace puts its mark before a text. */
const prependSchemes = ["never", "always", "first"] as const;

export type Cut =
  | {
      readonly kind: "split";
      readonly pattern: Pattern;
      readonly behavior: (typeof behaviors)[number];
      /** Swaps the matches and the text between. */
      readonly invert: boolean;
    }
  /** GPT-2's: a space before, the split, and visible characters for all bytes. */
  | { readonly kind: "bytes"; readonly spaceBefore: boolean; readonly split: boolean }
  | {
      readonly kind: "metaspace";
      readonly replacement: string;
      readonly prepend: (typeof prependSchemes)[number];
      readonly split: boolean;
    };

/** `plain`: no normalizer comes before it. */
export function readCuts(part: JsonNode, plain: boolean): Cut[] {
  if (part.absent) return [];
  const sequence = part.type === "Sequence";
  const parts = sequence ? part.get("pretokenizers").steps() : [part];
  return parts.map((each, index) => readCut(each, plain && index === 0));
}

function readCut(part: JsonNode, first: boolean): Cut {
  const split = (pattern: Pattern, behavior: (typeof behaviors)[number], invert = false): Cut => ({
    kind: "split",
    pattern,
    behavior,
    invert,
  });
  switch (part.type) {
    case "ByteLevel":
      return {
        kind: "bytes",
        spaceBefore: part.get("add_prefix_space").flag(true),
        split: part.get("use_regex").flag(true),
      };
    case "Split":
      return split(
        readPattern(part.get("pattern")),
        oneOf(part.get("behavior"), behaviors),
        part.get("invert").flag(false),
      );
    case "Metaspace":
      return readMetaspace(part, first);
    case "Whitespace":
      return split({ kind: "words" }, "Removed", true);
    case "BertPreTokenizer":
      return split({ kind: "bert" }, "Removed", true);
    case "WhitespaceSplit":
      return split(run("space"), "Removed");
    case "Digits": {
      const individual = part.get("individual_digits").flag(false);
      return split(run("numeric"), individual ? "Isolated" : "Contiguous");
    }
    default:
      return part.refuseType(types);
  }
}

function oneOf<T extends string>(part: JsonNode, known: readonly T[]): T {
  const found = known.find((each) => each === part.text());
  return found ?? part.refuse(`is none of ${known.join(", ")}`);
}

function readMetaspace(part: JsonNode, first: boolean): Cut {
  const replacement = part.get("replacement").text();
  if ([...replacement].length !== 1) part.get("replacement").refuse("must be one character");
  const scheme = part.get("prepend_scheme");
  const prepend = scheme.absent ? "always" : oneOf(scheme, prependSchemes);
  // Older files say only this; Hugging Face refuses the two when they contradict each other.
  if (!part.get("add_prefix_space").flag(true) && prepend !== "never") {
    part.get("add_prefix_space").refuse(`is false, yet the prepend_scheme is "${prepend}"`);
  }
  // "first" means the start of the original text, which earlier steps may have moved.
  if (prepend === "first" && !first) {
    part.refuse('has the prepend_scheme "first" behind a normalizer or another step');
  }
  return { kind: "metaspace", replacement, prepend, split: part.get("split").flag(true) };
}

/** The pattern of a Split: plain text, or one of the regular expressions that we know. */
function readPattern(part: JsonNode): Pattern {
  const regex = part.get("Regex");
  if (regex.absent) return { kind: "text", text: part.pattern() };
  return (
    knownPattern(regex.text()) ??
    regex.refuse(
      `is the regular expression ${describe(regex.value)}. qrag runs no expression from a file; ` +
        `it has scanners for ${knownPatterns.length} of them (native/tokenizer/patterns.ts)`,
    )
  );
}

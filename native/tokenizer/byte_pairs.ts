// Byte-pair encoding: the model of a tokenizer.json, read and checked.
import { quote } from "../../base/quote.ts";
import type { JsonNode } from "./definition.ts";
import { readVocabulary, type Vocabulary } from "./vocabulary.ts";

/** The member "model", read and checked. */
export interface BpeModel extends Vocabulary {
  readonly type: "BPE";
  /** By rank: the ids of two tokens, and of the two joined. */
  readonly merges: Int32Array;
  /** Around a character's token: not before the first of a piece, and behind the last. */
  readonly prefix: string;
  readonly suffix: string;
  /** The token for characters that have none; the vocabulary may lack it. */
  readonly unknown: string | undefined;
  /** Unknown neighbours are one token. */
  readonly fuse: boolean;
  /** The tokens of the 256 bytes, which stand in for characters that have none. */
  readonly byteTokens: readonly (number | undefined)[] | undefined;
  /** A piece that is a token is that token. */
  readonly ignoreMerges: boolean;
}

/** The addon keeps a rank in 24 bits. The largest tokenizers in use have half a million merges. */
const maxMerges = 2 ** 24 - 1;

export function readBpe(part: JsonNode): BpeModel {
  const dropout = part.get("dropout");
  if (!dropout.absent && dropout.value !== 0) {
    dropout.refuse("is set: encoding would be random. Set it to null");
  }
  const optional = (name: string) => (part.get(name).absent ? "" : part.get(name).insertion());
  const prefix = optional("continuing_subword_prefix");
  const { vocabulary, tokens } = readVocabulary(part.get("vocab"));
  return {
    type: "BPE",
    vocabulary,
    tokens,
    merges: readMerges(part.get("merges"), vocabulary, prefix),
    prefix,
    suffix: optional("end_of_word_suffix"),
    unknown: part.get("unk_token").absent ? undefined : part.get("unk_token").text(),
    fuse: part.get("fuse_unk").flag(false),
    byteTokens: part.get("byte_fallback").flag(false) ? byteTokens(vocabulary) : undefined,
    ignoreMerges: part.get("ignore_merges").flag(false),
  };
}

function readMerges(
  part: JsonNode,
  vocabulary: ReadonlyMap<string, number>,
  prefix: string,
): Int32Array {
  if (!Array.isArray(part.value)) part.refuse("must be a list");
  const pairs = part.value as unknown[];
  if (pairs.length > maxMerges) {
    part.refuse(`has ${pairs.length} entries; qrag takes at most ${maxMerges}`);
  }
  const merges = new Int32Array(3 * pairs.length);
  const prefixLength = prefix.length;
  let filled = 0;
  for (let index = 0; index < pairs.length; index++) {
    const pair = pairs[index];
    // As in merges.txt: "left right", perhaps after a line with the version.
    if (typeof pair === "string" && pair.startsWith("#version")) continue;
    const parts = typeof pair === "string" ? pair.split(" ") : Array.isArray(pair) ? pair : [];
    const left: unknown = parts[0];
    const right: unknown = parts[1];
    if (typeof left !== "string" || typeof right !== "string" || parts.length > 2) {
      part.refuse(`has an entry ${index} that is not a pair of tokens`);
    }
    const leftId = vocabulary.get(left);
    const rightId = vocabulary.get(right);
    const id = vocabulary.get(left + right.slice(prefixLength));
    if (leftId === undefined || rightId === undefined || id === undefined) {
      part.refuse(
        `joins ${quote(left)} and ${quote(right)} in entry ${index}, ` +
          "and one of the two or their sum is not in the vocabulary",
      );
    }
    merges[filled++] = leftId;
    merges[filled++] = rightId;
    merges[filled++] = id;
  }
  return merges.subarray(0, filled);
}

function byteTokens(vocabulary: ReadonlyMap<string, number>): (number | undefined)[] {
  const name = (byte: number) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`;
  return Array.from({ length: 256 }, (_, byte) => vocabulary.get(name(byte)));
}

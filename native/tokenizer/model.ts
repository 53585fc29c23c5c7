// The model of a tokenizer.json: which kind it is.
import { quote } from "../../base/quote.ts";
import { type BpeModel, readBpe } from "./byte_pairs.ts";
import type { JsonNode } from "./definition.ts";
import { readWordPiece, type WordPieceModel } from "./word_pieces.ts";

export type Model = BpeModel | WordPieceModel;

export function readModel(part: JsonNode): Model {
  const type = typeOf(part);
  if (type === "BPE") return readBpe(part);
  if (type === "WordPiece") return readWordPiece(part);
  const shown = type === undefined ? "unknown" : quote(type);
  return part.refuse(`is of type ${shown}; qrag encodes BPE and WordPiece`);
}

/** Files older than the member "type" show by the others what they are. */
function typeOf(part: JsonNode): string | undefined {
  const type = part.get("type");
  if (!type.absent) return type.text();
  if (!part.get("merges").absent) return "BPE";
  return part.get("continuing_subword_prefix").absent ? undefined : "WordPiece";
}

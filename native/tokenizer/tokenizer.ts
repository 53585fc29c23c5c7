// A tokenizer.json, read and checked: what the addon runs, and whatever it lacks is refused here.
import { type AddedToken, readAddedTokens } from "./added_tokens.ts";
import { type Cut, readCuts } from "./cuts.ts";
import { parseDefinition } from "./definition.ts";
import { type Decoder, type Frame, readDecoder, readFrame } from "./finish.ts";
import { type Model, readModel } from "./model.ts";
import { type Normalization, readNormalizer } from "./normalizer.ts";

export interface TokenizerParts {
  readonly model: Model;
  readonly normalizer: readonly Normalization[];
  readonly cuts: readonly Cut[];
  readonly added: readonly AddedToken[];
  readonly frame: Frame;
  readonly decode: Decoder;
  /** One more than the largest id. */
  readonly vocabularySize: number;
}

/**
 * Reads a tokenizer.json, or throws TOKENIZER_UNSUPPORTED with the part that cannot be reproduced exactly. The sections
 * "truncation" and "padding" are not applied: a prompt that was cut or filled up has lost its last token, the one that
 * is scored.
 */
export function readTokenizer(json: string): TokenizerParts {
  const definition = parseDefinition(json);
  const model = readModel(definition.get("model"));
  const normalizer = readNormalizer(definition.get("normalizer"));
  const cuts = readCuts(definition.get("pre_tokenizer"), definition.get("normalizer").absent);
  const added = readAddedTokens(definition.get("added_tokens"), model);
  const addedIds = new Set(added.map(({ id }) => id));
  const known = (id: number) => model.tokens[id] !== undefined || addedIds.has(id);
  const maxAdded = added.reduce((max, { id }) => Math.max(max, id), -1);
  return {
    model,
    normalizer,
    cuts,
    added,
    frame: readFrame(definition.get("post_processor"), known),
    decode: readDecoder(definition.get("decoder")),
    vocabularySize: Math.max(model.tokens.length, maxAdded + 1),
  };
}

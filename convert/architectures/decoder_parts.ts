// From roles, shapes and configuration to a decoder: its sizes, and for each tensor the rows of the checkpoint it is.
// Nothing is guessed: what is missing or contradicts is an error that names it.

import { QragError } from "../../base/errors.ts";
import type { Hyperparameters } from "../../gguf/architecture.ts";
import type { SourceTensor } from "../checkpoint/source_tensor.ts";
import { unmapped } from "../errors.ts";
import type { Roles } from "../roles/roles.ts";
import { checkWeights } from "../roles/shapes.ts";
import { type Piece, wholePiece } from "../write/pieces.ts";
import { agreed, type ConfigNumber, type ConfigNumbers } from "./config_numbers.ts";
import {
  isTransposed,
  readWidths,
  settleNumbered,
  splitBlock,
  type Widths,
} from "./decoder_blocks.ts";
import { decoderNames, type Kind } from "./decoder_names.ts";

/** What shapes and configuration settle. */
export type Sizes = Required<
  Omit<Hyperparameters, "outputCount" | "normEpsilon" | "ropeFreqBase" | "tokenTypeCount">
>;

export interface DecoderParts {
  readonly sizes: Sizes;
  /** By GGUF name, in no order; without the decision rows, and without output.weight when the head is tied. */
  readonly pieces: ReadonlyMap<string, Piece>;
  /** False when the source fuses or numbers gate and up: then the first of them stands as the gate. */
  readonly gateUpNamed: boolean;
  readonly notes: readonly string[];
}

/** What the command line can say where the configuration is silent. */
export interface SizeOptions {
  readonly contextLength?: number | undefined;
  readonly headCount?: number | undefined;
}

export function decoderParts(
  roles: Roles<Kind>,
  config: ConfigNumbers,
  options: SizeOptions = {},
): DecoderParts {
  const norm = need(roles, "output_norm");
  const embedding = need(roles, "token_embd");
  const width = norm.shape[0] ?? 0;
  const [vocabulary = 0] = embedding.shape;
  if (roles.blocks.length === 0) throw unmapped("the checkpoint has no blocks");
  const blocks = roles.blocks.map((block, number) => settleNumbered(block, width, number));
  const transposed = isTransposed(blocks, width);
  const widths = readWidths(blocks[0]!, width, transposed);
  const notes: string[] = [];
  const sizes = settleSizes(widths, blocks.length, vocabulary, config, options, notes);

  const pieces = new Map<string, Piece>();
  const add = (name: string, tensor: SourceTensor, rows: number, rowLength: number) => {
    checkWeights(tensor, rows, rowLength);
    pieces.set(`${name}.weight`, wholePiece(tensor, rows, rowLength));
  };
  add("token_embd", embedding, vocabulary, width);
  for (const [number, block] of blocks.entries()) {
    try {
      for (const [kind, piece] of splitBlock(block, widths, transposed)) {
        pieces.set(`blk.${number}.${kind}.weight`, piece);
      }
    } catch (error) {
      if (error instanceof QragError) throw unmapped(`block ${number}: ${error.message}`);
      throw error;
    }
  }
  add("output_norm", norm, 1, width);
  const output = roles.model.get("output");
  if (output && output.storage !== embedding.storage) add("output", output, vocabulary, width);
  const factors = roles.model.get("rope_freqs");
  if (factors) add("rope_freqs", factors, 1, sizes.ropeDimensionCount / 2);
  const gateUpNamed = roles.blocks.every((block) => block.has("ffn_gate") && block.has("ffn_up"));
  return { sizes, pieces, gateUpNamed, notes };
}

function need(roles: Roles<Kind>, kind: Kind): SourceTensor {
  const tensor = roles.model.get(kind);
  if (tensor) return tensor;
  throw unmapped(
    `no tensor looks like ${decoderNames.inWords(kind)}; if it has another name, pass --map with {"its.name": "${kind}.weight"}`,
  );
}

function settleSizes(
  widths: Widths,
  blockCount: number,
  vocabulary: number,
  config: ConfigNumbers,
  options: SizeOptions,
  notes: string[],
): Sizes {
  const { numbers } = config;
  const stated = (number: ConfigNumber) => numbers.get(number)?.value;
  const agree = (number: ConfigNumber, value: number) => agreed(config, number, value);
  /** The same where the configuration may mean something else: a width before rounding, a vocabulary before padding. */
  const report = (number: ConfigNumber, value: number): number => {
    const other = numbers.get(number);
    if (other && other.value !== value) {
      notes.push(
        `the configuration's ${other.field} is ${other.value}; the tensors have ${value}, and that is used`,
      );
    }
    return value;
  };
  const givenKeyLength = stated("keyLength");
  const headCount =
    options.headCount ??
    stated("headCount") ??
    (givenKeyLength && divide(widths.query, givenKeyLength, "parts of a head's width"));
  if (headCount === undefined) {
    throw unmapped("the configuration does not say how many heads attention has; pass --heads");
  }
  const keyLength = agree("keyLength", divide(widths.query, headCount, "query heads"));
  const headCountKv = agree(
    "headCountKv",
    divide(widths.keyValue, keyLength, "key and value heads"),
  );
  divide(headCount, headCountKv, "query heads for each key and value head");
  const contextLength = options.contextLength ?? stated("contextLength");
  if (contextLength === undefined) {
    throw unmapped("the configuration does not say how long the context is; pass --context-length");
  }
  const turned = Math.round((stated("ropeFraction") ?? 1) * keyLength);
  const ropeDimensionCount = stated("ropeDimensionCount") ?? turned;
  if (ropeDimensionCount % 2 !== 0 || ropeDimensionCount > keyLength) {
    throw unmapped(`RoPE cannot turn ${ropeDimensionCount} of a head's ${keyLength} dimensions`);
  }
  return {
    contextLength,
    embeddingLength: agree("embeddingLength", widths.embedding),
    blockCount: agree("blockCount", blockCount),
    feedForwardLength: report("feedForwardLength", widths.feedForward),
    headCount: agree("headCount", headCount),
    headCountKv,
    keyLength,
    ropeDimensionCount,
    vocabularySize: report("vocabularySize", vocabulary),
  };
}

function divide(total: number, by: number, what: string): number {
  const result = total / by;
  if (Number.isInteger(result) && result > 0) return result;
  throw unmapped(`${total} cannot be divided into ${by} ${what}`);
}

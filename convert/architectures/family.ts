// What a family of checkpoints is: how it is recognised, what its names mean, and the plan it makes of a new file.
import type { Architecture, Frame, Hyperparameters, Output } from "../../gguf/architecture.ts";
import type { Metadata } from "../../gguf/format.ts";
import type { BackgroundTokenizer } from "../../native/tokenizer/background.ts";
import type { Companions } from "../checkpoint/companions.ts";
import type { Config } from "../checkpoint/config_value.ts";
import type { SourceTensor } from "../checkpoint/source_tensor.ts";
import type { ConvertOptions } from "../options.ts";
import type { WiringProof } from "../proof/wiring.ts";
import type { Dropped } from "../roles/roles.ts";
import type { Piece } from "../write/pieces.ts";
import type { RowCodec } from "../write/quantize.ts";

/** A checkpoint, and what is asked of it. */
export interface Subject {
  readonly tensors: ReadonlyMap<string, SourceTensor>;
  readonly config: Config | undefined;
  /** The files beside the weights. */
  readonly companions: Companions;
  readonly tokenizerJson: string;
  /** Opened when it is first asked for; not the family's to dispose. */
  tokenizer(): BackgroundTokenizer;
  readonly options: ConvertOptions;
}

/** The file to be. */
export interface ModelPlan {
  readonly architecture: Architecture;
  readonly numbers: Hyperparameters;
  readonly output: Output;
  readonly frame: Frame;
  readonly tiedEmbeddings: boolean;
  /** By GGUF name, in no order. */
  readonly pieces: ReadonlyMap<string, Piece>;
  /** Tensors of a decision head by name: kept in the file, never read. */
  readonly router: ReadonlyMap<string, SourceTensor>;
  /** The optional tensors that the file goes without, and why. */
  readonly absent: ReadonlyMap<string, string>;
  /** The checkpoint's tensors that are not used. */
  readonly dropped: readonly Dropped[];
  /** The `tokenizer.ggml.*` entries; undefined where llama.cpp has nothing that corresponds. */
  readonly vocabulary: Metadata | undefined;
  readonly notes: readonly string[];
  /** How what names cannot tell was settled. */
  readonly wiring?: WiringProof;
  /** Settles it, where a plan leaves that open: its numbers and pieces are provisional until then. */
  settle?(codec: RowCodec): Promise<ModelPlan>;
}

export interface Family {
  /** As it stands in messages. */
  readonly name: string;
  /** Options that no other family takes. */
  readonly options: readonly (keyof ConvertOptions)[];
  recognises(config: Config | undefined, tensors: ReadonlyMap<string, SourceTensor>): boolean;
  plan(subject: Subject): Promise<ModelPlan>;
}

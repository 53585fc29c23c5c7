// What a conversion tells: every source tensor's fate, what was settled and how, and what quantization cost.
import type { Hyperparameters, ModelMetadata } from "../gguf/architecture.ts";
import type { TensorTypeName } from "../gguf/format.ts";
import type { WiringProof } from "./proof/wiring.ts";
import type { Dropped } from "./roles/roles.ts";
import type { QuantizationError } from "./write/quantize.ts";

/** A tensor of the new file. */
export interface WrittenTensor {
  readonly name: string;
  readonly type: TensorTypeName;
  /** Row length first. */
  readonly shape: readonly number[];
  /** The tensor of the checkpoint, or of the file, that it was made of. */
  readonly source: string;
  readonly byteLength: number;
  readonly error: QuantizationError;
}

/** Part of both reports. */
export interface WriteReport {
  readonly output: string;
  readonly bytes: number;
  /** As asked for; tensors that cannot have it have another. */
  readonly type: TensorTypeName;
  readonly tensors: readonly WrittenTensor[];
  readonly numbers: Hyperparameters;
  readonly notes: readonly string[];
}

export interface ConvertReport extends WriteReport {
  readonly model: Pick<ModelMetadata, "architecture" | "output" | "frame">;
  readonly checkpoint: { readonly format: string; readonly configSource: string };
  readonly dropped: readonly Dropped[];
  /** Optional tensors that the file does not hold. */
  readonly missing: readonly Dropped[];
  /** How what names cannot tell was settled; absent where they tell everything. */
  readonly wiring: WiringProof | undefined;
}

export interface ConvertProgress {
  readonly stage: "prove" | "write";
  /** Candidates tried, or bytes written. */
  readonly done: number;
  /** Unknown while proving. */
  readonly total: number | undefined;
}

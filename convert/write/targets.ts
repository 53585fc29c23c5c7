// The tensors of the file to be: which there are, of which type, and out of which part of the checkpoint.
import { expectedTensors } from "../../gguf/architecture.ts";
import { limits } from "../../gguf/format.ts";
import type { ModelPlan } from "../architectures/family.ts";
import type { SourceTensor } from "../checkpoint/source_tensor.ts";
import type { Dropped } from "../roles/roles.ts";
import { readPiece } from "./pieces.ts";
import { TypeChoice } from "./quantize.ts";
import { typeFor, type WeightTypes } from "./types.ts";
import type { Target } from "./write_model.ts";

export interface Targets {
  readonly targets: readonly Target[];
  readonly missing: readonly Dropped[];
  readonly notes: readonly string[];
}

export function planTargets(plan: ModelPlan, weightTypes: WeightTypes): Targets {
  const targets: Target[] = [];
  const missing: Dropped[] = [];
  const choice = new TypeChoice();
  for (const { name, shape, types } of expectedTensors(plan.architecture, plan)) {
    const reason = plan.absent.get(name);
    if (reason !== undefined) {
      missing.push({ name, reason });
      continue;
    }
    const piece = plan.pieces.get(name)!;
    const source = piece.tensor.name;
    const wanted = typeFor(name, weightTypes);
    const stored = types.length === 1 ? types[0]! : choice.choose(source, wanted, shape[0]!);
    const values = once(() => readPiece(piece));
    targets.push({ name, type: stored, shape, source, content: { values } });
  }
  return { targets, missing, notes: choice.notes };
}

/** The tensors of a routed decision head go along as they are, if GGUF can hold them. */
export function routerTargets(router: ReadonlyMap<string, SourceTensor>): {
  targets: Target[];
  dropped: Dropped[];
} {
  const targets: Target[] = [];
  const dropped: Dropped[] = [];
  for (const [role, tensor] of router) {
    const name = `router.${role}`;
    const shape = tensor.shape.length === 0 ? [1] : tensor.shape.toReversed();
    const fits =
      new TextEncoder().encode(name).length <= limits.tensorNameBytes &&
      shape.length <= limits.dimensions &&
      !shape.includes(0);
    if (!fits) {
      dropped.push({ name: tensor.name, reason: "a decision head's tensor that GGUF cannot hold" });
      continue;
    }
    const values = once(() => tensor.read());
    targets.push({ name, type: "F32", shape, source: tensor.name, content: { values } });
  }
  return { targets, dropped };
}

function once(read: () => Promise<Float32Array>): () => AsyncIterable<Float32Array> {
  return async function* () {
    yield await read();
  };
}

// The tensors of the file to be: which there are, of which type, and out of which part of the checkpoint.
import {
  architectureNamed,
  type Decision,
  decisionTensor,
  expectedTensors,
  type Hyperparameters,
} from "../../gguf/architecture.ts";
import { limits, type TensorTypeName } from "../../gguf/format.ts";
import type { SourceTensor } from "../checkpoint/source_tensor.ts";
import type { FileFormat } from "../report.ts";
import type { ModelPlan } from "../roles/model_plan.ts";
import type { Dropped } from "../roles/roles.ts";
import { TypeChoice } from "./quantize.ts";
import { pieceOf, readDecisionRows, readWeights, type Wiring } from "./weights.ts";
import type { Target } from "./write_model.ts";

export interface TargetOptions {
  readonly type: TensorTypeName;
  readonly embeddingType: TensorTypeName;
  readonly fileLayout: FileFormat;
  readonly keepLmHead: boolean;
}

export interface Targets {
  readonly targets: readonly Target[];
  readonly missing: readonly Dropped[];
  readonly notes: readonly string[];
}

const head = "output.weight";

export function planTargets(
  layout: ModelPlan,
  numbers: Hyperparameters,
  decision: Decision,
  wiring: Wiring,
  options: TargetOptions,
): Targets {
  const targets: Target[] = [];
  const missing: Dropped[] = [];
  const choice = new TypeChoice();
  const tiedEmbeddings = !layout.pieces.has(head);
  const expected = expectedTensors(architectureNamed(options.fileLayout), {
    numbers,
    tiedEmbeddings,
  });
  for (const { name, shape, types } of expected) {
    const reason = absence(name, layout, options);
    if (reason) {
      missing.push({ name, reason });
      continue;
    }
    const wanted = name === "token_embd.weight" ? options.embeddingType : options.type;
    const type = types.length === 1 ? types[0]! : choice.choose(name, wanted, shape[0]!);
    const source =
      name === decisionTensor ? headOf(layout) : pieceOf(layout, name, wiring.gateUp).tensor.name;
    const read = () =>
      name === decisionTensor
        ? readDecisionRows(layout, decision.tokenIds)
        : readWeights(layout, name, wiring);
    targets.push({ name, type, shape, source, content: { values: once(read) } });
  }
  return { targets, missing, notes: choice.notes };
}

function headOf(layout: ModelPlan): string {
  return (layout.pieces.get(head) ?? layout.pieces.get("token_embd.weight")!).tensor.name;
}

/** Why the file has no such tensor; undefined when it has. */
function absence(name: string, layout: ModelPlan, options: TargetOptions): string | undefined {
  if (name === "rope_freqs.weight" && !layout.pieces.has(name)) return "the checkpoint has none";
  if (name !== head) return undefined;
  if (!layout.pieces.has(head)) return "tied to token_embd.weight";
  if (options.fileLayout === "llama" || options.keepLmHead) return undefined;
  return "scoring reads the decision rows only; --keep-lm-head keeps it";
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

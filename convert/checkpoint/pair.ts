// One half of a pair as Q-RAG saves it, the encoder of states or that of actions, as a checkpoint of its own.
import { QragError } from "../../base/errors.ts";
import { unmapped } from "../errors.ts";
import type { Dropped } from "../roles/roles.ts";
import type { SourceTensor } from "./source_tensor.ts";

export const encoders = ["state", "action"] as const;
export type Encoder = (typeof encoders)[number];

export interface Half {
  readonly tensors: ReadonlyMap<string, SourceTensor>;
  readonly dropped: readonly Dropped[];
  readonly notes: readonly string[];
}

/** What stands before the names of each half. */
const prefix = /^(state|action)_(?:embed|encoder)\./;
const unused = /^(?:model\.)*(?:head\.(?:weight|bias)|cls_token|sep_token)$/;
const rotation = /^(?:model\.)*rotary_emb\./;
/** A BERT's last step, which has a factor for every number of a vector, and a summand. */
const lastNorm = /encoder\.layer\.(\d{1,4})\.output\.LayerNorm\.(?:weight|bias|gamma|beta)$/;
/** Q-RAG divides its vectors by it. */
const divisor = 10;

/** Undefined for a checkpoint that is no pair. */
export function halfOf(
  tensors: ReadonlyMap<string, SourceTensor>,
  encoder: Encoder | undefined,
): Half | undefined {
  const found = new Set([...tensors.keys()].map((name) => prefix.exec(name)?.[1]));
  if (!found.has("state") || !found.has("action")) {
    if (encoder === undefined) return undefined;
    const message = `--encoder ${encoder} is for a pair, and the checkpoint does not hold an encoder of states and one of actions`;
    throw new QragError("INPUT_INVALID", message);
  }
  if (encoder === undefined) {
    throw unmapped(
      "it holds two encoders, of states and of actions, which become a file each: " +
        "pass --encoder state for one and --encoder action for the other",
    );
  }
  const half = new Map<string, SourceTensor>();
  for (const [name, tensor] of tensors) {
    if (prefix.exec(name)?.[1] !== encoder) continue;
    const own = name.replace(prefix, "");
    half.set(own, { ...tensor, name: own });
  }
  const notes = [
    `of the pair's two encoders, that of ${encoder}s`,
    ...([...half.keys()].some((name) => lastNorm.test(name))
      ? [`its vectors are divided by ${divisor}, as Q-RAG does it: in the last norm`]
      : [`no last norm was found: its vectors are not divided by ${divisor}`]),
    ...([...half.keys()].some((name) => rotation.test(name))
      ? ["the rotation of vectors by the places of passages is left out: all count as the first"]
      : []),
  ];
  return { ...kept(half), notes };
}

/** Without what vectors do not need, and with the last norm divided. */
function kept(half: ReadonlyMap<string, SourceTensor>): Pick<Half, "tensors" | "dropped"> {
  const numbers = [...half.keys()].map((name) => Number(lastNorm.exec(name)?.[1] ?? -1));
  const last = Math.max(...numbers);
  const tensors = new Map<string, SourceTensor>();
  const dropped: Dropped[] = [];
  for (const [name, tensor] of half) {
    if (unused.test(name)) {
      dropped.push({ name, reason: "the values of passages do not use it" });
    } else if (rotation.test(name)) {
      dropped.push({ name, reason: "a store's passages have no places in one list" });
    } else {
      tensors.set(name, Number(lastNorm.exec(name)?.[1]) === last ? divided(tensor) : tensor);
    }
  }
  return { tensors, dropped };
}

function divided(tensor: SourceTensor): SourceTensor {
  return {
    ...tensor,
    storage: `${tensor.storage} divided`,
    read: async () => (await tensor.read()).map((value) => value / divisor),
  };
}

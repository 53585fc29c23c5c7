// Vectors that a store has and its gate would compute: they are of one embedder, and rounded alike.
import { quantize } from "../../native/quantize.ts";
import type { StoreGate } from "./models.ts";
import type { VectorModel } from "./settings.ts";

/** The store's model, if it is the one that the gate asks for a second opinion. */
export function sharedModel(
  { info }: StoreGate,
  model: VectorModel | undefined,
): VectorModel | undefined {
  if (model === undefined || model.digest !== info.embedder) return undefined;
  // A state embedder's vectors of questions are not the embedder's.
  return model.stateDigest === undefined ? model : undefined;
}

/** What the gate is told of a question's vector, which has the length 1. */
export function knownTo({ info }: StoreGate, vector: Float32Array) {
  return { queryVector: quantize(vector).int8, embedder: info.embedder };
}

/** A gate that is told of the vectors of questions, where the store's model is its own. */
export function toldOf(
  gate: StoreGate,
  model: VectorModel | undefined,
  embed: (query: string, signal: AbortSignal | undefined) => Promise<Float32Array>,
): Pick<StoreGate, "rank"> {
  if (!model) return gate;
  return {
    rank: async (query, passages, options = {}) =>
      gate.rank(query, passages, {
        ...options,
        ...knownTo(gate, await embed(query, options.signal)),
      }),
  };
}

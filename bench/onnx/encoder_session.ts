// A session of a BERT encoder's graph: token ids in, the states of all tokens or logits out.
import { int64, type OrtTensor, openSession } from "./runtime.ts";

/** Ids of one text or pair; from `second` on they have the second token type. */
export interface Tokens {
  readonly tokens: Int32Array;
  readonly second?: number;
}

export interface Batch {
  readonly outputs: Readonly<Record<string, OrtTensor>>;
  /** Tokens of the longest input: the others are filled up. */
  readonly length: number;
}

export async function openEncoderSession(model: string | Uint8Array, threads: number) {
  const session = await openSession(model, threads);
  return {
    async run(inputs: readonly Tokens[]): Promise<Batch> {
      const length = Math.max(...inputs.map(({ tokens }) => tokens.length));
      const empty = () => new BigInt64Array(inputs.length * length);
      const [ids, mask, types] = [empty(), empty(), empty()];
      for (const [i, { tokens, second = tokens.length }] of inputs.entries()) {
        const [begin, end] = [i * length, i * length + tokens.length];
        for (const [place, id] of tokens.entries()) ids[begin + place] = BigInt(id);
        mask.fill(1n, begin, end);
        types.fill(1n, begin + second, end);
      }
      const shape = [inputs.length, length];
      const outputs = await session.run({
        input_ids: int64(ids, shape),
        attention_mask: int64(mask, shape),
        token_type_ids: int64(types, shape),
      });
      return { outputs, length };
    },
    release: () => session.release(),
  };
}

/** Vectors of length 1 out of states [batch, length, hidden], for inputs of so many tokens each. */
export function pooledStates(
  { data, dims }: OrtTensor,
  lengths: readonly number[],
  pooling: "mean" | "cls",
): Float32Array[] {
  const [, length, hidden] = dims as [number, number, number];
  return lengths.map((tokens, row) => {
    const vector = new Float32Array(hidden);
    const count = pooling === "cls" ? 1 : tokens;
    for (let place = 0; place < count; place++) {
      const begin = (row * length + place) * hidden;
      for (let i = 0; i < hidden; i++) vector[i]! += data[begin + i]!;
    }
    return unit(vector);
  });
}

/** The margin of each pair out of logits [batch, labels]: the only one, or the second minus the first. */
export function marginsOf({ data, dims }: OrtTensor): number[] {
  const [pairs, labels] = dims as [number, number];
  return Array.from({ length: pairs }, (_, row) =>
    labels === 1 ? data[row]! : data[2 * row + 1]! - data[2 * row]!,
  );
}

export function unit(vector: Float32Array): Float32Array {
  let squares = 0;
  for (const value of vector) squares += value * value;
  const length = Math.sqrt(squares) || 1;
  return vector.map((value) => value / length);
}

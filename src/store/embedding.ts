// What a store asks of an embedder: whose vectors they are, those of passages as a matrix, that of a query.
import { QragError } from "../../base/errors.ts";
import { fileDigest } from "../hub/digest.ts";
import { unit } from "../rounded_vector.ts";
import type { StoreEmbedder } from "./models.ts";
import type { VectorModel } from "./settings.ts";

/** The vectors of passages are the embedder's, those of questions its own or a state embedder's. */
export async function modelOf(
  { info }: StoreEmbedder,
  stateEmbedder: StoreEmbedder | undefined,
  signal: AbortSignal | undefined,
): Promise<VectorModel> {
  const state = stateEmbedder?.info;
  if (state && state.dimensions !== info.dimensions) {
    throw new QragError(
      "INPUT_INVALID",
      `The embedder's vectors have ${info.dimensions} numbers and the state embedder's ${state.dimensions}: ` +
        "they were not trained together",
    );
  }
  const digest = await digestOf(info, signal);
  const stateDigest = state && (await digestOf(state, signal));
  return { digest, name: info.name ?? "", dimensions: info.dimensions, stateDigest };
}

async function digestOf(
  info: StoreEmbedder["info"],
  signal: AbortSignal | undefined,
): Promise<string> {
  const { sha256 } = await fileDigest(info.path, signal).catch((cause: Error) => {
    signal?.throwIfAborted();
    const message = `The embedder's file ${info.path} could not be read: ${cause.message}`;
    throw new QragError("MODEL_NOT_FOUND", message, { cause });
  });
  return sha256;
}

/** One row a text. */
export async function embedPassages(
  embedder: StoreEmbedder,
  texts: readonly string[],
  signal: AbortSignal | undefined,
): Promise<Float32Array<ArrayBuffer>> {
  const { dimensions } = embedder.info;
  const matrix = new Float32Array(texts.length * dimensions);
  const vectors = await embedder.embed(texts, { as: "passage", signal });
  for (const [row, vector] of vectors.entries()) {
    matrix.set(checked(vector, dimensions), row * dimensions);
  }
  return matrix;
}

export async function embedQuery(
  embedder: StoreEmbedder,
  query: string,
  {
    keepLength,
    signal,
  }: { readonly keepLength: boolean; readonly signal?: AbortSignal | undefined },
): Promise<Float32Array> {
  const [vector] = await embedder.embed([query], { as: "query", signal });
  const whole = checked(vector!, embedder.info.dimensions);
  return keepLength ? whole : unit(whole);
}

function checked(vector: Float32Array, dimensions: number): Float32Array {
  if (vector.length === dimensions && allFinite(vector)) return vector;
  throw new QragError(
    "MODEL_INVALID",
    `The embedder gave a vector that is not ${dimensions} finite numbers`,
  );
}

/** A loop, since the thread that asks must not wait: `every` takes ten times as long. */
function allFinite(vector: Float32Array): boolean {
  // 0 times what is not finite is NaN, and stays so.
  let zero = 0;
  for (let i = 0; i < vector.length; i++) zero += 0 * vector[i]!;
  return zero === 0;
}

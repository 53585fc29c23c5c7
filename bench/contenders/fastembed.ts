// fastembed, given text. It takes the first token's state whatever the model, fills every text up to `maxLength` tokens,
// and computes on as many threads as it finds cores.
import type { Contender } from "./contender.ts";
import { loadPeer, peerVersion } from "./installed.ts";

interface Embedding {
  embed(texts: readonly string[], batchSize: number): AsyncIterable<ArrayLike<number>[]>;
}

interface Fastembed {
  readonly FlagEmbedding: { init(options: object): Promise<Embedding> };
}

/** What holds all texts of the bench; it would be 512 unless one asked for less. */
const maxLength = 256;

/** Its default of 256 texts at a time would take some gigabytes for the states. */
const batchSize = 16;

export async function openFastembed(folder: string, modelName: string): Promise<Contender> {
  const { FlagEmbedding } = loadPeer("fastembed") as Fastembed;
  const embedding = await FlagEmbedding.init({
    model: "custom",
    modelAbsoluteDirPath: folder,
    modelName,
    maxLength,
    showDownloadProgress: false,
  });
  return {
    build: `fastembed ${peerVersion("fastembed")}`,
    async answer({ passages }) {
      const vectors: Float32Array[] = [];
      for await (const batch of embedding.embed(passages, batchSize)) {
        vectors.push(...batch.map((vector) => Float32Array.from(vector)));
      }
      return vectors;
    },
    close: async () => {},
  };
}

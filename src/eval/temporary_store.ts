// A store for one run: made of documents in a temporary folder, and gone afterwards.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Documents } from "../store/documents.ts";
import type { StoreEmbedder } from "../store/models.ts";
import { openStore } from "../store/open.ts";
import type { Store } from "../store/store.ts";

export interface TemporaryStoreSettings {
  readonly embedder: StoreEmbedder | undefined;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: {
    readonly done: number;
    readonly total: number | undefined;
  }) => void;
}

/** A store's file needs a disk: its journal is shared memory beside the file. */
export async function withTemporaryStore<T>(
  documents: Documents,
  { embedder, signal, onProgress }: TemporaryStoreSettings,
  use: (store: Store) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "qrag-eval-"));
  try {
    const store = await openStore(join(folder, "eval.qrag"), {
      embedder: embedder ?? false,
      signal,
    });
    try {
      await store.add(documents, { signal, onProgress });
      return await use(store);
    } finally {
      await store.dispose();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

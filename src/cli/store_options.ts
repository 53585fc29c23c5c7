// What the commands on a store have in common: where it is, and what opens it.
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { QragError } from "../../base/errors.ts";
import { makeFolder } from "../../base/make_folder.ts";
import type { Embedder } from "../embedder.ts";
import type { Gate } from "../gate.ts";
import { loadEmbedder } from "../load_embedder.ts";
import { openStore } from "../store/open.ts";
import type { Store } from "../store/store.ts";
import type { Io } from "./io.ts";
import { loadingBar } from "./loading_bar.ts";
import { tell } from "./output.ts";

export const storeOptions = {
  store: { type: "string" },
  embedder: { type: "string" },
} as const;

export const defaultStore = join(".qrag", "store.qrag");

export const storeHelp = `      --store FILE    the store; default: ${defaultStore} in the working folder`;
export const embedderHelp = `      --embedder PATH the embedding model, or hf:owner/repo; default: QRAG_EMBEDDER, or none: keywords only`;

export interface StoreSettings {
  readonly store?: string | undefined;
  readonly gate?: Gate | undefined;
  readonly readOnly?: boolean;
  /** Make the store, and its folder, where there is none. */
  readonly create?: boolean;
}

/** The embedder of --embedder or QRAG_EMBEDDER; says on standard error where there is none. */
export async function withEmbedder<T>(
  io: Io,
  path: string | undefined,
  use: (embedder: Embedder | undefined) => Promise<T>,
): Promise<T> {
  const model = path ?? (io.env.QRAG_EMBEDDER || undefined);
  if (model === undefined) {
    tell(
      io,
      "No embedding model: keywords only. Pass one with --embedder to search by meaning, too.\n",
    );
    return use(undefined);
  }
  const bar = loadingBar(io);
  const embedder = await loadEmbedder(model, {
    signal: io.signal,
    onProgress: bar.update,
  }).finally(bar.clear);
  try {
    return await use(embedder);
  } finally {
    await embedder.dispose();
  }
}

/** Opens the store, and closes it in the end. */
export async function withStore<T>(
  io: Io,
  { store: path = defaultStore, gate, readOnly = false, create = false }: StoreSettings,
  embedder: Embedder | undefined,
  use: (store: Store) => Promise<T>,
): Promise<T> {
  if (create) await makeFolder(dirname(resolve(path)));
  else if (!existsSync(path)) throw absent(path);
  const store = await openStore(path, { embedder, gate, readOnly, signal: io.signal });
  try {
    return await use(store);
  } finally {
    await store.dispose();
  }
}

function absent(path: string): QragError {
  return new QragError(
    "STORE_NOT_FOUND",
    `There is no store ${path}. Make one with \`qrag index PATH\`, or name it with --store.`,
  );
}

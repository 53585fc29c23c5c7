// openStore: a store's file on its own thread, with an embedder and a gate.
import { modelOf } from "./embedding.ts";
import { checkOpenStore, type OpenStoreOptions } from "./options.ts";
import { PackageEmbedder } from "./package_embedder.ts";
import { Store } from "./store.ts";
import { StoreThread } from "./thread.ts";

const defaultWait = 5000;

/**
 * Opens the store in the file at `path`, which is made if it is not there. Dispose it when it is no longer needed
 * (`await using store = await openStore(path)`). Without an embedder it uses the one that the package came with.
 */
export async function openStore(path: string, options?: OpenStoreOptions): Promise<Store> {
  const {
    embedder: given,
    stateEmbedder,
    gate,
    signal,
    ...checked
  } = checkOpenStore(path, options);
  const { readOnly = false, waitForWriter = defaultWait } = checked;
  signal?.throwIfAborted();
  const own = given === undefined ? new PackageEmbedder() : undefined;
  const embedder = own ?? (given || undefined);
  const model = own?.model ?? (embedder && (await modelOf(embedder, stateEmbedder, signal)));
  const thread = new StoreThread();
  try {
    await thread.call("open", [{ path: checked.path, readOnly, waitForWriter, model }]);
    signal?.throwIfAborted();
  } catch (error) {
    await thread.close();
    throw error;
  }
  return new Store({ thread, embedder, own, stateEmbedder, gate, model });
}

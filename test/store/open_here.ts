// A store on the test's own thread: as openStore, but it starts at once, waits for the disk, and has no embedder by default.
import { modelOf } from "../../src/store/embedding.ts";
import type { OpenStoreOptions } from "../../src/store/index.ts";
import { type Operating, Store } from "../../src/store/store.ts";
import { StoreFile } from "../../src/store/store_file.ts";

export async function openHere(path: string, options: OpenStoreOptions = {}): Promise<Store> {
  const { stateEmbedder, gate, readOnly = false, waitForWriter = 1000 } = options;
  const embedder = options.embedder || undefined;
  const model = embedder && (await modelOf(embedder, stateEmbedder, undefined));
  const file = new StoreFile();
  file.open({ path, readOnly, waitForWriter, model });
  let last: Promise<unknown> = Promise.resolve();
  const thread: Operating = {
    call(name, values) {
      const work = () => (file[name] as (...values: readonly unknown[]) => never)(...values);
      const done = last.then(work);
      last = done.catch(() => {});
      return done;
    },
    async close() {
      await last;
      file.close();
    },
  };
  return new Store({ thread, embedder, stateEmbedder, gate, model });
}

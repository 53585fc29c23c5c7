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
import { finiteNumber, UsageError, wholeNumber } from "./arguments.ts";
import type { Io } from "./io.ts";
import { loadingBar } from "./loading_bar.ts";

export const storeOptions = {
  store: { type: "string" },
  embedder: { type: "string" },
  "state-embedder": { type: "string" },
} as const;

export const defaultStore = join(".qrag", "store.qrag");

export const storeHelp = `      --store FILE    the store; default: ${defaultStore} in the working folder`;
export const embedderHelp = `      --embedder PATH the embedding model, hf:owner/repo, package for the package's own, or none: keywords only;
                      default: QRAG_EMBEDDER, or package
      --state-embedder PATH
                      what embeds questions, where --embedder embeds passages only: a pair trained for steps`;
export const stepsHelp = `      --steps N       choose N passages one after the other, each by the question and those chosen before; up to 8
      --stop-below V  with --steps: stop where no passage left has this cosine, or with a pair this inner product`;

export const stepOptions = {
  steps: { type: "string" },
  "stop-below": { type: "string" },
} as const;
type StepValues = { readonly [N in keyof typeof stepOptions]?: string | undefined };

export interface StoreSettings {
  readonly store?: string | undefined;
  readonly gate?: Gate | undefined;
  /** The path of the model that embeds questions, if it is another. */
  readonly stateEmbedder?: string | undefined;
  readonly readOnly?: boolean;
  /** Make the store, and its folder, where there is none. */
  readonly create?: boolean;
}

/** The embedder of --embedder or QRAG_EMBEDDER, or else the package's own. */
export async function withEmbedder<T>(
  io: Io,
  path: string | undefined,
  use: (embedder: Embedder | undefined) => Promise<T>,
): Promise<T> {
  return withModel(io, path ?? (io.env.QRAG_EMBEDDER || "package"), use);
}

/** The embedding model of that name, disposed in the end; none without one. */
export async function withModel<T>(
  io: Io,
  model: string | undefined,
  use: (embedder: Embedder | undefined) => Promise<T>,
): Promise<T> {
  if (model === undefined || model === "none") return use(undefined);
  const bar = loadingBar(io);
  const embedder = await loadEmbedder(model === "package" ? undefined : model, {
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
  { store: path = defaultStore, stateEmbedder: state, create = false, ...settings }: StoreSettings,
  embedder: Embedder | undefined,
  use: (store: Store) => Promise<T>,
): Promise<T> {
  if (create) await makeFolder(dirname(resolve(path)));
  else if (!existsSync(path)) throw absent(path);
  return withModel(io, state, async (stateEmbedder) => {
    const store = await openStore(path, {
      ...settings,
      embedder: embedder ?? false,
      stateEmbedder,
      signal: io.signal,
    });
    try {
      return await use(store);
    } finally {
      await store.dispose();
    }
  });
}

/** What --steps and --stop-below say. */
export function stepsOf(values: StepValues) {
  return {
    steps: wholeNumber(values.steps, "--steps"),
    stopBelow: finiteNumber(values["stop-below"], "--stop-below"),
  };
}

/** What a server is given beside its gate. */
export interface StoreParts {
  readonly embedder: Embedder | undefined;
  readonly store: Store | undefined;
}

/** For commands that do without a store, too: only what was named is opened, and nothing is changed. */
export async function withStoreParts<T>(
  io: Io,
  values: { readonly [N in keyof typeof storeOptions]?: string | undefined },
  use: (parts: StoreParts) => Promise<T>,
): Promise<T> {
  const { store: path, embedder: model, "state-embedder": stateEmbedder } = values;
  if (stateEmbedder !== undefined && path === undefined) {
    throw new UsageError("--state-embedder belongs to --store");
  }
  if (path === undefined && model === undefined) {
    return use({ embedder: undefined, store: undefined });
  }
  return withEmbedder(io, model, (embedder) =>
    path === undefined
      ? use({ embedder, store: undefined })
      : withStore(io, { store: path, readOnly: true, stateEmbedder }, embedder, (store) =>
          use({ embedder, store }),
        ),
  );
}

function absent(path: string): QragError {
  return new QragError(
    "STORE_NOT_FOUND",
    `There is no store ${path}. Make one with \`qrag index PATH\`, or name it with --store.`,
  );
}

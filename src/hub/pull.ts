// Gets a model from a hub into the cache: resolves the revision to a commit, downloads the files, converts them once.
import { rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { QragError } from "../../base/errors.ts";
import { makeFolder } from "../../base/make_folder.ts";
import type { Progress } from "../../base/progress.ts";
import { Cache } from "./cache.ts";
import { HubClient, type Patience, usualPatience } from "./client.ts";
import { type Conversion, conversionDigest, convertInto, usualConversion } from "./conversion.ts";
import { fileDigest } from "./digest.ts";
import { downloadFile } from "./download.ts";
import type { Entry } from "./entry.ts";
import { storing } from "./errors.ts";
import type { Listing } from "./listing.ts";
import { type Manifest, manifestVersion } from "./manifest.ts";
import {
  type HubReference,
  isCommit,
  parseReference,
  referenceName,
  repositoryName,
} from "./reference.ts";
import { type Environment, type HubSettings, hubSettings } from "./settings.ts";
import { type Wanted, wantedFiles } from "./wanted.ts";

export interface PullOptions {
  readonly env: Environment;
  /** Undefined: a model that is in the cache is taken, however it was converted. */
  readonly conversion?: Conversion | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** Tests pass their own. */
  readonly patience?: Patience;
}

export interface Pulled {
  /** The GGUF file in the cache. */
  readonly path: string;
  readonly manifest: Manifest;
  /** Whether it was in the cache already. */
  readonly cached: boolean;
  /** Bytes that came over the network in this call. */
  readonly downloaded: number;
  readonly notes: readonly string[];
}

/** The path of a model's GGUF file: from the cache, without a network, or else pulled now. */
export async function hubModel(name: string, options: PullOptions): Promise<string> {
  const reference = parseReference(name);
  const found = await new Cache(hubSettings(options.env)).find(reference);
  if (!found) return (await pull(name, options)).path;
  await found.touch();
  return found.model;
}

/** Asks the hub which commit the revision is now, and makes sure that its model is in the cache, byte for byte. */
export async function pull(name: string, options: PullOptions): Promise<Pulled> {
  const { env, conversion, signal, patience = usualPatience } = options;
  signal?.throwIfAborted();
  const reference = parseReference(name);
  const hub = hubSettings(env);
  const cache = new Cache(hub);
  if (hub.offline !== undefined || isCommit(reference.revision)) {
    const entry = await cache.find(reference);
    const kept = entry && (await keptModel(entry, conversion, signal));
    if (kept && hub.offline === undefined) await cache.remember(reference, kept.manifest.commit);
    if (kept) return kept;
  }
  if (hub.offline !== undefined) throw offlineError(reference, hub.offline, conversion);
  const client = new HubClient(hub, patience);
  const listing = await client.list(reference, signal);
  const entry = cache.entry(reference, listing.commit);
  const pulled = await entry.alone(signal, async () => {
    const kept = await keptModel(entry, conversion, signal);
    return kept ?? (await fetchModel({ reference, hub, client, listing, entry }, options));
  });
  await cache.remember(reference, listing.commit);
  return pulled;
}

/** The entry's model, if it was converted as wanted and not a byte of it has changed. */
async function keptModel(
  entry: Entry,
  conversion: Conversion | undefined,
  signal: AbortSignal | undefined,
): Promise<Pulled | undefined> {
  const manifest = await entry.found();
  if (!manifest) return undefined;
  if (conversion && conversionDigest(conversion) !== manifest.conversion) return undefined;
  const { bytes, sha256 } = await fileDigest(entry.model, signal);
  if (bytes !== manifest.model.bytes || sha256 !== manifest.model.sha256) return undefined;
  await entry.touch();
  return { path: entry.model, manifest, cached: true, downloaded: 0, notes: [] };
}

interface Fetching {
  readonly reference: HubReference;
  readonly client: HubClient;
  readonly listing: Listing;
  readonly entry: Entry;
}

async function fetchModel(
  { hub, ...fetching }: Fetching & { readonly hub: HubSettings },
  options: PullOptions,
): Promise<Pulled> {
  const { reference, listing, entry } = fetching;
  const { conversion, signal, onProgress } = options;
  const wanted = wantedFiles(reference, listing);
  if (wanted.checkpoint === undefined && conversion !== undefined) {
    throw new QragError(
      "INPUT_INVALID",
      `${referenceName(reference)} is a GGUF file, which is not converted: options of \`qrag convert\` do not apply. ` +
        "Name weights instead (hf:owner/repo:model.safetensors), or use `qrag quantize` on the result",
    );
  }
  const downloaded = await download(fetching, wanted, options);
  const chosen = conversion ?? usualConversion;
  const notes =
    wanted.checkpoint === undefined
      ? await takeReady(wanted, entry)
      : await convertInto(entry, reference, wanted.checkpoint, {
          conversion: chosen,
          signal,
          onProgress,
        });
  const manifest: Manifest = {
    version: manifestVersion,
    endpoint: hub.endpoint,
    source: `${repositoryName(reference)}${reference.file === undefined ? "" : `:${reference.file}`}`,
    revision: reference.revision,
    commit: listing.commit,
    files: wanted.files.map(({ file }) => file),
    model: await fileDigest(entry.model, signal),
    conversion: wanted.checkpoint === undefined ? null : conversionDigest(chosen),
    created: new Date().toISOString(),
  };
  await entry.write(manifest);
  await rm(entry.files, { recursive: true, force: true });
  return { path: entry.model, manifest, cached: false, downloaded, notes };
}

/** Downloads all files; gives the number of bytes that came over the network. */
async function download(
  { reference, client, listing, entry }: Fetching,
  { files }: Wanted,
  { signal, onProgress }: PullOptions,
): Promise<number> {
  const total = files.reduce((sum, { file }) => sum + file.size, 0);
  let before = 0;
  let downloaded = 0;
  for (const { file, local } of files) {
    const target = join(entry.files, local);
    await makeFolder(dirname(target));
    downloaded += await downloadFile(file, target, {
      client,
      repository: reference,
      commit: listing.commit,
      signal,
      onBytes: (bytes) => onProgress?.({ done: before + bytes, total, stage: "download" }),
    });
    before += file.size;
  }
  return downloaded;
}

async function takeReady({ files }: Wanted, entry: Entry): Promise<readonly string[]> {
  const [only] = files;
  await storing(entry.model, () => rename(join(entry.files, only!.local), entry.model));
  return [];
}

function offlineError(
  reference: HubReference,
  variable: string,
  conversion: Conversion | undefined,
): QragError {
  const name = referenceName(reference);
  const wanted = conversion === undefined ? name : `${name}, converted with these options,`;
  return new QragError(
    "MODEL_NOT_FOUND",
    `${wanted} is not in the cache, and ${variable} forbids the network. ` +
      `Run \`qrag pull ${name}\` on a machine with a network, or unset ${variable}`,
  );
}

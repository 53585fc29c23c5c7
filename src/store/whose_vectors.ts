// Whose vectors a store holds: it takes those of one model, and is opened with no other.
import { QragError } from "../../base/errors.ts";
import type { Connection } from "./connection.ts";
import { invalid } from "./failures.ts";
import { countPassages } from "./read.ts";
import { readSettings, type Settings, type VectorModel, writeSettings } from "./settings.ts";

/** A store without passages takes any model. */
export function adopt(connection: Connection, model: VectorModel, readOnly: boolean): void {
  const { path } = connection;
  const settings = readSettings(connection);
  if (isSame(settings.model, model) && settings.model?.dimensions === model.dimensions) return;
  if (countPassages(connection) > 0) {
    if (settings.model) throw otherModel(path, settings.model, model);
    throw invalid(path, withoutVectors);
  }
  if (readOnly) return;
  connection.write(() => {
    if (countPassages(connection) > 0) {
      throw new QragError("STORE_BUSY", `${path} has just been filled by another process`);
    }
    // What a reembed that was broken off has left.
    connection.run("DELETE FROM segments");
    writeSettings(connection, { model, generation: readSettings(connection).generation + 1 });
  });
}

/** The store's settings, for whoever has opened it with this model. */
export function settingsFor(connection: Connection, opened: VectorModel | undefined): Settings {
  const settings = readSettings(connection);
  if (isSame(settings.model, opened)) return settings;
  if (settings.model) throw otherModel(connection.path, settings.model, opened);
  throw invalid(connection.path, withoutVectors);
}

/** The embedder, and the state embedder if there is one. */
function isSame(one: VectorModel | undefined, other: VectorModel | undefined): boolean {
  return one?.digest === other?.digest && one?.stateDigest === other?.stateDigest;
}

const withoutVectors =
  "was indexed without an embedder. Open it with `embedder: false` (--embedder none) to go on with keywords only, or " +
  "call reembed(embedder) (`qrag store reembed`) to give it vectors.";

function otherModel(
  path: string,
  { name, digest, stateDigest }: VectorModel,
  opened: VectorModel | undefined,
): QragError {
  const paired =
    stateDigest === undefined ? "" : ` with the state embedder ${stateDigest.slice(0, 12)}...`;
  const own = `the embedding model ${name || "without a name"} (SHA-256 ${digest.slice(0, 12)}...)${paired}`;
  if (opened?.digest === digest) {
    const other =
      stateDigest === undefined ? "with a state embedder" : "without it, or with another";
    return invalid(
      path,
      `holds vectors of ${own}, and was opened ${other}. Open it as it was filled, or call ` +
        "reembed(embedder, { stateEmbedder }) (`qrag store reembed --embedder PATH --state-embedder PATH`) to make " +
        "all vectors again.",
    );
  }
  if (!opened) {
    return invalid(path, `holds vectors of ${own}. Open it with that embedder to add documents.`);
  }
  return invalid(
    path,
    `holds vectors of ${own}, and was opened with another one. Open it with that model, or call reembed(embedder) ` +
      "(`qrag store reembed`) to make all vectors again.",
  );
}

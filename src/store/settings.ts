// What a store remembers about itself: whose vectors it holds.
import type { Connection } from "./connection.ts";
import { damaged } from "./failures.ts";

/** The embedding model of a store's vectors. */
export interface VectorModel {
  /** SHA-256 of its file. */
  readonly digest: string;
  readonly name: string;
  readonly dimensions: number;
  /**
   * SHA-256 of the state embedder's file, if the store has one. Its pair is compared by inner products, so vectors keep
   * their lengths.
   */
  readonly stateDigest?: string | undefined;
}

export interface Settings {
  /** Undefined: the store has no vectors. */
  readonly model: VectorModel | undefined;
  /** Which segments are in use. */
  readonly generation: number;
}

const maxDimensions = 65_536;

export function readSettings(connection: Connection): Settings {
  const rows = connection.all("SELECT name, value FROM settings");
  const values = new Map(rows.map(({ name, value }) => [name, String(value)]));
  const generation = numberOf(values.get("generation") ?? "0");
  const digest = values.get("digest");
  if (digest === undefined && generation !== undefined) return { model: undefined, generation };
  const dimensions = numberOf(values.get("dimensions"));
  if (!digest || generation === undefined || !dimensions || dimensions > maxDimensions) {
    throw damaged(connection.path, "its settings cannot be read");
  }
  const name = values.get("model") ?? "";
  return { model: { digest, name, dimensions, stateDigest: values.get("state") }, generation };
}

export function writeSettings(connection: Connection, { model, generation }: Settings): void {
  connection.run("DELETE FROM settings");
  const values = {
    generation,
    ...(model && { digest: model.digest, model: model.name, dimensions: model.dimensions }),
    ...(model?.stateDigest !== undefined && { state: model.stateDigest }),
  };
  for (const [name, value] of Object.entries(values)) {
    connection.run("INSERT INTO settings (name, value) VALUES (?, ?)", name, String(value));
  }
}

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

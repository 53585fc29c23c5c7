// Where bytes go: into a file, whole or not at all, or as they come to what takes them.
import { type AtomicFileOptions, checkFree, writeAtomically } from "./atomic_file.ts";
import type { ByteSink } from "./byte_sink.ts";

/** A path, or a sink with a name for reports. */
export type Destination = string | NamedSink;

export interface NamedSink extends ByteSink {
  readonly name: string;
}

export function nameOf(destination: Destination): string {
  return typeof destination === "string" ? destination : destination.name;
}

/** Refuses a path as `checkFree` does. */
export function checkDestination(destination: Destination, force: boolean): void {
  if (typeof destination === "string") checkFree(destination, force);
}

/** Runs `write` with a sink that leads there. */
export async function writeTo(
  destination: Destination,
  options: AtomicFileOptions,
  write: (sink: ByteSink) => Promise<void>,
): Promise<void> {
  if (typeof destination === "string") await writeAtomically(destination, options, write);
  else await write(destination);
}

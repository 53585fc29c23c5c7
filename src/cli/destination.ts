// Where -o and its like lead: into a file, or for "-" to standard output.
import type { Destination, NamedSink } from "../../base/destination.ts";
import { UsageError } from "./arguments.ts";
import type { Io } from "./io.ts";

/** What other programs call it, too. */
const standardOutputNames: readonly string[] = ["-", "/dev/stdout"];

export const outputHelp = "the new file; it appears whole or not at all; - for standard output";

export function destinationOf(
  io: Io,
  path: string,
  {
    option,
    json,
    binary = false,
  }: { option: string; json?: boolean | undefined; binary?: boolean },
): Destination {
  if (!standardOutputNames.includes(path)) return path;
  if (json) throw new UsageError(`--json and ${option} ${path} both write to standard output`);
  if (binary && io.stdout.isTTY) {
    throw new UsageError("a terminal shows no model: redirect standard output, or name a file");
  }
  return standardOutput(io);
}

function standardOutput({ stdout, signal }: Io): NamedSink {
  return {
    name: "standard output",
    // The bytes may change as soon as this is done: they have to be out by then.
    async write(bytes) {
      await new Promise<void>((resolve) => stdout.write(bytes, () => resolve()));
      signal.throwIfAborted();
    },
  };
}

#!/usr/bin/env node
// The qrag command's process: streams, signals, and the exit code.
import { QragError } from "../../base/errors.ts";
import { loadGate } from "../load.ts";
import { exitCodes } from "./command.ts";
import { Interrupt, run } from "./run.ts";

const interrupts = new AbortController();
const { signal } = interrupts;
// Once: a second signal ends the process at once, as it would any other.
process.once("SIGINT", () => interrupts.abort(new Interrupt("interrupted", 130)));
process.once("SIGTERM", () => interrupts.abort(new Interrupt("terminated", 143)));

process.stdout.on("error", (cause: NodeJS.ErrnoException) => {
  // The reader has left (`qrag filter ... | head`): not an error, and nothing more to do.
  if (cause.code === "EPIPE") return interrupts.abort(new Interrupt("the output was closed", 0));
  const message = `The output could not be written: ${cause.message}`;
  interrupts.abort(new QragError("OUTPUT_FAILED", message, { cause }));
});
// Nowhere left to say it.
process.stderr.on("error", () => {});

const { stdin, stdout, stderr, env } = process;
const exitCode = await run(process.argv.slice(2), { stdin, stdout, stderr, env, signal, loadGate });

// Input that is still open must not keep the process alive; output that is still on its way must.
for (const stream of [stdout, stderr]) {
  if (stream.writable) await new Promise<void>((resolve) => stream.write("", () => resolve()));
}
// The last write may have failed after the command was done with it.
process.exit(signal.reason instanceof QragError ? exitCodes.bad : exitCode);

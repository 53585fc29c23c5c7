// What a process keeps of gates that are gone. In a process of its own: what others keep would count, too.
import { spawnSync } from "node:child_process";
import { expect, it } from "vitest";

const script = `
  import { setTimeout } from "node:timers/promises";
  import { loadGate } from "./src/index.ts";
  const resident = () => process.memoryUsage().rss / 1e6;
  const gates = [];
  const before = resident();
  for (let n = 0; n < 16; n++) {
    gates.push(await loadGate(undefined, { threads: 1 }));
    await gates[n].score("capital of Germany", "Berlin is the capital of Germany.");
  }
  const loaded = resident();
  for (const gate of gates.splice(0)) await gate.dispose();
  // Freed memory goes back a moment later, on another thread.
  for (let n = 0; n < 20 && resident() - before > (loaded - before) / 4; n++) {
    globalThis.gc();
    await setTimeout(100);
  }
  console.log(JSON.stringify({ before, loaded, after: resident() }));
`;

// Other C libraries have their own ways with what is freed.
const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };

it.skipIf(header.glibcVersionRuntime === undefined)(
  "disposed gates give their memory back to the system",
  () => {
    const args = ["--expose-gc", "--import", "tsx", "--input-type=module", "--eval", script];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
    expect([status, stderr]).toEqual([0, ""]);
    const { before, loaded, after } = JSON.parse(stdout);
    expect(loaded - before).toBeGreaterThan(100);
    expect(after - before).toBeLessThan((loaded - before) / 4);
  },
);

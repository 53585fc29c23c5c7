// What killed processes leave behind, and who clears it away.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { writeAtomically } from "../../base/atomic_file.ts";
import { partOf } from "../../base/part_files.ts";

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "qrag-parts-"));
  path = join(folder, "out.gguf");
});
afterEach(() => rm(folder, { recursive: true }));

const write = () => writeAtomically(path, {}, (sink) => sink.write(Buffer.from("whole")));

/** A process that has ended; its id will not soon be another's. */
const deadId = () => spawnSync(process.execPath, ["--version"]).pid;
const withId = (part: string, pid: number) => part.replace(`.${process.pid}.`, `.${pid}.`);

describe("the part of a killed process", () => {
  it("is swept by the next run to the same path", async () => {
    const script = `
      import { writeAtomically } from "./base/atomic_file.ts";
      await writeAtomically(process.argv[1], {}, async (sink) => {
        await sink.write(Buffer.from("half"));
        process.kill(process.pid, "SIGKILL");
        await new Promise(() => {});
      });`;
    const args = ["--import", "tsx", "--input-type=module", "--eval", script, path];
    const { signal, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
    expect([signal, stderr]).toEqual(["SIGKILL", ""]);
    const [left, ...others] = await readdir(folder);
    expect(left).toMatch(/^\.out\.gguf\.[0-9a-f]{8}\.\d+\.[0-9a-f]{8}\.part$/);
    expect(others).toEqual([]);
    await write();
    expect(await readdir(folder)).toEqual(["out.gguf"]);
    expect(await readFile(path, "utf8")).toBe("whole");
  });

  it("is not mistaken for another's", async () => {
    const dead = withId(partOf(path), deadId());
    const kept = [
      // Of another path, of another machine, of something else altogether.
      dead.replace("out.gguf.", "out.gguf.bak."),
      dead.replace(".out.gguf.", ".gguf."),
      dead.replace(/gguf\.[0-9a-f]{8}/, "gguf.00000000"),
      dead.replace(".part", ".partial"),
      join(folder, ".out.gguf.part"),
    ];
    for (const each of [dead, ...kept]) await writeFile(each, "");
    await write();
    const left = await readdir(folder);
    expect(left.map((name) => join(folder, name)).sort()).toEqual([...kept, path].sort());
  });
});

describe("the part of a living process", () => {
  it("stays, its own or another's", async () => {
    const other = spawn(process.execPath, ["--eval", "process.stdin.resume()"]);
    await once(other, "spawn");
    const parts = [partOf(path), withId(partOf(path), other.pid!)];
    for (const each of parts) await writeFile(each, "");
    await write();
    expect(await readdir(folder)).toHaveLength(3);
    await Promise.all([once(other, "exit"), other.kill("SIGKILL")]);
    await rm(path);
    await write();
    expect((await readdir(folder)).map((name) => join(folder, name)).sort()).toEqual(
      [parts[0], path].sort(),
    );
  });

  it("is left to two runs at once, of which the first to end wins", async () => {
    const outcomes = await Promise.allSettled([write(), write(), write()]);
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(await readdir(folder)).toEqual(["out.gguf"]);
  });
});

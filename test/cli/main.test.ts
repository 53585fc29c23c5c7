// The command as a process of its own: streams, signals and exit codes. Few cases, each costs a second.
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { modelFile } from "../src/model_file.ts";

let folder: string;
let model: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "qrag-main-"));
  model = join(folder, "model.gguf");
  await writeFile(model, await modelFile());
});
afterAll(() => rm(folder, { recursive: true }));

function start(args: string[], stdout: "pipe" | number = "pipe") {
  const { QRAG_MODEL: _none, ...env } = process.env;
  const command = ["--import", "tsx", "src/cli/main.ts", ...args];
  const child = spawn(process.execPath, command, { env, stdio: ["pipe", stdout, "pipe"] });
  return child as ChildProcessWithoutNullStreams;
}

async function outcome(child: ChildProcessWithoutNullStreams) {
  const [[exitCode, signal], err] = await Promise.all([once(child, "close"), text(child.stderr)]);
  return { exitCode, signal, err };
}

// Every line is relevant or not by chance; a hundred different ones give some output.
const lines = Array.from({ length: 100 }, (_, n) => `Line number ${n}\n`).join("");
const filterArgs = () => ["filter", "-q", "capital", "--model", model];

describe("the qrag process", () => {
  it("prints an answer and ends", async () => {
    const child = start(["score", "--model", model, "capital", "Berlin"]);
    const [out, end] = await Promise.all([text(child.stdout), outcome(child)]);
    expect(end).toEqual({ exitCode: 0, signal: null, err: "" });
    expect(out).toMatch(/^[01]\n$/);
  });

  it("says when there is no such model, with exit code 3", async () => {
    const child = start(["score", "--model", join(folder, "none.gguf"), "capital", "Berlin"]);
    const [out, end] = await Promise.all([text(child.stdout), outcome(child)]);
    expect([end.exitCode, out]).toEqual([3, ""]);
    expect(end.err).toMatch(/^qrag: .*none\.gguf: the model could not be opened: there is no such/);
  });

  it("ends with 130 when it is interrupted", async () => {
    const child = start([...filterArgs(), "--json"]);
    const ended = outcome(child);
    child.stdin.write(lines);
    await once(child.stdout, "data");
    child.kill("SIGINT");
    expect(await ended).toEqual({ exitCode: 130, signal: null, err: "" });
  });

  it("ends quietly when nobody reads its output", async () => {
    const child = start(filterArgs());
    const ended = outcome(child);
    child.stdin.on("error", () => {});
    child.stdin.write(lines.repeat(200));
    child.stdout.once("data", () => child.stdout.destroy());
    expect(await ended).toEqual({ exitCode: 0, signal: null, err: "" });
  });

  it.skipIf(!existsSync("/dev/full"))("says when its output cannot be written", async () => {
    const full = openSync("/dev/full", "w");
    const child = start(["score", "--model", model, "capital", "Berlin"], full);
    const { exitCode, err } = await outcome(child);
    closeSync(full);
    expect([exitCode, err]).toEqual([
      3,
      expect.stringMatching(/^qrag: The output could not be written: ENOSPC/),
    ]);
  });
});

// The command as a process of its own: streams, signals and exit codes. Few cases, each costs a second.
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";
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

  it.each([[["--help"]], [["inspect", "models/qrag.gguf"]], [["convert", "--help"]]])(
    "%j ends quietly when its output is closed before it comes",
    async (args) => {
      const child = start(args);
      child.stdout.destroy();
      expect(await outcome(child)).toEqual({ exitCode: 0, signal: null, err: "" });
    },
  );

  it("streams a model into a pipe, and ends quietly when that is closed", async () => {
    const child = start(["quantize", "models/qrag.gguf", "--type", "q8_0", "-o", "-"]);
    const ended = outcome(child);
    const [head] = await once(child.stdout, "data");
    child.stdout.destroy();
    expect(head.subarray(0, 4).toString()).toBe("GGUF");
    expect(await ended).toEqual({ exitCode: 0, signal: null, err: "" });
  });

  it("reads input that ends without a line end", async () => {
    const child = start(["rank", "-q", "capital", "--model", model]);
    const ended = Promise.all([text(child.stdout), outcome(child)]);
    child.stdin.end("first\nlast");
    const [out, end] = await ended;
    expect(end).toEqual({ exitCode: 0, signal: null, err: "" });
    expect(out.split("\n").map((line) => line.replace(/^.*\t/, ""))).toEqual(
      expect.arrayContaining(["first", "last", ""]),
    );
  });

  it.skipIf(spawnSync("script", ["--version"]).status !== 0)(
    "fits its help to a real terminal of 40 columns, without colours",
    async () => {
      const command = `stty cols 40; ${process.execPath} --import tsx src/cli/main.ts filter --help`;
      const { status, stdout } = spawnSync("script", ["-qec", command, "/dev/null"], {
        encoding: "utf8",
        env: { ...process.env, NO_COLOR: "1" },
      });
      expect(status).toBe(0);
      expect(stdout).toMatch(/^Reads passages and prints the relevant\r\nones, /m);
      expect(stdout).not.toContain("\u001b");
    },
  );

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

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type ErrorCode, errorCodes, QragError } from "../../base/errors.ts";
import { Interrupt } from "../../src/cli/run.ts";
import { qrag } from "./harness.ts";

const commands = [
  ...["score", "filter", "rank", "embed", "convert", "quantize", "inspect", "verify"],
  ...["eval", "calibrate", "pull", "cache", "serve"],
  ...["index", "search", "ask", "store", "mine"],
];

describe("help and version", () => {
  it("lists every command", async () => {
    const { exitCode, out, err } = await qrag(["--help"]);
    expect([exitCode, err]).toEqual([0, ""]);
    for (const command of commands) expect(out).toMatch(new RegExp(`^  ${command} `, "m"));
  });

  it.each(commands)("explains %s, with an example and --json", async (command) => {
    for (const flag of ["--help", "-h"]) {
      const { exitCode, out, err, loads } = await qrag([command, flag]);
      expect([exitCode, err, loads]).toEqual([0, "", []]);
      expect(out).toMatch(new RegExp(`^Usage: qrag ${command} `));
      expect(out).toContain("--json");
      expect(out).toMatch(new RegExp(`\\nExample:\\n  (.* )?qrag ${command} `));
      for (const line of out.split("\n")) expect(line.length).toBeLessThanOrEqual(120);
      expect(out.match(/^ *-h, --help +print this help$/gm)).toHaveLength(1);
    }
  });

  it("prints the package's version", async () => {
    const { version } = JSON.parse(readFileSync("package.json", "utf8"));
    expect(await qrag(["--version"])).toMatchObject({ exitCode: 0, out: `${version}\n` });
  });
});

describe("usage mistakes", () => {
  it.each([
    [[], /a command is missing/],
    [["scor"], /there is no command "scor"; there is score, filter/],
    [["constructor"], /there is no command "constructor"/],
    [["score"], /QUERY is missing\nRun `qrag score --help`/],
    [["score", "q"], /PASSAGE is missing/],
    [["score", "q", "p", "more"], /unexpected argument "more"/],
    [["score", "q", "p", "--what"], /^qrag: unknown option "--what"\n/],
    [["score", "q", "p", "--modle", "x"], /unknown option "--modle"; did you mean --model\?\n/],
    [["filter", "--stop=3"], /unknown option "--stop"; did you mean --stop-after\?\n/],
    [["filter", "--constructor"], /unknown option "--constructor"\n/],
    [["score", "-jx"], /unknown option "-j"\n/],
    [["score", "q", "-5 degrees"], /"-5 degrees" reads like options; write -- before a text/],
    [["score", "q", "p", "--model"], /--model/],
    [["score", "q", "p", "--threads", "0"], /whole number above 0 for --threads but received "0"/],
    [["score", "q", "p", "--threads", "1e3"], /received "1e3"/],
    [["filter"], /--query is missing/],
    [
      ["filter", "-q", "q", "--format", "xml"],
      /expected auto, jsonl, json, text for --format but received "xml"/,
    ],
    [["rank", "-q", "q", "--top", "-1"], /--top/],
    [["inspect"], /MODEL is missing/],
  ] satisfies [string[], RegExp][])("%j", async (args, message) => {
    const { exitCode, out, err, loads } = await qrag(args);
    expect([exitCode, out, loads]).toEqual([2, "", []]);
    expect(err).toMatch(message);
    expect(err).toMatch(/^qrag: .*\nRun `qrag.* --help` for what it takes\.\n$/);
    expect(err).not.toMatch(/positional/);
  });
});

describe("errors", () => {
  const failing = (error: unknown) => ({
    loadGate: async () => {
      throw error;
    },
  });
  const internal: ErrorCode[] = ["NATIVE_MISSING", "OUT_OF_MEMORY", "DISPOSED", "INTERNAL"];

  it.each(errorCodes)("%s has its exit code", async (code) => {
    const { exitCode, out, err } = await qrag(
      ["score", "q", "p"],
      failing(new QragError(code, "why")),
    );
    expect([exitCode, out, err]).toEqual([internal.includes(code) ? 4 : 3, "", "qrag: why\n"]);
  });

  it("are JSON with --json", async () => {
    const error = new QragError("MODEL_INVALID", "bad");
    const { err } = await qrag(["score", "--json", "q", "p"], failing(error));
    expect(JSON.parse(err)).toEqual({ error: { code: "MODEL_INVALID", message: "bad" } });
    const { err: plain } = await qrag(["score", "--", "q", "--json"], failing(error));
    expect(plain).toBe("qrag: bad\n");
  });

  it("let no control character through to the terminal", async () => {
    const error = new QragError("MODEL_INVALID", "a\u001b[2J\u009b1m\u202eb\nsecond line");
    const { err } = await qrag(["score", "q", "p"], failing(error));
    expect(err).toBe("qrag: a\\u{1b}[2J\\u{9b}1m\\u{202e}b\nsecond line\n");
    const { err: json } = await qrag(["score", "q", "p", "--json"], failing(error));
    expect(json).not.toMatch(/[\u007f-\u009f\u202e]/u);
    expect(JSON.parse(json).error.message).toBe(error.message);
  });

  it("that nobody foresaw are ours, with the stack", async () => {
    const { exitCode, err } = await qrag(["score", "q", "p"], failing(new TypeError("oops")));
    expect(exitCode).toBe(4);
    expect(err).toMatch(/please report it[\s\S]*TypeError: oops[\s\S]*run\.test\.ts/);
  });
});

describe("interrupts", () => {
  it.each([
    ["SIGINT", 130],
    ["a closed output", 0],
  ])("by %s end with %s, and say nothing", async (name, code) => {
    const signal = AbortSignal.abort(new Interrupt(name, code));
    const { exitCode, out, err } = await qrag(["rank", "-q", "q"], { signal });
    expect([exitCode, out, err]).toEqual([code, "", ""]);
  });
});

// qrag mine from end to end: a store on disk, questions that were logged, a file of triples.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { Interrupt } from "../../src/cli/run.ts";
import { Encoders } from "../encoders.ts";
import { FakeModel, fakeGate } from "../src/fakes.ts";
import { qrag, type Setting } from "./harness.ts";

const root = mkdtempSync(join(tmpdir(), "qrag-mine-cli-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });
const encoders = new Encoders();
afterAll(() => encoders.remove());
const store = join(root, "notes.qrag");
const questions = join(root, "log.jsonl");
let embedder: string;

const topics =
  "kettle grinder toaster oven mixer freezer lamp radio clock stove fan heater pump drill".split(
    " ",
  );

beforeAll(async () => {
  embedder = await encoders.path("mean");
  const notes = join(root, "notes");
  mkdirSync(notes);
  for (const [index, topic] of topics.entries()) {
    const more = topics
      .slice(0, index)
      .map((other) => `It stands beside the ${other}, as it should.`);
    writeFileSync(
      join(notes, `${topic}.md`),
      `# House\n\n## Care of the ${topic}\n\nThe ${topic} needs care once in a month of the year. ` +
        `Fill the ${topic} with vinegar and with water, and let all of it run. ${more.join(" ")}\n`,
    );
  }
  expect(await qrag(["index", notes, "--store", store, "--embedder", embedder])).toMatchObject({
    exitCode: 0,
  });
});

/** Relevant to a query with "kettle" is the passage about its care, and nothing else is. */
function judging(onScore: () => void = () => {}): NonNullable<Setting["loadGate"]> {
  return async () => {
    const model = new FakeModel((prompt) =>
      /kettle.*\|[^|]*Care of the kettle/s.test(prompt) ? 2 : -2,
    );
    model.onScore = onScore;
    return fakeGate({ model, contextLength: 4000 });
  };
}

const mine = (args: readonly string[], setting: Setting = {}) =>
  qrag(["mine", store, "--embedder", embedder, ...args], { loadGate: judging(), ...setting });

describe("qrag mine", () => {
  it("makes triples of the questions that a search was told to log", async () => {
    const asked = "kettle";
    await qrag(["search", asked, "--store", store, "--log", questions]);
    await qrag(["ask", asked, "--store", store, "--log", questions]);
    await qrag(["search", "not to be kept", "--store", store]);
    expect(readFileSync(questions, "utf8")).toBe(`{"q":"${asked}"}\n`.repeat(2));
    const output = join(root, "triples.jsonl");
    const { exitCode, out } = await mine(["--questions", questions, "-o", output, "--json"]);
    expect(exitCode).toBe(0);
    const summary = JSON.parse(out);
    expect(summary).toMatchObject({ output, questions: 1, withTriples: 1 });
    const triples = readFileSync(output, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(triples).toHaveLength(summary.triples);
    expect(triples.length).toBeGreaterThan(0);
    const stats = JSON.parse((await qrag(["store", "stats", "--store", store, "--json"])).out);
    for (const { query, positive, negative, audit } of triples) {
      expect(query).toBe(asked);
      expect(positive).toMatch(/^House > Care of the kettle\n/);
      expect(negative).not.toBe(positive);
      expect(audit.positive).toMatchObject({ judge: "gate", margin: 2, line: 5 });
      const { vectors, keywords } = audit.negative.ranks;
      expect([vectors, keywords].filter((rank) => rank === null)).toHaveLength(1);
      expect(audit.models.embedder).toBe(stats.model.sha256);
      expect(audit.models.gate).toMatch(/^[0-9a-f]{64}$/);
    }
  });

  it("makes its own questions, and writes to standard output", async () => {
    const args = ["--from-passages", "14", "--min-margin", "0.1", "-o", "-"];
    const { exitCode, out, err } = await mine(args);
    expect(exitCode).toBe(0);
    expect(err).toMatch(/^\d+ triples of \d+ questions, out of 14$/m);
    for (const line of out.split("\n").filter(Boolean)) {
      expect(JSON.parse(line).audit.question.from).toMatch(/^(heading|sentence)$/);
    }
  });

  it("leaves no file when it is stopped", async () => {
    const output = join(root, "stopped.jsonl");
    const stop = new AbortController();
    const loadGate = judging(() => stop.abort(new Interrupt("interrupted", 130)));
    const { exitCode } = await mine(["--from-passages", "5", "-o", output], {
      loadGate,
      signal: stop.signal,
    });
    expect(exitCode).toBe(130);
    expect(readdirSync(root).filter((name) => name.includes("stopped"))).toEqual([]);
  });

  it("says what is wrong, and leaves no file", async () => {
    const output = join(root, "bad.jsonl");
    const bad = join(root, "bad-questions.jsonl");
    writeFileSync(bad, '{"q": "kettle"}\n{"q": 7}\n');
    const refused = await mine(["--questions", bad, "-o", output]);
    expect(refused.exitCode).toBe(3);
    expect(refused.err).toMatch(/bad-questions\.jsonl: line 2 is not a question/);
    expect(await mine(["-o", output])).toMatchObject({ exitCode: 2 });
    expect(await mine(["--from-passages", "5"])).toMatchObject({ exitCode: 2 });
    expect(await mine(["--from-passages", "100001", "-o", output])).toMatchObject({ exitCode: 2 });
    expect(await mine(["--from-passages", "5", "-o", bad])).toMatchObject({ exitCode: 3 });
    const words = ["--embedder", "none"];
    const blind = await qrag(["mine", store, "--from-passages", "5", ...words, "-o", output]);
    expect(blind.exitCode).toBe(3);
    expect(blind.err).toMatch(/embedding model as --embedder/);
    const absent = await qrag([
      "mine",
      join(root, "none.qrag"),
      "--from-passages",
      "5",
      "-o",
      output,
    ]);
    expect(absent.exitCode).toBe(3);
    expect(existsSync(output)).toBe(false);
    const unwritable = ["search", "kettle", "--store", store, "--log", join(root, "none", "log")];
    expect(await qrag(unwritable)).toMatchObject({ exitCode: 3, out: "" });
  });
});

// The early exit of a loaded gate: whose margins are guessed, on both engines, and that the others stay as they are.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { EarlyExit } from "../../gguf/architecture.ts";
import { type LoadOptions, loadGate } from "../../src/index.ts";
import { modelDigest } from "../../src/model/files.ts";
import { Encoders } from "../encoders.ts";
import { encoderGolden } from "../fixtures.ts";

const encoders = new Encoders();
afterAll(() => encoders.remove());

type Name = "rank" | "labels";

async function margins(name: Name, earlyExit: EarlyExit, options: LoadOptions) {
  const path = await encoders.path(name, { earlyExit });
  await using gate = await loadGate(path, { threads: 2, ...options });
  const { cases } = encoderGolden(name);
  const verdicts = cases.map(({ first, second }) => gate.judge(first, second!));
  return {
    info: gate.info.earlyExit,
    margins: (await Promise.all(verdicts)).map(({ margin }) => margin),
  };
}

/** An exit that tells two cases apart, with `below` amid the widest gap of its guesses, which is 2 wide. */
async function someExit(name: Name, blocks: number) {
  const { model } = await encoders.open(name);
  const states: Float32Array[] = [];
  for (const { tokens, secondAt } of encoderGolden(name).cases) {
    const steps = await model.trace(Int32Array.from(tokens), secondAt);
    const all = steps[`blk.${blocks - 1}.layer_output_norm`]!;
    states.push(all.subarray(0, all.length / tokens.length));
  }
  model.dispose();
  const direction = states[11]!.map((value, at) => value - states[4]![at]!);
  const along = states.map((state) => direction.reduce((sum, d, at) => sum + d * state[at]!, 0));
  const middle = along.toSorted((a, b) => a - b).slice(2, 10);
  const gaps = middle.slice(1).map((value, at) => value - middle[at]!);
  const gap = Math.max(...gaps);
  const scale = 2 / gap;
  const bias = -1 - (middle[gaps.indexOf(gap)]! + gap / 2) * scale;
  const exit = { blocks, below: -1, weight: direction.map((d) => d * scale), bias };
  return { exit, guesses: along.map((value) => value * scale + bias) };
}

describe.each([
  ["rank", 1],
  ["labels", 1],
  ["labels", 2],
] as const)("an early exit of %s after %i blocks", (name, blocks) => {
  it.each([
    ["reference", 4],
    ["fast", 0],
  ] as const)("takes the low guesses of the engine %s, and no others", async (engine, digits) => {
    const { exit, guesses } = await someExit(name, blocks);
    const exiting = await margins(name, exit, { engine });
    const whole = await margins(name, exit, { engine, earlyExit: false });
    expect(exiting.info).toEqual({ blocks, below: -1 });
    expect(whole.info).toBeUndefined();
    for (const [at, guess] of guesses.entries()) {
      if (guess < -1) {
        expect(exiting.margins[at]).toBeCloseTo(guess, digits);
        expect(exiting.margins[at]).not.toBe(whole.margins[at]);
      } else expect(exiting.margins[at]).toBe(whole.margins[at]);
    }
  });
});

/** Every pair's guess is -5, and is taken. */
const always: EarlyExit = { blocks: 1, below: -4, weight: new Float32Array(32), bias: -5 };

it("nothing is guessed that a calibration would let pass", async () => {
  const path = await encoders.path("labels", { earlyExit: always });
  const calibration = join(await mkdtemp(join(tmpdir(), "qrag-exit-")), "c.json");
  const named = { format: "qrag-calibration", version: 1, sha256: await modelDigest(path) };
  await writeFile(calibration, JSON.stringify({ ...named, offset: -6 }));
  const exact = await margins("labels", always, { earlyExit: false });
  const calibrated = await margins("labels", always, { calibration });
  await rm(dirname(calibration), { recursive: true });
  expect(calibrated.info).toEqual({ blocks: 1, below: -6 });
  expect(calibrated.margins).toEqual(exact.margins);
});

it.each(["reference", "fast"] as const)(
  "the engine %s goes on when nothing is left behind the exit",
  async (engine) => {
    const { margins: found } = await margins("labels", always, { engine });
    expect(new Set(found)).toEqual(new Set([-5]));
  },
);

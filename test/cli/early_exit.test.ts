// qrag convert --early-exit: what a file of it may hold, which models take it, and that it stays.
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { describeModel } from "../../gguf/architecture.ts";
import { readGguf } from "../../gguf/read.ts";
import { bytesSource } from "../../gguf/source.ts";
import { checkpointPath, encoderPath, tokenizerPath } from "../fixtures.ts";
import { qrag } from "./harness.ts";

let folder: string;
const at = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "qrag-early-exit-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** Of the fixture "labels": three blocks, states of 32 numbers. */
const exit = {
  blocks: 2,
  below: -1.5,
  weight: Array.from({ length: 32 }, (_, index) => index / 8),
  bias: 0.25,
};

async function convert(checkpoint: string, content: string, ...more: string[]) {
  await writeFile(at("exit.json"), content);
  const args = ["convert", checkpoint, "-o", at("gate.gguf"), "--early-exit", at("exit.json")];
  return qrag([...args, ...more]);
}

describe("qrag convert --early-exit", () => {
  it("writes down where clear cases leave, which stays when the gate is quantized", async () => {
    const { exitCode } = await convert(encoderPath("labels"), JSON.stringify(exit), "-t", "f32");
    expect(exitCode).toBe(0);
    await qrag(["quantize", at("gate.gguf"), "-o", at("small.gguf"), "-t", "q8_0"]);
    for (const name of ["gate.gguf", "small.gguf"]) {
      const file = await readGguf(bytesSource(await readFile(at(name))));
      const weight = Float32Array.from(exit.weight);
      expect(describeModel(file).earlyExit).toEqual({ ...exit, weight });
      await rm(at(name));
    }
  });

  it.each<[string, unknown, RegExp]>([
    ["an array", [exit], /exit\.json is no JSON object of the numbers blocks, below and bias/],
    ["null", null, /is no JSON object/],
    ["no blocks", { ...exit, blocks: undefined }, /is no JSON object/],
    ["a bias in quotes", { ...exit, bias: "0" }, /is no JSON object/],
    ["one number as the weight", { ...exit, weight: 1 }, /is no JSON object/],
    ["a hole in the weight", { ...exit, weight: [...exit.weight, null] }, /is no JSON object/],
    ["a short weight", { ...exit, weight: [1, 2] }, /exit\.weight".* has 2 numbers, expected 32/],
    ["a block too many", { ...exit, blocks: 3 }, /exit\.blocks".* above 0 and below 3/],
    [
      "a line that is none",
      { ...exit, below: 0.5 },
      /exit\.below".* expected a finite number below 0/,
    ],
  ])("refuses %s", async (_name, given, message) => {
    const { exitCode, err } = await convert(encoderPath("labels"), JSON.stringify(given));
    expect([exitCode, err]).toEqual([3, expect.stringMatching(message)]);
    expect(await readdir(folder)).not.toContain("gate.gguf");
  });

  it("refuses what is no JSON", async () => {
    const { exitCode, err } = await convert(encoderPath("labels"), "{");
    expect([exitCode, err]).toEqual([3, expect.stringMatching(/exit\.json is not JSON/)]);
  });

  it("is for classifiers alone", async () => {
    const given = JSON.stringify(exit);
    const vectors = await convert(encoderPath("cls"), given);
    expect(vectors.err).toMatch(
      /--early-exit is for models that judge, and this one gives vectors/,
    );
    const decoder = await convert(
      checkpointPath("meta"),
      given,
      "--tokenizer",
      tokenizerPath("bytelevel"),
    );
    expect(decoder.err).toMatch(/--early-exit is for a BERT, and the checkpoint is/);
    expect([vectors.exitCode, decoder.exitCode]).toEqual([3, 3]);
  });
});

// The keys of an early exit: they come back as they were given, all or none, and no wrong value passes.
import { describe, expect, it } from "vitest";
import { type EarlyExit, modelMetadata } from "../../gguf/architecture.ts";
import { exitEntries } from "../../gguf/early_exit.ts";
import { GgufError } from "../../gguf/format.ts";
import { type Change, classifier, described, embedder } from "./tiny_bert.ts";
import { model as decoder } from "./tiny_model.ts";

const earlyExit: EarlyExit = {
  blocks: 1,
  below: -2.5,
  weight: Float32Array.from({ length: 64 }, (_, at) => Math.sin(at)),
  bias: 0.25,
};
const gate = classifier("no", "yes");

/** The weight with another number at its end. */
const ending = (value: number) => Float32Array.of(...earlyExit.weight.subarray(1), value);

describe("an early exit", () => {
  it.each([
    ["one label", classifier("x")],
    ["two labels", gate],
  ])("of a gate with %s is read as it was written", (_name, model) => {
    expect(described({ ...model, earlyExit }).earlyExit).toEqual(earlyExit);
    expect(described(model).earlyExit).toBeUndefined();
  });

  it.each(exitEntries(earlyExit).map(([key]) => key))("is not read without %s", (key) => {
    const without: Change = (metadata) => metadata.delete(key);
    expect(() => described({ ...gate, earlyExit }, without)).toThrow(
      `"${key}": this key is missing beside qrag.exit.`,
    );
  });

  it.each<[keyof EarlyExit, EarlyExit[keyof EarlyExit], string]>([
    ["blocks", 0, "is 0, expected a whole number above 0 and below 2"],
    ["blocks", 2, "is 2, expected a whole number above 0 and below 2"],
    ["weight", new Float32Array(63), "has 63 numbers, expected 64"],
    ["weight", ending(Number.NaN), "holds a number that is not finite"],
    ["weight", ending(-Infinity), "holds a number that is not finite"],
    ["bias", Number.NaN, "is NaN, expected a finite number"],
    ["bias", Infinity, "is Infinity, expected a finite number"],
    ["below", 0, "is 0, expected a finite number below 0"],
    ["below", 1, "is 1, expected a finite number below 0"],
    ["below", Number.NaN, "is NaN, expected a finite number below 0"],
    ["below", -Infinity, "is -Infinity, expected a finite number below 0"],
  ])("is refused whose %s is %s", (name, value, message) => {
    const wrong = { ...earlyExit, [name]: value };
    const set: Change = (metadata) => {
      for (const [key, entry] of exitEntries(wrong)) metadata.set(key, entry);
    };
    const describe = () => described(gate, set);
    expect(describe).toThrow(GgufError);
    expect(describe).toThrow(`"qrag.exit.${name}": ${message}`);
  });

  it("does not guess margins that a second opinion would move", () => {
    const secondOpinion = { embedder: "0f".repeat(32), weight: 4, centre: 0.5, within: 2 };
    const asking = { ...gate, secondOpinion };
    const near = { ...earlyExit, below: -1.5 };
    expect(() => described({ ...asking, earlyExit: near })).toThrow('"qrag.exit.below": is -1.5');
    expect(described({ ...asking, earlyExit: { ...near, below: -2 } })).toMatchObject({
      secondOpinion,
      earlyExit: { below: -2 },
    });
  });

  it.each([
    ["an embedder", embedder],
    ["a decoder", decoder],
  ])("is not one of %s", (_name, model) => {
    expect(() => modelMetadata({ ...model, earlyExit })).toThrow(
      '"qrag.exit.blocks": belongs to a classifier',
    );
  });
});

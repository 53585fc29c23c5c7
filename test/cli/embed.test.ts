// qrag embed, on a small encoder: what it prints is what the library gives.
import { afterAll, describe, expect, it } from "vitest";
import { loadEmbedder, loadGate } from "../../src/index.ts";
import { Encoders } from "../encoders.ts";
import { qrag } from "./harness.ts";

const encoders = new Encoders();
afterAll(() => encoders.remove());
const model = await encoders.path("mean");
const embedder = await loadEmbedder(model);
afterAll(() => embedder.dispose());
const texts = ["the capital of Germany", "", "a river 🌊"];
const stdin = `${texts.map((text) => JSON.stringify({ text })).join("\n")}\n`;

async function vectorsOf(options?: Parameters<typeof embedder.embed>[1]): Promise<number[][]> {
  return (await embedder.embed(texts, options)).map((vector) => Array.from(vector));
}

/** Every float comes back as it was. */
const printed = (out: string) =>
  out
    .trimEnd()
    .split("\n")
    .map((line) => Array.from(Float32Array.from(JSON.parse(line))));

describe("qrag embed", () => {
  it("prints one vector a line, in order, each float in full", async () => {
    const { exitCode, out, err } = await qrag(["embed", "--model", model], { stdin });
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: "" });
    expect(printed(out)).toEqual(await vectorsOf());
  });

  it("prints more lines than one call takes, with their numbers", async () => {
    const many = Array.from({ length: 150 }, (_, index) => `text ${index}\n`).join("");
    const { out } = await qrag(["embed", "--json"], { stdin: many, env: { QRAG_EMBEDDER: model } });
    const lines = out.trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line).line)).toEqual(
      Array.from({ length: 150 }, (_, index) => index + 1),
    );
  });

  it("skips blank lines, as its help says, and counts them", async () => {
    const blank = '"the capital"\n\n \t\n"a river"\n\n"the sea"\n';
    const { out } = await qrag(["embed", "-m", model, "--json"], { stdin: blank });
    const lines = out.trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line).line)).toEqual([1, 4, 6]);
    const { out: help } = await qrag(["embed", "--help"]);
    expect(help).toMatch(/Blank lines are skipped/);
    expect(help).toMatch(/--json .*lines are numbered from 1, blank ones included/);
  });

  it("reads an array, and counts its elements", async () => {
    const array = JSON.stringify(texts.map((passage) => ({ passage })));
    const { out } = await qrag(["embed", "-m", model], { stdin: array });
    expect(printed(out)).toEqual(await vectorsOf());
    const { out: numbered } = await qrag(["embed", "-m", model, "--json"], { stdin: array });
    const lines = numbered.trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line).line)).toEqual([1, 2, 3]);
  });

  it("embeds as queries, and averages long texts, when told to", async () => {
    const args = ["embed", "-m", model, "--as", "query", "--long", "average"];
    const { out } = await qrag(args, { stdin });
    expect(printed(out)).toEqual(await vectorsOf({ as: "query", long: "average" }));
  });

  it("refuses what the model cannot do, and other words", async () => {
    expect((await qrag(["embed", "-m", model, "--dimensions", "9999"], { stdin })).exitCode).toBe(
      3,
    );
    const misspelt = await qrag(["embed", "-m", model, "--as", "document"], { stdin });
    expect(misspelt).toMatchObject({ exitCode: 2, out: "" });
    expect(misspelt.err).toMatch(/--as/);
  });

  it("has a model of its own, and asks for one that gives vectors", async () => {
    const { out } = await qrag(["embed"], { stdin });
    expect(printed(out).map(({ length }) => length)).toEqual(texts.map(() => 384));
    const gate = await qrag(["embed", "-m", await encoders.path("labels")], { stdin });
    expect(gate).toMatchObject({ exitCode: 3, out: "" });
    expect(gate.err).toMatch(/gives verdicts, not vectors/);
    await expect(loadGate(model)).rejects.toMatchObject({
      code: "MODEL_UNSUPPORTED",
      message: expect.stringContaining("gives vectors, not verdicts. Use loadEmbedder"),
    });
  });
});

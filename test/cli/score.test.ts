import { describe, expect, it } from "vitest";
import { qrag } from "./harness.ts";

const relevant = ["score", "capital", "the capital of Germany"];
const irrelevant = ["score", "capital", "a river"];

describe("qrag score", () => {
  it("prints 1 or 0 and ends well either way", async () => {
    expect(await qrag(relevant)).toMatchObject({ exitCode: 0, out: "1\n", err: "" });
    expect(await qrag(irrelevant)).toMatchObject({ exitCode: 0, out: "0\n", err: "" });
  });

  it("tells by its exit code when asked to", async () => {
    expect(await qrag([...relevant, "--exit-code"])).toMatchObject({ exitCode: 0, out: "1\n" });
    expect(await qrag([...irrelevant, "--exit-code"])).toMatchObject({ exitCode: 1, out: "0\n" });
  });

  it("prints the whole verdict as JSON", async () => {
    const { out } = await qrag([...relevant, "--json"]);
    expect(JSON.parse(out)).toEqual({
      score: 1,
      relevant: true,
      margin: expect.closeTo(0.97, 5),
      probability: expect.closeTo(0.7251, 4),
      tokens: 30,
      windows: 1,
    });
  });

  it("takes the model from --model, else from QRAG_MODEL, else none", async () => {
    const env = { QRAG_MODEL: "from-env.gguf" };
    const pathOf = async (args: string[], variables: Record<string, string>) =>
      (await qrag(args, { env: variables })).loads[0]?.[0];
    expect(await pathOf([...relevant, "--model", "given.gguf"], env)).toBe("given.gguf");
    expect(await pathOf(relevant, env)).toBe("from-env.gguf");
    expect(await pathOf(relevant, { QRAG_MODEL: "" })).toBeUndefined();
  });

  it("hands --threads on", async () => {
    const { loads } = await qrag([...relevant, "--threads", "3"]);
    expect(loads[0]?.[1]).toMatchObject({ threads: 3 });
  });

  it("takes texts that look like options after --", async () => {
    expect(await qrag(["score", "--", "-5", "--help -5 degrees"])).toMatchObject({ out: "1\n" });
  });

  it("refuses an empty query as bad input, and frees the model", async () => {
    const { exitCode, err, model } = await qrag(["score", " ", "p"]);
    expect(exitCode).toBe(3);
    expect(err).toMatch(/^qrag: Expected some text for query/);
    expect(model.disposals).toBe(1);
  });

  it("shows progress on a terminal only", async () => {
    const loading = async (terminal: boolean) => {
      const { fakeGate } = await import("../src/fakes.ts");
      const { err } = await qrag(relevant, {
        terminal,
        loadGate: async (_path, options) => {
          options?.onProgress?.({ done: 1, total: 2 });
          return fakeGate();
        },
      });
      return err;
    };
    expect(await loading(true)).toContain("50 %");
    expect(await loading(false)).toBe("");
  });
});

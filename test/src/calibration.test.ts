import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadGate } from "../../src/load.ts";
import { modelDigest } from "../../src/model/files.ts";
import { codeOf, FakeModel, fakeGate } from "./fakes.ts";
import { modelFile } from "./model_file.ts";

let folder: string;
let sha256: string;
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "qrag-calibration-"));
  const bytes = await modelFile();
  await writeFile(at("model.gguf"), bytes);
  sha256 = createHash("sha256").update(bytes).digest("hex");
});
afterAll(() => rm(folder, { recursive: true }));

const whole = () => ({ format: "qrag-calibration", version: 1, sha256, offset: 0 });
async function load(content: object | string, engine: "fast" | "reference" = "fast") {
  const text = typeof content === "string" ? content : JSON.stringify(content);
  await writeFile(at("c.json"), text);
  return loadGate(at("model.gguf"), { calibration: at("c.json"), threads: 1, engine });
}

describe("a calibration", () => {
  it("names the model by the digest of its file", async () => {
    expect(await modelDigest(at("model.gguf"))).toBe(sha256);
    expect(await codeOf(modelDigest(at("none.gguf")))).toBe("MODEL_NOT_FOUND");
  });

  it("moves the line between the margins, and leaves the margins alone", async () => {
    await using plain = await loadGate(at("model.gguf"), { threads: 1 });
    expect(plain.info).toMatchObject({ offset: 0, calibrated: false });
    const verdict = await plain.judge("capital", "Berlin");
    for (const distance of [-0.001, 0.001]) {
      await using gate = await load({ ...whole(), offset: verdict.margin + distance });
      expect(gate.info).toMatchObject({ offset: verdict.margin + distance, calibrated: true });
      expect(await gate.judge("capital", "Berlin")).toEqual({ ...verdict, relevant: distance < 0 });
    }
  });

  it("counts for all calls, and a margin at the offset is not above it", async () => {
    const gate = fakeGate({ model: new FakeModel((text) => text.length), offset: 4 });
    expect(await gate.score("q", "12")).toBe(0);
    expect(await gate.filter("q", ["12", "123", "1"])).toEqual(["123"]);
  });

  it("does not go with the whole vocabulary, which knows no offset", async () => {
    await using gate = await load({ ...whole(), offset: 1 }, "reference");
    expect(gate.info.fullVocabulary).toBe(false);
    await expect(gate.judge("q", "p", { fullVocabulary: true })).rejects.toMatchObject({
      code: "INPUT_INVALID",
      message: expect.stringMatching(/without its calibration/),
    });
  });

  it.each([
    [
      "another model's",
      () => ({ ...whole(), sha256: "0".repeat(64) }),
      /another model .*qrag calibrate/,
    ],
    ["no JSON", () => "{", /is not JSON/],
    ["null", () => "null", /"format"/],
    ["another kind of file", () => ({ ...whole(), format: "x" }), /"format": "qrag-calibration"/],
    ["a later version", () => ({ ...whole(), version: 2 }), /not of version 1/],
    ["one without a model", () => ({ ...whole(), sha256: undefined }), /names no model/],
    ["one without an offset", () => ({ ...whole(), offset: null }), /holds no offset/],
    ["an offset that is a text", () => ({ ...whole(), offset: "1" }), /holds no offset/],
    ["a huge file", () => " ".repeat(1024 * 1024 + 1), /longer than/],
  ])("is refused when it is %s", async (_name, content, message) => {
    const refused = { code: "INPUT_INVALID", message: expect.stringMatching(message) };
    await expect(load(content())).rejects.toMatchObject(refused);
  });

  it("is refused when it is missing, or no path", async () => {
    const loading = (calibration: string) => loadGate(at("model.gguf"), { calibration });
    await expect(loading(at("none.json"))).rejects.toMatchObject({ code: "INPUT_INVALID" });
    await expect(loading("")).rejects.toThrow(/Expected a path for calibration/);
  });
});

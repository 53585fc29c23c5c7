import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { MetadataValue } from "../../gguf/format.ts";
import { GgufWriter, planGguf } from "../../gguf/write.ts";
import { buildSafetensors } from "../convert/safetensors_builder.ts";
import { tensorCode, torchFile } from "../convert/torch_builder.ts";
import { Encoders } from "../encoders.ts";
import { encoderPath } from "../fixtures.ts";
import { qrag } from "./harness.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "qrag-inspect-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function stored(name: string, bytes: Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, bytes);
  return path;
}

const hostile = "\u001b]0;owned\u0007\u009b2J\u202e";
/** What a terminal acts on; line feeds are the tables' own. */
const dangerous = /(?!\n)\p{C}/u;

const entries: [string, MetadataValue][] = [
  ["general.name", { type: "string", value: `evil ${hostile}` }],
  [`key${hostile}`, { type: "u64", value: 2n ** 63n }],
  ["__proto__", { type: "f32", value: Number.NaN }],
  ["long.text", { type: "string", value: "x".repeat(10_000) }],
  ["long.array", { type: "array", of: "string", value: Array(5000).fill(`t${hostile}`) }],
  ["switch", { type: "bool", value: true }],
];

async function hostileGguf(): Promise<string> {
  const plan = planGguf(new Map(entries), [{ name: `w${hostile}`, type: "F32", shape: [4, 2] }]);
  const pieces: Uint8Array[] = [];
  const writer = new GgufWriter(plan, { write: async (bytes) => void pieces.push(bytes) });
  await writer.writeTensor(`w${hostile}`, [new Uint8Array(32)]);
  await writer.finish();
  return stored("model.bin", Buffer.concat(pieces));
}

describe("qrag inspect", () => {
  it("prints a GGUF file as tables, whatever its name, and lets nothing through to the terminal", async () => {
    const { exitCode, out, err } = await qrag(["inspect", await hostileGguf()]);
    expect([exitCode, err]).toEqual([0, ""]);
    expect(out).not.toMatch(dangerous);
    expect(out).toMatch(
      /model\.bin: GGUF version 3, \d+ bytes, 6 entries, 1 tensors\n\nKEY +TYPE +VALUE\n/,
    );
    expect(out).toMatch(/^general\.name +string +"evil \\u\{1b\}\]0;owned/m);
    expect(out).toMatch(/^long\.text +string +"x{120}… \(10000 characters\)"$/m);
    expect(out).toMatch(/^long\.array +string\[5000\] +("t\S+ ){7}"t\S+ …$/m);
    expect(out).toMatch(/^w\\u\{1b\}\S+ +F32 +4 x 2 +32$/m);
  });

  it("prints it as JSON, cut where it is long", async () => {
    const { out } = await qrag(["inspect", "--json", await hostileGguf()]);
    expect(out).not.toMatch(dangerous);
    const found = JSON.parse(out);
    expect(found).toMatchObject({ format: "gguf", version: 3, alignment: 32 });
    expect(found.tensors[0]).toMatchObject({ name: `w${hostile}`, shape: [4, 2], byteLength: 32 });
    const metadata = new Map(Object.entries<Record<string, unknown>>(found.metadata));
    expect([...metadata.keys()]).toEqual(entries.map(([key]) => key));
    expect(metadata.get(`key${hostile}`)).toEqual({ type: "u64", value: "9223372036854775808" });
    expect(metadata.get("__proto__")).toEqual({ type: "f32", value: "NaN" });
    expect(metadata.get("switch")).toEqual({ type: "bool", value: true });
    expect(metadata.get("long.text")).toMatchObject({ length: 10_000 });
    expect(metadata.get("long.array")).toMatchObject({ of: "string", length: 5000 });
  });

  it("prints a safetensors checkpoint with the configuration beside it", async () => {
    await writeFile(join(folder, "config.json"), '{"hidden_size": 3, "rope": {"base": 1e4}}');
    const data = new Uint8Array(24);
    const tensor = { dtype: "F32", shape: [2, 3], data };
    const path = await stored(
      "x.gguf",
      buildSafetensors({ [`a${hostile}`]: tensor }, { made: hostile }),
    );
    const { exitCode, out } = await qrag(["inspect", path]);
    expect(exitCode).toBe(0);
    expect(out).not.toMatch(dangerous);
    expect(out).toMatch(
      /: safetensors checkpoint, 1 tensors\n\nCONFIGURATION \(config\.json\) +VALUE\nhidden_size +3\n/,
    );
    expect(out).toMatch(/^rope +\{"base":10000\}$/m);
    expect(out).toMatch(/^a\\u\{1b\}\S+ +F32 +2 x 3 +24$/m);
    expect(out).toMatch(/^note: .*made/m);
    const { out: json } = await qrag(["inspect", path, "--json"]);
    expect(JSON.parse(json)).toMatchObject({
      format: "safetensors",
      config: { hidden_size: 3, rope: { base: 10_000 } },
      tensors: [{ name: `a${hostile}`, dtype: "F32", shape: [2, 3], byteLength: 24 }],
    });
    await rm(join(folder, "config.json"));
  });

  it("prints a PyTorch checkpoint", async () => {
    const state = { model_cfg: { n_layer: 2 }, model_state: { "a.weight": tensorCode() } };
    const path = await stored("model.pt", torchFile(state));
    const { exitCode, out } = await qrag(["inspect", path]);
    expect(exitCode).toBe(0);
    expect(out).toMatch(
      /: torch checkpoint, 1 tensors\n\nCONFIGURATION \(model_cfg\) +VALUE\nn_layer +2\n/,
    );
    expect(out).toMatch(/^a\.weight +F32 +2 x 3 +24$/m);
  });

  it("prints a folder, and a BERT's GGUF file", async () => {
    const { exitCode, out } = await qrag(["inspect", encoderPath("labels")]);
    expect(exitCode).toBe(0);
    expect(out).toMatch(
      /: safetensors checkpoint, 57 tensors\n\nCONFIGURATION \(config\.json\) +VALUE\n/,
    );
    expect(out).toMatch(/^note: 2 files of weights$/m);
    const encoders = new Encoders();
    const file = await qrag(["inspect", await encoders.path("labels")]);
    await encoders.remove();
    expect(file.out).toMatch(/^bert\.pooling_type +u32 +4$/m);
    expect(file.out).toMatch(
      /^bert\.classifier\.output_labels +string\[2\] +"irrelevant", "relevant"$/m,
    );
  });

  it.each([
    ["a text", "CHECKPOINT_INVALID", Buffer.from("just some text, no model at all")],
    ["nothing", "CHECKPOINT_INVALID", Buffer.alloc(0)],
    ["a GGUF file that ends early", "MODEL_INVALID", Buffer.from("GGUF\x03\0\0\0")],
  ])("refuses %s", async (_name, code, bytes) => {
    const path = await stored("bad.pt", bytes);
    const { exitCode, out, err } = await qrag(["inspect", "--json", path]);
    expect([exitCode, out]).toEqual([3, ""]);
    expect(JSON.parse(err).error).toMatchObject({ code, message: expect.stringContaining(path) });
  });

  it("refuses a file that is not there", async () => {
    const { exitCode, err } = await qrag(["inspect", join(folder, "missing.pt")]);
    expect([exitCode, err]).toEqual([3, expect.stringMatching(/missing\.pt.*no such file/)]);
  });
});

// Real encoders against sentence-transformers, on real texts: from the folder as published, through our converter and both engines.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { convertCheckpoint } from "../convert/convert.ts";
import type { TensorTypeName } from "../gguf/format.ts";
import { loadEmbedder, similarity } from "../src/index.ts";

/** A folder that scripts/real_models.py has filled. */
const real = process.env.QRAG_REAL_MODELS;
const names = real
  ? readdirSync(real).filter((name) => existsSync(join(real, `${name}.json`)))
  : ["(skipped: fill a folder with scripts/real_models.py and name it in QRAG_REAL_MODELS)"];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "qrag-real-"));
});
afterAll(() => rm(folder, { recursive: true }));

interface Expected {
  readonly texts: readonly string[];
  readonly vectors: readonly number[][];
}

async function cosines(
  name: string,
  type: TensorTypeName,
  engine: "reference" | "fast",
): Promise<number[]> {
  const expected = JSON.parse(readFileSync(join(real!, `${name}.json`), "utf8")) as Expected;
  const output = join(folder, `${name}-${type}.gguf`);
  await convertCheckpoint({ checkpoint: join(real!, name), output, type, force: true });
  await using embedder = await loadEmbedder(output, { engine });
  const vectors = await embedder.embed(expected.texts);
  return vectors.map((vector, index) =>
    similarity(vector, Float32Array.from(expected.vectors[index]!)),
  );
}

const mean = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

describe.skipIf(!real).each(names)("%s", (name) => {
  it("is the same model in F32", { timeout: 3_600_000 }, async () => {
    const found = await cosines(name, "F32", "reference");
    expect(Math.min(...found)).toBeGreaterThan(0.99999);
  });

  it("is near in int8, by the fast engine", { timeout: 3_600_000 }, async () => {
    const found = await cosines(name, "Q8_0", "fast");
    expect(mean(found)).toBeGreaterThan(0.995);
    expect(Math.min(...found)).toBeGreaterThan(0.98);
  });
});

// The embedding model that the package comes with: the vectors that PyTorch gives for the model it was made from.
import { statSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { packageRoot } from "../base/package_root.ts";
import { loadEmbedder, similarity } from "../src/index.ts";
import { modelDigest, modelPath, shippedEmbedder } from "../src/model/files.ts";
import { openStore } from "../src/store/index.ts";
import { codeOf, collect } from "./src/fakes.ts";

const texts = [
  "How do plants make sugar?",
  "Plants make sugar from light, water and air.",
  "The café on Elm Street opens at eight.",
  "Wann öffnet das Café?",
  "def area(r): return 3.14159 * r ** 2",
  "what is the area of a circle",
];
/** Of all-MiniLM-L6-v2 in 32-bit floats, computed with transformers. */
const cosines = [
  [1, 0.8742, 0.0753, 0.0494, -0.0117, 0.0682],
  [0.8742, 1, 0.0759, 0.0164, -0.0211, 0.0489],
  [0.0753, 0.0759, 1, 0.3091, -0.0003, 0.0138],
  [0.0494, 0.0164, 0.3091, 1, 0.0496, 0.0776],
  [-0.0117, -0.0211, -0.0003, 0.0496, 1, 0.6397],
  [0.0682, 0.0489, 0.0138, 0.0776, 0.6397, 1],
];

const folder = await mkdtemp(join(tmpdir(), "qrag-shipped-embedder-"));
afterAll(() => rm(folder, { recursive: true }));

describe("the package's own embedder", () => {
  it("is small enough to come along, and the one whose digest stands in the code", async () => {
    expect(statSync(join(packageRoot(), shippedEmbedder.path)).size).toBeLessThan(25e6);
    const digest = await modelDigest(modelPath(undefined, shippedEmbedder));
    expect(digest).toBe(shippedEmbedder.sha256);
  });

  it("gives the cosines that its start gives", async () => {
    await using embedder = await loadEmbedder();
    expect(embedder.info).toMatchObject({
      name: shippedEmbedder.name,
      dimensions: shippedEmbedder.dimensions,
      pooling: "mean",
      normalized: true,
    });
    const vectors = await embedder.embed(texts);
    for (const [i, row] of cosines.entries()) {
      for (const [j, cosine] of row.entries()) {
        // The token table has four bits, and the arithmetic eight.
        expect(Math.abs(similarity(vectors[i]!, vectors[j]!) - cosine)).toBeLessThan(0.03);
      }
    }
  });

  it("is what a store has by default, until it is disposed", async () => {
    const path = join(folder, "notes.qrag");
    const store = await openStore(path);
    await store.add(texts.map((text, index) => ({ id: `${index}`, text })));
    const [best] = await collect(store.search("surface of a disk", { mode: "vector", topK: 1 }));
    expect(best).toMatchObject({ id: "5" });
    expect(await store.stats()).toMatchObject({
      dimensions: 384,
      model: { sha256: shippedEmbedder.sha256 },
    });
    await store.dispose();
    expect(await codeOf(collect(store.search("sugar")))).toBe("DISPOSED");
    await expect(
      openStore(path, { embedder: false }).then((words) => words.dispose()),
    ).resolves.toBe(undefined);
  });
});

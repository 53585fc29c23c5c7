// Whose vectors a store holds, and who may write: other embedders, keyword-only stores, a second writer.
import { describe, expect, it } from "vitest";
import { Connection } from "../../src/store/connection.ts";
import { openStore } from "../../src/store/index.ts";
import { codeOf, collect } from "../src/fakes.ts";
import { folder } from "./bag_of_words.ts";
import { openHere } from "./open_here.ts";

const { path, embedder } = folder();
/** A number as a word: the made-up embedder reads letters only. */
const name = (i: number) => [...`${i}`].map((digit) => "abcdefghij"[Number(digit)]).join("");
const documents = Array.from({ length: 300 }, (_, i) => ({
  id: `${i}`,
  text: `number ${name(i)} is ${i % 7 === 0 ? "lucky" : "plain"}`,
}));

describe("a store's embedding model", () => {
  it("is the one it was filled with; another is refused with the remedy", async () => {
    const file = path();
    await (await openHere(file, { embedder: embedder("first") })).dispose();
    // Nothing in it: any model may come.
    await using store = await openHere(file, { embedder: embedder("second") });
    await store.add(documents);
    await expect(openHere(file, { embedder: embedder("first") })).rejects.toThrow(/reembed/);
    expect(await codeOf(openHere(file, { embedder: embedder("first") }))).toBe("STORE_INVALID");
    // Without an embedder it can be searched by keywords, and not be added to.
    await using plain = await openHere(file);
    expect(await collect(plain.search("lucky", { topK: 3 }))).toHaveLength(3);
    expect(await codeOf(plain.add([{ id: "x", text: "y" }]))).toBe("STORE_INVALID");
    expect(await plain.remove(["0"])).toBe(1);
    expect(await store.verify()).toEqual({ ok: true, problems: [] });
  });

  it("can be another after reembed, and in a store that had none", async () => {
    const file = path();
    await using store = await openHere(file);
    await store.add(documents);
    expect(await store.stats()).toMatchObject({ model: undefined, dimensions: undefined });
    expect(await codeOf(openHere(file, { embedder: embedder("first") }))).toBe("STORE_INVALID");
    const seen: unknown[] = [];
    const first = embedder("first");
    await store.reembed(first, { onProgress: (progress) => seen.push(progress) });
    expect(seen.at(-1)).toEqual({ done: 300, total: 300 });
    expect(await store.verify()).toEqual({ ok: true, problems: [] });
    expect(
      await collect(store.search(`number ${name(7)} is lucky`, { mode: "vector", topK: 1 })),
    ).toMatchObject([{ id: "7" }]);
    await store.remove(["7"]);
    await using other = await openHere(file, { embedder: first });
    const second = embedder("second");
    await store.reembed(second);
    expect(await store.stats()).toMatchObject({
      passages: 299,
      deletedVectors: 0,
      model: { name: "bag" },
    });
    // The other one was opened with the first model.
    expect(await codeOf(collect(other.search("lucky")))).toBe("STORE_INVALID");
    expect(await codeOf(other.add([{ id: "x", text: "y" }]))).toBe("STORE_INVALID");
  });

  it("is asked again where a search finds all vectors made anew", async () => {
    const [first, second] = [embedder("first"), embedder("second")];
    await using store = await openHere(path(), { embedder: first });
    await store.add(documents);
    first.onEmbed = async () => {
      first.onEmbed = () => {};
      await store.reembed(second);
    };
    const hits = await collect(store.search("lucky number", { vectors: true, mode: "vector" }));
    expect(second.asked).toContain("lucky number");
    expect(hits).toEqual(
      await collect(store.search("lucky number", { vectors: true, mode: "vector" })),
    );
    // The first is gone before its vector is there.
    second.onEmbed = async () => {
      second.onEmbed = () => {};
      await store.reembed(first);
      throw new Error("disposed");
    };
    expect((await collect(store.search("lucky number"))).length).toBeGreaterThan(0);
    second.onEmbed = () => {};
    first.onEmbed = () => {
      throw new Error("out of order");
    };
    await expect(collect(store.search("lucky number"))).rejects.toThrow("out of order");
  });

  it("stays where making the new vectors is broken off", async () => {
    const file = path();
    const first = embedder("first");
    await using store = await openHere(file, { embedder: first });
    await store.add(documents);
    const second = embedder("second");
    const reason = new Error("enough");
    second.onEmbed = () => {
      if (second.asked.length > 0) throw reason;
    };
    await expect(store.reembed(second)).rejects.toBe(reason);
    expect(await store.verify()).toEqual({ ok: true, problems: [] });
    expect(
      await collect(store.search(`number ${name(14)} is lucky`, { mode: "vector", topK: 1 })),
    ).toMatchObject([{ id: "14" }]);
    await store.compact();
    expect(await store.stats()).toMatchObject({ passages: 300, deletedVectors: 0 });
  });

  it("has new vectors for what another process adds and removes meanwhile", async () => {
    const file = path();
    const first = embedder("first");
    await using store = await openHere(file, { embedder: first });
    await store.add(documents);
    await using other = await openHere(file, { embedder: first });
    const second = embedder("second");
    let changed = false;
    second.onEmbed = async () => {
      if (changed || second.asked.length === 0) return;
      changed = true;
      await other.remove(["1", "2"]);
      await other.add([{ id: "late", text: "the latest of all" }]);
    };
    await store.reembed(second);
    expect(await store.verify()).toEqual({ ok: true, problems: [] });
    expect(await store.stats()).toMatchObject({ passages: 299, deletedVectors: 2 });
    const hits = await collect(store.search("the latest of all", { mode: "vector", topK: 1 }));
    expect(hits).toMatchObject([{ id: "late" }]);
  });
});

describe("a second writer", () => {
  it("is told so when it has waited long enough; readers do not wait", async () => {
    const file = path();
    await using store = await openHere(file, { waitForWriter: 20 });
    await store.add(documents.slice(0, 3));
    const writer = new Connection(file, { readOnly: false, waitForWriter: 20 });
    writer.exec("BEGIN IMMEDIATE");
    writer.run("UPDATE documents SET path = 'changed'");
    expect(await codeOf(store.add(documents))).toBe("STORE_BUSY");
    expect(await codeOf(store.remove(["1"]))).toBe("STORE_BUSY");
    expect(await collect(store.search("number"))).toHaveLength(3);
    await using reader = await openHere(file, { readOnly: true });
    expect(await reader.stats()).toMatchObject({ documents: 3 });
    writer.exec("ROLLBACK");
    writer.close();
    expect(await store.add(documents)).toMatchObject({ added: 297, unchanged: 3 });
    expect(await reader.stats()).toMatchObject({ documents: 300 });
    expect(await collect(reader.search("lucky", { topK: 2 }))).toHaveLength(2);
    expect(await codeOf(reader.add([{ id: "x", text: "y" }]))).toBe("OUTPUT_FAILED");
    expect(await reader.verify()).toEqual({ ok: true, problems: [] });
  });

  it("waits for its turn on a thread of its own", async () => {
    const file = path();
    const [one, two] = await Promise.all([
      openStore(file, { embedder: false }),
      openStore(file, { embedder: false }),
    ]);
    const done = await Promise.all([
      one.add(documents.slice(0, 200)),
      two.add(documents.slice(100)),
    ]);
    expect(done[0].added + done[1].added).toBe(300);
    expect(await two.verify()).toEqual({ ok: true, problems: [] });
    await Promise.all([one.dispose(), two.dispose()]);
  });
});

// An embedder that is loaded when it is asked: once for all, again after a failure, and given up by one caller alone.
import { describe, expect, it } from "vitest";
import type { Embedder } from "../../src/index.ts";
import { LazyEmbedder } from "../../src/lazy_embedder.ts";
import { codeOf } from "./fakes.ts";

function loading() {
  let finish!: (failure?: Error) => void;
  const state = { loads: 0, disposals: 0, finish: (failure?: Error) => finish(failure) };
  const embedder = {
    embed: async (texts: Iterable<string>) => [...texts].map(() => new Float32Array(1)),
    dispose: async () => void state.disposals++,
  } as unknown as Embedder;
  const lazy = new LazyEmbedder(() => {
    state.loads++;
    return new Promise((resolve, reject) => {
      finish = (failure) => (failure ? reject(failure) : resolve(embedder));
    });
  });
  return { lazy, state };
}

describe("a lazy embedder", () => {
  it("is loaded once for all who ask", async () => {
    const { lazy, state } = loading();
    const asked = [lazy.embed(["a"]), lazy.embed(["b", "c"])];
    expect(state.loads).toBe(1);
    state.finish();
    expect((await Promise.all(asked)).map(({ length }) => length)).toEqual([1, 2]);
    await lazy.dispose();
    expect(await codeOf(lazy.embed(["d"]))).toBe("DISPOSED");
    expect(state).toMatchObject({ loads: 1, disposals: 1 });
  });

  it("lets one caller go while it loads, and goes on for the others", async () => {
    const { lazy, state } = loading();
    const controller = new AbortController();
    const left = lazy.embed(["a"], { signal: controller.signal });
    const stays = lazy.embed(["b"]);
    controller.abort(new Error("enough"));
    await expect(left).rejects.toThrow("enough");
    state.finish();
    expect(await stays).toHaveLength(1);
    expect(state.loads).toBe(1);
  });

  it("is tried again after a failure, and freed when it is disposed meanwhile", async () => {
    const { lazy, state } = loading();
    const failed = lazy.embed(["a"]);
    state.finish(new Error("no memory"));
    await expect(failed).rejects.toThrow("no memory");
    const second = lazy.embed(["a"]);
    const disposed = lazy.dispose();
    state.finish();
    await Promise.all([second, disposed]);
    expect(state).toMatchObject({ loads: 2, disposals: 1 });
  });
});

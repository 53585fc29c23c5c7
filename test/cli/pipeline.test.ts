import { describe, expect, it } from "vitest";
import { pipeline } from "../../src/cli/pipeline.ts";
import { collect } from "../src/fakes.ts";

async function* from<T>(...items: T[]) {
  yield* items;
}

const later = (turns: number): Promise<void> =>
  turns === 0
    ? Promise.resolve()
    : new Promise((resolve) => setImmediate(() => resolve(later(turns - 1))));

describe("pipeline", () => {
  it("keeps the order whatever finishes first, and the depth", async () => {
    let running = 0;
    let most = 0;
    const work = async (turns: number) => {
      most = Math.max(most, ++running);
      await later(turns);
      running--;
      return turns * 10;
    };
    const results = await collect(pipeline(from(5, 1, 3, 2, 1, 2), 3, work));
    expect(results).toEqual([5, 1, 3, 2, 1, 2].map((turns) => [turns, turns * 10]));
    expect(most).toBe(3);
  });

  it("hands a result out while the source is silent", async () => {
    let release = () => {};
    async function* slow() {
      yield 1;
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      yield 2;
    }
    const results = pipeline(slow(), 8, async (item) => item);
    expect((await results.next()).value).toEqual([1, 1]);
    release();
    expect((await results.next()).value).toEqual([2, 2]);
    expect((await results.next()).done).toBe(true);
  });

  it("reads no further ahead than its depth", async () => {
    let read = 0;
    async function* counted() {
      for (;;) yield ++read;
    }
    for await (const [item] of pipeline(counted(), 4, async (each) => each)) if (item === 10) break;
    expect(read).toBeLessThanOrEqual(15);
  });

  it("gives the results of what came before the source failed", async () => {
    async function* broken() {
      yield 1;
      yield 2;
      throw new Error("no more");
    }
    const seen: number[] = [];
    const work = async () => {
      for await (const [item] of pipeline(broken(), 8, () => later(3))) seen.push(item);
    };
    await expect(work()).rejects.toThrow("no more");
    expect(seen).toEqual([1, 2]);
  });

  it("fails with the first work that failed, in order, and leaves no rejection unhandled", async () => {
    const work = async (item: number) => {
      if (item > 1) throw new Error(`bad ${item}`);
      await later(2);
      return item;
    };
    const results = pipeline(from(1, 2, 3), 8, work);
    expect((await results.next()).value).toEqual([1, 1]);
    await expect(results.next()).rejects.toThrow("bad 2");
    await later(2);
  });
});

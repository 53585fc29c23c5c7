import { getEventListeners } from "node:events";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ScoringQueue } from "../../src/queue/scoring_queue.ts";
import { codeOf, collect, FakeModel, fakeEncode } from "./fakes.ts";

const sequence = (text: string) => ({ text, tokens: fakeEncode(text) });
const sequences = (...texts: string[]) => texts.map(sequence);

/** An engine whose batches hold 10 tokens; the fake model's margin is the length of the text. */
function makeEngine(model = new FakeModel()) {
  return { model, engine: new ScoringQueue(model, 2, 10) };
}

async function lengths(
  engine: ScoringQueue,
  texts: string[],
  signal?: AbortSignal,
): Promise<number[]> {
  const scored = await collect(engine.run(sequences(...texts), { signal }));
  return scored.map(({ values }) => values[1]!);
}

describe("batches", () => {
  it("scores sequences in order, and hands each back with its values", async () => {
    const { engine, model } = makeEngine();
    const scored = await collect(engine.run(sequences("a", "bb", "ccc", "dddd", "eeeee")));
    expect(scored.map((each) => [each.sequence.text, [...each.values]])).toEqual([
      ["a", [0, 1]],
      ["bb", [0, 2]],
      ["ccc", [0, 3]],
      ["dddd", [0, 4]],
      ["eeeee", [0, 5]],
    ]);
    expect(model.batches.map(({ texts }) => texts)).toEqual([
      ["a", "bb", "ccc", "dddd"],
      ["eeeee"],
    ]);
  });

  it("merges what is asked for in one turn into one batch", async () => {
    const { engine, model } = makeEngine();
    const answers = await Promise.all(["aa", "bbb", "cccc"].map((text) => lengths(engine, [text])));
    expect(answers).toEqual([[2], [3], [4]]);
    expect(model.batches).toHaveLength(1);
  });

  it("scores a sequence larger than a batch alone", async () => {
    const { engine, model } = makeEngine();
    expect(await lengths(engine, ["aaa", "b".repeat(50), "cc"])).toEqual([3, 50, 2]);
    expect(model.batches.map(({ texts }) => texts.length)).toEqual([1, 1, 1]);
  });

  it("answers an empty request", async () => {
    const { engine, model } = makeEngine();
    expect(await lengths(engine, [])).toEqual([]);
    expect(model.batches).toEqual([]);
  });

  it("does not let a long request hold up a short one, and keeps neighbours together", async () => {
    const { engine, model } = makeEngine();
    const long = lengths(engine, Array(20).fill("long") as string[]);
    const short = lengths(engine, ["x", "y"]);
    await Promise.all([long, short]);
    expect(model.batches[0]?.texts).toEqual(["long", "x", "y"]);
  });

  it("serves many requests in the order they came", async () => {
    const { engine, model } = makeEngine();
    const texts = Array.from({ length: 100 }, (_, index) => String(100 + index));
    await Promise.all(texts.map((text) => lengths(engine, [text])));
    expect(model.batches.flatMap((batch) => batch.texts)).toEqual(texts);
    expect(model.batches).toHaveLength(34);
  });

  it("never mixes modes in a batch", async () => {
    const { engine, model } = makeEngine();
    const [decisions, answers] = await Promise.all([
      collect(engine.run(sequences("a", "b"))),
      collect(engine.run(sequences("c"), { mode: "argmax" })),
    ]);
    expect(decisions[1]?.values).toEqual(Float32Array.of(0, 1));
    expect(answers[0]?.values).toEqual(Float32Array.of("1".charCodeAt(0)));
    expect(model.batches.map(({ mode }) => mode)).toEqual(["decision", "argmax"]);
  });

  it("gives every request its own values, whatever the mix", async () => {
    const request = fc.array(fc.string({ minLength: 1, maxLength: 14 }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(fc.array(request, { maxLength: 8 }), async (requests) => {
        const { engine, model } = makeEngine();
        const answers = await Promise.all(requests.map((texts) => lengths(engine, texts)));
        expect(answers).toEqual(requests.map((texts) => texts.map((text) => text.length)));
        for (const { texts } of model.batches) {
          expect(texts.length === 1 || texts.join("").length <= 10).toBe(true);
        }
      }),
      { seed: 1, numRuns: 200 },
    );
  });
});

describe("laziness", () => {
  it("makes sequences a batch ahead, no more, and stops when the caller does", async () => {
    const { engine, model } = makeEngine();
    let made = 0;
    let closed = false;
    function* endless() {
      try {
        for (;;) {
          made++;
          yield sequence("12345");
        }
      } finally {
        closed = true;
      }
    }
    for await (const { values } of engine.run(endless())) {
      expect(values[1]).toBe(5);
      break;
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(model.batches).toHaveLength(1);
    // Two of five tokens are a batch of ten; two more were made while the model computed.
    expect(made).toBe(4);
    expect(closed).toBe(true);
  });

  it("computes nothing ahead of a caller who does not fetch", async () => {
    const { engine, model } = makeEngine();
    const run = engine.run(sequences("1234567890", "1234567890", "1234567890"));
    await run.next();
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(model.batches).toHaveLength(1);
    await run.next();
    expect(model.batches).toHaveLength(2);
    await run.return();
  });
});

describe("failures", () => {
  it("rejects the requests of a batch that failed, and goes on with the others", async () => {
    const { engine, model } = makeEngine();
    model.onScore = ({ texts }) => {
      if (texts.includes("bad")) throw new Error("out of luck");
    };
    const bad = lengths(engine, ["bad", "1234567"]);
    const good = lengths(engine, ["good5678"]);
    await expect(bad).rejects.toThrow("out of luck");
    expect(await good).toEqual([8]);
    expect(await lengths(engine, ["later"])).toEqual([5]);
  });

  it("rejects a result of the wrong length", async () => {
    const { model } = makeEngine();
    expect(await codeOf(lengths(new ScoringQueue(model, 3), ["a"]))).toBe("INTERNAL");
  });

  it("rejects only the request whose sequences cannot be made", async () => {
    const { engine } = makeEngine();
    function* broken() {
      yield sequence("1234567890");
      throw new Error("no more");
    }
    const bad = collect(engine.run(broken()));
    const good = lengths(engine, ["a", "b"]);
    await expect(bad).rejects.toThrow("no more");
    expect(await good).toEqual([1, 1]);
  });
});

describe("abort", () => {
  const reason = new Error("changed my mind");
  const longText = "1234567890";

  it("refuses work whose signal is aborted already", async () => {
    const { engine, model } = makeEngine();
    await expect(lengths(engine, ["a"], AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(model.batches).toEqual([]);
  });

  it("drops queued work, also before the first batch", async () => {
    const { engine, model } = makeEngine();
    const controller = new AbortController();
    const dropped = lengths(engine, ["a"], controller.signal);
    const kept = lengths(engine, ["b"]);
    controller.abort(reason);
    await expect(dropped).rejects.toBe(reason);
    expect(await kept).toEqual([1]);
    expect(model.batches.map(({ texts }) => texts)).toEqual([["b"]]);
  });

  it("rejects running work at once and computes no further batch of it", async () => {
    const { engine, model } = makeEngine();
    const controller = new AbortController();
    let finish = () => {};
    model.onScore = () => {
      controller.abort(reason);
      return new Promise((resolve) => {
        finish = resolve;
      });
    };
    const running = lengths(engine, [longText, longText, longText], controller.signal);
    await expect(running).rejects.toBe(reason);
    finish();
    model.onScore = () => {};
    expect(await lengths(engine, ["after"])).toEqual([5]);
    expect(model.batches).toHaveLength(2);
  });

  it("hands out nothing more after the abort, not even results that were there", async () => {
    const { engine } = makeEngine();
    const controller = new AbortController();
    const run = engine.run(sequences("a", "b"), { signal: controller.signal });
    await run.next();
    controller.abort(reason);
    await expect(run.next()).rejects.toBe(reason);
  });

  it("shares one listener among all requests of a signal and removes it after the last", async () => {
    const { engine } = makeEngine();
    const { signal } = new AbortController();
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => warnings.push(warning);
    process.on("warning", onWarning);
    const work = Array.from({ length: 100 }, () => lengths(engine, ["a"], signal));
    expect(getEventListeners(signal, "abort")).toHaveLength(1);
    await Promise.all(work);
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
    process.off("warning", onWarning);
    expect(warnings).toEqual([]);
  });
});

describe("dispose", () => {
  it("rejects queued and running work, frees the model once, and refuses more", async () => {
    const { engine, model } = makeEngine();
    let work: Promise<string>[] = [];
    const disposed = new Promise<void>((resolve) => {
      model.onScore = () => {
        resolve(engine.dispose());
        return new Promise(() => {});
      };
    });
    work = ["1234567", "12345678", "123456789"].map((text) => codeOf(lengths(engine, [text])));
    expect(await Promise.all(work)).toEqual(["DISPOSED", "DISPOSED", "DISPOSED"]);
    await disposed;
    await engine.dispose();
    expect(model.disposals).toBe(1);
    expect(await codeOf(lengths(engine, ["a"]))).toBe("DISPOSED");
    expect(model.batches).toHaveLength(1);
  });

  it("rejects work that was asked for in the same turn", async () => {
    const { engine, model } = makeEngine();
    const work = codeOf(lengths(engine, ["a"]));
    await engine.dispose();
    expect(await work).toBe("DISPOSED");
    expect(model.batches).toEqual([]);
  });
});

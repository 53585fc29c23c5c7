import { describe, expect, expectTypeOf, it } from "vitest";
import type { Verdict } from "../../src/index.ts";
import { byNumber, codeOf, collect, FakeModel, fakeGate } from "./fakes.ts";

function numberGate(settings: Parameters<typeof fakeGate>[0] = {}) {
  const model = new FakeModel(byNumber);
  return { model, gate: fakeGate({ model, ...settings }) };
}

describe("score and judge", () => {
  it("answers 1 or 0", async () => {
    const { gate } = numberGate();
    expect(await gate.score("q", "a =2")).toBe(1);
    expect(await gate.score("q", { text: "a =0" })).toBe(0);
    expect(await gate.score("q", "a =-2")).toBe(0);
  });

  it("gives the whole verdict", async () => {
    const { gate, model } = numberGate();
    const verdict = await gate.judge("query", { text: "a =2" });
    expect(verdict).toEqual({
      relevant: true,
      margin: 2,
      probability: 1 / (1 + Math.exp(-2)),
      tokens: "query|a =2".length,
      windows: 1,
    });
    expect(model.batches[0]?.texts).toEqual(["query|a =2"]);
  });

  it("judges an empty passage like any other", async () => {
    const { gate, model } = numberGate();
    expect(await gate.score("q", "")).toBe(0);
    expect(model.batches[0]?.texts).toEqual(["q|"]);
  });

  it("judges a long passage by its best window", async () => {
    const { gate } = numberGate({ contextLength: 100 });
    const filler = "Nothing to see here, =-3 goes on. ".repeat(10);
    const passage = `${filler}The answer is =4 today. ${filler}`;
    const verdict = await gate.judge("q", passage);
    expect(verdict).toMatchObject({ relevant: true, margin: 4 });
    expect(verdict.windows).toBeGreaterThan(5);
    expect(verdict.tokens).toBeGreaterThan(passage.length);
  });

  it("answers 1,000 concurrent calls, each with its own", async () => {
    const { gate, model } = numberGate();
    const wanted = Array.from({ length: 1000 }, (_, index) => (index % 3 === 0 ? 1 : 0));
    const scores = await Promise.all(
      wanted.map((relevant, index) => gate.score(`q${index}`, `p =${relevant}`)),
    );
    expect(scores).toEqual(wanted);
    expect(model.batches.length).toBeLessThan(20);
  });

  it("rejects a score that is no number, and gives no verdict", async () => {
    const gate = fakeGate({ model: new FakeModel(() => Number.NaN) });
    expect(await codeOf(gate.score("q", "p"))).toBe("MODEL_INVALID");
  });

  it("rejects bad input before any work", async () => {
    const { gate, model } = numberGate();
    expect(await codeOf(gate.score(" ", "p"))).toBe("INPUT_INVALID");
    expect(await codeOf(gate.score("q", undefined as never))).toBe("INPUT_INVALID");
    expect(await codeOf(gate.judge("q", "p", { sign: 1 } as never))).toBe("INPUT_INVALID");
    expect(await codeOf(gate.judgeAll("q", ["p", 2 as never]))).toBe("INPUT_INVALID");
    expect(model.batches).toEqual([]);
  });
});

const passages = [
  { id: "a", text: "=-1" },
  { id: "b", text: "=2" },
  { id: "c", text: "=5" },
  { id: "d", text: "=2" },
  { id: "e", text: "=0" },
];

describe("judgeAll, filter, rank and stream", () => {
  it("judges all in their order and tells how far it is", async () => {
    const { gate } = numberGate();
    const progress: string[] = [];
    const verdicts = await gate.judgeAll("q", passages, {
      onProgress: ({ done, total }) => progress.push(`${done}/${total}`),
    });
    expect(verdicts.map(({ margin }) => margin)).toEqual([-1, 2, 5, 2, 0]);
    expect(progress).toEqual(["1/5", "2/5", "3/5", "4/5", "5/5"]);
  });

  it("rejects with what onProgress throws", async () => {
    const { gate } = numberGate();
    const work = gate.judgeAll("q", passages, {
      onProgress: () => {
        throw new Error("not now");
      },
    });
    await expect(work).rejects.toThrow("not now");
    expect(await gate.score("q", "=1")).toBe(1);
  });

  it("hands the relevant passages back as they came, with their type", async () => {
    const { gate } = numberGate();
    const kept = await gate.filter("q", passages);
    expectTypeOf(kept).toEqualTypeOf<{ id: string; text: string }[]>();
    expect(kept.map(({ id }) => id)).toEqual(["b", "c", "d"]);
    expect(kept[0]).toBe(passages[1]);
  });

  it("stops computing once enough were found", async () => {
    const { gate, model } = numberGate({ contextLength: 1024 });
    const long = Array.from({ length: 50 }, (_, index) => `=1 ${String(index).padEnd(600)}`);
    expect(await gate.filter("q", long, { stopAfter: 2 })).toEqual(long.slice(0, 2));
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(model.batches).toHaveLength(2);
  });

  it("ranks by margin, equal ones in their order", async () => {
    const { gate } = numberGate();
    const ranked = await gate.rank("q", passages, { topK: 4 });
    expect(ranked.map(({ passage, index }) => `${passage.id}${index}`)).toEqual([
      "c2",
      "b1",
      "d3",
      "e4",
    ]);
    expect(ranked[0]?.verdict).toMatchObject({ relevant: true, margin: 5 });
  });

  it("has nothing to say of no passages", async () => {
    const { gate, model } = numberGate();
    expect(await gate.judgeAll("q", [])).toEqual([]);
    expect(await gate.filter("q", new Set<string>())).toEqual([]);
    expect(await gate.rank("q", [])).toEqual([]);
    expect(model.batches).toEqual([]);
  });

  it("streams verdicts while it takes passages one by one", async () => {
    const { gate } = numberGate();
    let taken = 0;
    function* endless() {
      for (;;) yield `=${++taken}`.padEnd(190);
    }
    const seen: Verdict[] = [];
    for await (const verdict of gate.stream("q", endless())) {
      seen.push(verdict);
      if (seen.length === 3) break;
    }
    expect(seen.map(({ margin }) => margin)).toEqual([1, 2, 3]);
    // Five are a batch, and one batch is prepared ahead.
    expect(taken).toBeLessThan(15);
  });

  it("refuses a bad passage of a stream when its turn comes, not before", async () => {
    const { gate } = numberGate();
    const margins: number[] = [];
    const read = async () => {
      const mixed = ["=1".padEnd(199), "=2".padEnd(199), 3 as never].flatMap((each) =>
        Array(9).fill(each),
      );
      for await (const { margin } of gate.stream("q", mixed)) margins.push(margin);
    };
    await expect(read()).rejects.toThrow(/for passages\[18\] but received 3/);
    expect(margins).toEqual([...Array(9).fill(1), ...Array(9).fill(2)]);
  });

  it("aborts with the signal's reason", async () => {
    const { gate, model } = numberGate();
    const controller = new AbortController();
    const { signal } = controller;
    model.onScore = () => controller.abort("enough");
    const many = Array<string>(1000).fill("=1");
    await expect(gate.judgeAll("q", many, { signal })).rejects.toBe("enough");
    await expect(gate.filter("q", many, { signal })).rejects.toBe("enough");
    await expect(gate.score("q", "p", { signal })).rejects.toBe("enough");
    await expect(collect(gate.stream("q", many, { signal }))).rejects.toBe("enough");
    expect(model.batches).toHaveLength(1);
  });
});

describe("fullVocabulary", () => {
  it("decides by the likeliest token, and keeps the margin of the decision rows", async () => {
    const { gate, model } = numberGate();
    const options = { fullVocabulary: true };
    expect(await gate.judge("q", "=2", options)).toMatchObject({ relevant: true, margin: 2 });
    expect(await gate.filter("q", passages, options)).toHaveLength(3);
    expect(new Set(model.batches.map(({ mode }) => mode))).toEqual(new Set(["decision", "argmax"]));
  });

  it("says what to do when the file has no head", async () => {
    const { gate, model } = numberGate({ fullVocabulary: false });
    const work = gate.score("q", "p", { fullVocabulary: true });
    await expect(work).rejects.toThrow(/--keep-lm-head/);
    expect(await codeOf(gate.score("q", "p", { fullVocabulary: true }))).toBe("MODEL_UNSUPPORTED");
    expect(model.batches).toEqual([]);
  });
});

describe("dispose", () => {
  it("rejects what is running, frees the model once and refuses more", async () => {
    const { gate, model } = numberGate();
    const work = Array.from({ length: 20 }, (_, index) => codeOf(gate.score("q", `=${index}`)));
    await gate.dispose();
    await gate.dispose();
    expect(new Set(await Promise.all(work))).toEqual(new Set(["DISPOSED"]));
    expect(await codeOf(gate.score("q", "=1"))).toBe("DISPOSED");
    expect(await codeOf(gate.judgeAll("q", []))).toBe("DISPOSED");
    expect(model.disposals).toBe(1);
  });

  it("happens at the end of the block that holds the gate", async () => {
    const { gate, model } = numberGate();
    {
      await using held = gate;
      expect(await held.score("q", "=1")).toBe(1);
    }
    expect(model.disposals).toBe(1);
  });
});

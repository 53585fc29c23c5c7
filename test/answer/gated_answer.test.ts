import { describe, expect, it } from "vitest";
import { gatedAnswer } from "../../src/answer/gated_answer.ts";
import type { Evidence } from "../../src/answer/options.ts";
import { byNumber, codeOf, FakeModel, fakeGate } from "../src/fakes.ts";

const gate = fakeGate({
  model: new FakeModel(byNumber),
});

const passages = [
  { text: "off =-2", id: "a" },
  { text: "fair =1", id: "b" },
  { text: "best =3", id: "c" },
  { text: "good =2", id: "d" },
];

/** A generator that repeats what it was given. */
const repeat = ({ passages: given }: Evidence) =>
  given.map((passage) => (typeof passage === "string" ? passage : passage.text)).join("|");

const ask = (options: object = {}) =>
  gatedAnswer({ query: "q", retrieve: () => passages, generate: repeat, gate, ...options });

describe("gatedAnswer", () => {
  it("gives the generator the relevant passages, the best first, and reports the others", async () => {
    const result = await ask();
    expect(result.answer).toBe("best =3|good =2|fair =1");
    expect(result.answered).toBe(true);
    expect(result.kept.map(({ passage, index }) => [passage, index])).toEqual([
      [passages[2], 2],
      [passages[3], 3],
      [passages[1], 1],
    ]);
    expect(result.dropped).toEqual([
      expect.objectContaining({ passage: passages[0], index: 0, why: "irrelevant" }),
    ]);
    const { retrieve, judge, generate, total } = result.timings;
    expect(Math.min(retrieve, judge, generate)).toBeGreaterThanOrEqual(0);
    expect(retrieve + judge + generate).toBeCloseTo(total, 6);
  });

  it.each([
    ["nothing is relevant", () => [passages[0]!]],
    ["nothing is retrieved", () => []],
  ])("refuses without asking the generator where %s", async (_, retrieve) => {
    let asked = false;
    const generate = () => {
      asked = true;
      return "";
    };
    const result = await ask({ retrieve, generate });
    expect(result.answer).toBe("I don't have evidence to answer that.");
    expect([result.answered, result.kept, result.timings.generate, asked]).toEqual([
      false,
      [],
      0,
      false,
    ]);
    expect((await ask({ retrieve, generate, refusal: "No idea." })).answer).toBe("No idea.");
  });

  it("retrieves from promises and asynchronous iterators, and closes what it does not need", async () => {
    let closed = false;
    async function* endless() {
      try {
        for (let n = 1; ; n++) yield `p =${n}`;
      } finally {
        closed = true;
      }
    }
    const result = await ask({ retrieve: async () => endless(), topK: 3 });
    expect(result.answer).toBe("p =3|p =2|p =1");
    expect(closed).toBe(true);
    expect((await ask({ retrieve: async () => ["x =1"] })).answer).toBe("x =1");
  });

  it("tells the retriever the query, how many are looked at, and the signal", async () => {
    const { signal } = new AbortController();
    const seen: unknown[] = [];
    const retrieve = (...given: unknown[]) => {
      seen.push(...given);
      return [];
    };
    await ask({ retrieve, topK: 7, signal });
    expect(seen).toEqual(["q", { topK: 7, signal }]);
  });

  it("fills the budget with the best that fits", async () => {
    const count = (text: string) => (text.startsWith("best") ? 50 : 10);
    const fits = await ask({ budget: { tokens: 60, count } });
    expect(fits.answer).toBe("best =3|good =2");
    expect(fits.dropped.map(({ index, why }) => [index, why])).toEqual([
      [1, "budget"],
      [0, "irrelevant"],
    ]);
    expect((await ask({ budget: { tokens: 25, count } })).answer).toBe("good =2|fair =1");
    expect((await ask({ budget: { passages: 1 } })).answer).toBe("best =3");
    // 7 characters are 3 tokens.
    expect((await ask({ budget: { tokens: 6 } })).answer).toBe("best =3|good =2");
    const none = await ask({ budget: { tokens: 1 } });
    expect([none.answered, none.dropped[0]?.why]).toEqual([false, "budget"]);
    expect((await ask({ budget: { tokens: 100, count: () => Number.NaN } })).answered).toBe(false);
  });

  it("hands the generator the query, the refusal, the signal and onText", async () => {
    const { signal } = new AbortController();
    const onText = () => {};
    let given: Evidence | undefined;
    const generate = (evidence: Evidence) => {
      given = evidence;
      return "a";
    };
    await ask({ generate, signal, onText });
    expect(given).toMatchObject({ query: "q", refusal: expect.stringMatching(/evidence/) });
    expect([given?.signal, given?.onText]).toEqual([signal, onText]);
  });

  it("stops at each stage with the signal's reason, and passes failures on", async () => {
    const reason = new Error("enough");
    const stop = new AbortController();
    stop.abort(reason);
    await expect(ask({ signal: stop.signal })).rejects.toBe(reason);
    const later = new AbortController();
    const retrieve = () => {
      later.abort(reason);
      return passages;
    };
    await expect(ask({ signal: later.signal, retrieve })).rejects.toBe(reason);
    const broken = () => Promise.reject(reason);
    await expect(ask({ retrieve: broken })).rejects.toBe(reason);
    await expect(ask({ generate: broken })).rejects.toBe(reason);
  });

  it("stops even where the caller's functions do not listen", async () => {
    const reason = new Error("enough");
    const never = () => new Promise<never>(() => {});
    for (const ignoring of [{ retrieve: never }, { generate: never }]) {
      const stop = new AbortController();
      const waiting = ask({ ...ignoring, signal: stop.signal });
      setTimeout(() => stop.abort(reason), 20);
      await expect(waiting).rejects.toBe(reason);
    }
  });

  it.each([
    [{ retrieve: () => "text" }, /an iterable of passages for what retrieve gives/],
    [{ retrieve: () => undefined }, /an iterable of passages/],
    [{ generate: () => undefined }, /a string for what generate gives/],
    [{ query: " " }, /query/],
    [{ retrieve: undefined }, /a function for retrieve/],
    [{ generate: "text" }, /a function for generate/],
    [{ gate: {} }, /a gate for gate/],
    [{ topK: 0 }, /topK/],
    [{ budget: { tokens: -1 } }, /tokens/],
    [{ budget: { words: 1 } }, /budget has no option "words"/],
    [{ refusal: 1 }, /refusal/],
    [{ onTxt: () => {} }, /gatedAnswer has no option "onTxt"/],
    [{ retrieve: () => [{ body: "no text" }] }, /passages\[0\]/],
  ])("refuses %o", async (options, message) => {
    expect(await codeOf(ask(options))).toBe("INPUT_INVALID");
    await expect(ask(options)).rejects.toThrow(message);
  });
});

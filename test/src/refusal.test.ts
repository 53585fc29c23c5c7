// What is refused before the model is asked, and what is not.
import { describe, expect, it } from "vitest";
import { refusals } from "../../src/refusal/refusal.ts";
import { fakeGate } from "./fakes.ts";

const english = refusals({ scripts: ["Latin"], languages: ["en"] });
const german = "Die Katze schläft auf dem Sofa und der Hund ist nicht im Haus.";

describe("a model that reads English", () => {
  it.each<[string, string, string | undefined]>([
    ["what is the capital of Germany", "Berlin is the capital of Germany.", undefined],
    ["what is the capital of Germany", "", "empty"],
    ["what is the capital of Germany", " \u0000 ...", "empty"],
    ["what is the capital of Germany", "42", undefined],
    ["what is the capital of Germany", "What is the capital of Germany?", "echo"],
    ["what is the capital of Germany", "Q: WHAT IS THE CAPITAL OF GERMANY??", "echo"],
    ["capital of Germany", "capital of Germany. Capital of Germany!", "echo"],
    ["capital of Germany", "capital of Germany: Berlin", undefined],
    ["what is the capital of Germany", "Берлин — столица Германии.", "script"],
    ["столица Германии", "Berlin is the capital of Germany.", "script"],
    ["what is the capital of China", "北京是中华人民共和国的首都。", "script"],
    ["what is the capital of China", "Beijing (北京) is the capital of China.", undefined],
    ["where is the cat", german, "language"],
    ["Wo ist die Katze?", "The cat is on the sofa.", "language"],
    [
      "what is the weather like",
      "Le temps est très beau dans les montagnes et il fait chaud.",
      "language",
    ],
    ["who wrote Les Misérables", "Victor Hugo wrote Les Misérables in 1862.", undefined],
    ["how do I sum a column", "SELECT SUM(total) FROM orders WHERE id > 5; -- 🎉", undefined],
    ["who directed Das Boot", "Das Boot was directed by Wolfgang Petersen.", undefined],
  ])("%s | %s | %s", (query, passage, reason) => {
    expect(english(query)(passage)).toBe(reason);
  });
});

it("a model that says nothing of scripts is asked about everything", () => {
  const any = refusals({ scripts: undefined });
  for (const passage of ["", "???", "Берлин", german, "q"])
    expect(any("q")(passage)).toBeUndefined();
});

it("a model of several scripts is asked about each of them, in any language", () => {
  const two = refusals({ scripts: ["Latin", "Cyrillic"] });
  expect(two("столица")("Берлин — столица.")).toBeUndefined();
  expect(two("where is the cat")(german)).toBeUndefined();
  expect(two("capital")("北京是首都。")).toBe("script");
});

describe("a gate", () => {
  const passages = ["", "the first", "Берлин", "???", "the second", "Thing?"];

  it("refuses in place, with a reason, and asks the model about the others", async () => {
    const gate = fakeGate({ scripts: ["Latin"] });
    const verdicts = await gate.judgeAll("thing", passages);
    expect(verdicts.map(({ reason }) => reason)).toEqual([
      "empty",
      undefined,
      "script",
      "empty",
      undefined,
      "echo",
    ]);
    for (const { reason, ...verdict } of verdicts) {
      if (reason === undefined) expect(verdict.relevant).toBe(true);
      else {
        expect(verdict).toEqual({
          relevant: false,
          margin: -Infinity,
          probability: 0,
          tokens: 0,
          windows: 0,
        });
      }
    }
    expect(await gate.score("thing", "Берлин")).toBe(0);
    await gate.dispose();
  });

  it("ranks what it refused last, and keeps none of it", async () => {
    const gate = fakeGate({ scripts: ["Latin"] });
    const ranked = await gate.rank("thing", passages);
    expect(ranked.map(({ index }) => index)).toEqual([4, 1, 0, 2, 3, 5]);
    expect(await gate.filter("thing", passages)).toEqual(["the first", "the second"]);
    expect(await gate.filter("thing", ["", "???"])).toEqual([]);
    await gate.dispose();
  });

  it("stops in the middle of refused passages", async () => {
    const gate = fakeGate({ scripts: ["Latin"] });
    const seen: (string | undefined)[] = [];
    for await (const { reason } of gate.stream("thing", passages)) {
      seen.push(reason);
      if (seen.length === 3) break;
    }
    expect(seen).toEqual(["empty", undefined, "script"]);
    await gate.dispose();
  });
});

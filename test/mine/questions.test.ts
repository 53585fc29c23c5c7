// Questions for mining: read from a file, or made from passages.
import { describe, expect, it } from "vitest";
import { questionsFrom } from "../../src/mine/from_passages.ts";
import { readMiningQuestions } from "../../src/mine/questions.ts";
import { lines } from "../eval/lines.ts";
import { codeOf } from "../src/fakes.ts";
import { folder } from "../store/bag_of_words.ts";
import { openHere } from "../store/open_here.ts";

const { path } = folder();

describe("a file of questions", () => {
  it("gives each question once, with all that is known to answer it", async () => {
    const text = [
      '{"q": "how hot"}',
      "",
      '{"q": "why tea", "positives": ["tea.md"], "asked": "by somebody"}',
      '{"q": " why tea ", "positives": ["tea.md", "It wakes."]}',
    ].join("\n");
    expect(await readMiningQuestions(lines(text), "f")).toEqual([
      { text: "how hot", line: 1, positives: [] },
      { text: "why tea", line: 3, positives: ["tea.md", "It wakes."] },
    ]);
  });

  it.each([
    ["{", /^f: line 1 is not a question/],
    ['{"q": 1}', /^f: line 1 is not a question/],
    ['{"q": "x", "positives": "y"}', /^f: line 1 is not a question/],
    ['{"q": "x", "positives": [1]}', /^f: line 1 is not a question/],
    ['{"q": " "}', /^f: line 1 has an empty question/],
    ['{"q": "x", "positives": [""]}', /^f: line 1 has an empty positive/],
    [`{"q": "${"x".repeat(70_000)}"}`, /^f: line 1 has a question longer than/],
    [JSON.stringify({ q: "x", positives: Array(1001).fill("y") }), /has more than 1000 positives/],
    ['{"q": "x", "a": "y"}', /^f: line 1 has "a", as the questions of `qrag eval` do/],
    ["\n", /^f holds no questions/],
  ])("is refused, case %#", async (text, message) => {
    const work = readMiningQuestions(lines(text), "f");
    await expect(work).rejects.toThrow(message);
    expect(await codeOf(work)).toBe("INPUT_INVALID");
  });
});

const prose = (topic: string) =>
  `The ${topic} needs care once a month. Fill the tank with vinegar and water, and let all of it run through. ` +
  `Rinse the ${topic} twice with clear water before anybody drinks from it again.`;

const notes = ["kettle", "grinder", "toaster", "oven", "mixer", "freezer"].map((topic) => ({
  id: `${topic}.md`,
  text: `# Kitchen\n\n## Care of the ${topic}\n\n${prose(topic)}\n`,
}));

async function made(documents: typeof notes, count: number, seed = 1) {
  await using store = await openHere(path());
  await store.add(documents);
  return await questionsFrom(store, count, seed, undefined);
}

describe("questions made from passages", () => {
  it("are headings and sentences, cut out of what is left to answer", async () => {
    const questions = await made(notes, 100);
    expect(questions).toHaveLength(notes.length);
    const ways = new Set<string>();
    for (const { text, made } of questions) {
      const { from, passage, text: left, cut } = made!;
      ways.add(from);
      expect(passage.text).toContain(cut);
      expect(left).not.toContain(cut.trim());
      if (from === "heading") {
        expect([text, cut]).toEqual([passage.headings[1], passage.headings.join(" > ")]);
        expect(passage.text).toBe(`${cut}\n${left}`);
      } else {
        expect(cut.trim()).toBe(`${text}.`);
        expect(left.startsWith(`${passage.headings.join(" > ")}\n`)).toBe(true);
      }
    }
    expect(ways).toEqual(new Set(["heading", "sentence"]));
  });

  it("depend on the seed and the texts alone", async () => {
    const first = await made(notes, 3);
    const summary = (questions: typeof first) =>
      questions.map(({ text, made }) => [text, made!.passage.id]);
    expect(first).toHaveLength(3);
    expect(summary(await made([...notes].reverse(), 3))).toEqual(summary(first));
    expect(summary(await made(notes, 1))).toEqual(summary(first).slice(0, 1));
    const others = await Promise.all([2, 3, 4].map((seed) => made(notes, 3, seed)));
    expect(others.map(summary)).not.toEqual(Array(3).fill(summary(first)));
  });

  it("are not made where nothing would be left, nor of tables, code and lists", async () => {
    const poor = [
      {
        id: "short.md",
        text: "# A short one\n\nFill the tank with vinegar and let it run through.\n",
      },
      {
        id: "table.md",
        text: `| a | b |\n|---|---|\n${"| Fill it with vinegar now. | and let it run through. |\n".repeat(8)}`,
      },
    ];
    expect(await made(poor, 5)).toEqual([]);
  });

  it("stop when they are told to", async () => {
    await using store = await openHere(path());
    await store.add(notes);
    const reason = new Error("enough");
    await expect(questionsFrom(store, 1, 1, AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});

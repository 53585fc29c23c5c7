import { describe, expect, it } from "vitest";
import { availableProcessors } from "../../base/processors.ts";
import { checkIterable, checkPassage, checkPassages, checkQuery } from "../../src/given.ts";
import { checkOptions, checkPath, checkThreads, limits } from "../../src/options.ts";

const asked = { query: "q", vector: undefined };

const refusals: [name: string, check: () => unknown, message: RegExp][] = [
  [
    "query missing",
    () => checkQuery(undefined),
    /^Expected a string for query but received undefined$/,
  ],
  ["query null", () => checkQuery(null), /received null$/],
  ["query a number", () => checkQuery(7), /received 7 of type number$/],
  ["query a bigint", () => checkQuery(7n), /received 7 of type bigint$/],
  ["query a symbol", () => checkQuery(Symbol("s")), /received Symbol\(s\) of type symbol$/],
  ["query an array", () => checkQuery(["a", "b"]), /received an array of 2$/],
  ["query a String object", () => checkQuery(new String("a")), /received a value of type object$/],
  [
    "query empty",
    () => checkQuery(""),
    /^Expected some text for query but received "" of type string$/,
  ],
  ["query blank", () => checkQuery(" \n\t\u3000"), /^Expected some text for query/],
  [
    "query too long",
    () => checkQuery("q".repeat(limits.queryLength + 1)),
    /at most 65536 characters for query but received 65537/,
  ],
  [
    "passage missing",
    () => checkPassage(undefined, "passage"),
    /a string or an object with a text for passage/,
  ],
  [
    "passage without text",
    () => checkPassage({ body: "x" }, "passage"),
    /received a value of type object/,
  ],
  ["passage with a text that is none", () => checkPassage({ text: 1 }, "passage"), /for passage/],
  [
    "passage too long",
    () => checkPassage("p".repeat(limits.passageLength + 1), "passage"),
    /at most 4194304/,
  ],
  [
    "passages a string",
    () => checkPassages("abc", asked),
    /an array or another iterable of passages for passages but received "abc"/,
  ],
  ["passages not iterable", () => checkIterable({} as never), /iterable/],
  ["passages missing", () => checkPassages(undefined as never, asked), /received undefined/],
  [
    "a bad passage among good ones",
    () => checkPassages(["a", { text: "b" }, 3], asked),
    /for passages\[2\] but received 3/,
  ],
  [
    "path empty",
    () => checkPath(""),
    /Expected a path for the model but received "" of type string/,
  ],
  ["path a number", () => checkPath(3), /a path for the model/],
  [
    "unknown option",
    () => checkOptions("rank", { topk: 3 }),
    /^rank has no option "topk"\. It has: signal, fullVocabulary, queryVector, embedder, onProgress, topK\.$/,
  ],
  [
    "an option of another method",
    () => checkOptions("judge", { stopAfter: 3 }),
    /judge has no option "stopAfter"/,
  ],
  [
    "an option named like an object's own member",
    () => checkOptions("judge", { constructor: 1 }),
    /no option "constructor"/,
  ],
  [
    "options null",
    () => checkOptions("judge", null as never),
    /an object for the options of judge but received null/,
  ],
  [
    "options a function",
    () => checkOptions("judge", (() => {}) as never),
    /an object for the options/,
  ],
  ["signal", () => checkOptions("judge", { signal: {} }), /an AbortSignal for signal/],
  [
    "onProgress",
    () => checkOptions("filter", { onProgress: "yes" }),
    /a function for onProgress but received "yes"/,
  ],
  [
    "fullVocabulary",
    () => checkOptions("judge", { fullVocabulary: 1 }),
    /true or false for fullVocabulary/,
  ],
  [
    "stopAfter 0",
    () => checkOptions("filter", { stopAfter: 0 }),
    /a whole number from 1 to 1000000 for stopAfter but received 0 of type number/,
  ],
  ["topK 1.5", () => checkOptions("rank", { topK: 1.5 }), /topK but received 1\.5/],
  [
    "threads NaN",
    () => checkOptions("loadGate", { threads: Number.NaN }),
    /threads but received NaN/,
  ],
  [
    "threads a string",
    () => checkOptions("loadGate", { threads: "4" }),
    /threads but received "4" of type string/,
  ],
];

describe("what is refused", () => {
  it.each(refusals)("%s", (_name, check, message) => {
    expect(check).toThrow(
      expect.objectContaining({ code: "INPUT_INVALID", message: expect.stringMatching(message) }),
    );
  });

  it("quotes text so that it cannot forge lines", () => {
    const forged = () => checkOptions("judge", { "a\nqrag: all good\u001b[2J": 1 });
    expect(forged).toThrow(/"a\\nqrag: all good\\u001b\[2J"/);
  });
});

describe("what is accepted", () => {
  it("takes options that are undefined as absent", () => {
    expect(checkOptions("filter", undefined)).toEqual({});
    expect(checkOptions("filter", { signal: undefined, stopAfter: 2 })).toEqual({ stopAfter: 2 });
  });

  it("reads a passage's text once", () => {
    let reads = 0;
    const passage = {
      get text() {
        return `read ${++reads}`;
      },
    };
    expect(checkPassages([passage], asked)).toEqual({
      list: [passage],
      given: [{ text: "read 1" }],
    });
  });

  it("takes empty passages, NUL and lone surrogates as text", () => {
    for (const text of ["", "\0", "\uD800", " "]) expect(checkPassage({ text }, "p")).toBe(text);
  });

  it("takes any iterable of passages", () => {
    expect(checkPassages(new Set(["a", "b"]), asked).given).toEqual([{ text: "a" }, { text: "b" }]);
  });

  it("takes texts as long as the limits", () => {
    expect(checkQuery("q".repeat(limits.queryLength))).toHaveLength(limits.queryLength);
  });

  it("uses the processors there are, and the number asked for", () => {
    expect(checkThreads(undefined)).toBe(Math.min(8, availableProcessors()));
    expect(checkThreads(3)).toBe(3);
  });
});

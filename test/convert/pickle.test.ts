// The pickle reader: data comes out as data, classes and calls as inert records, everything else is refused.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { QragError } from "../../base/errors.ts";
import { readPickle } from "../../convert/checkpoint/pickle.ts";
import { pickleLimits } from "../../convert/checkpoint/pickle_machine.ts";
import {
  InertRecord,
  PersistentId,
  type Pickled,
  PickledGlobal,
  PickledSet,
  PickledTuple,
} from "../../convert/checkpoint/pickle_values.ts";
import {
  append,
  appends,
  build,
  type Code,
  call,
  emptyDict,
  emptyList,
  emptySet,
  emptyTuple,
  float,
  get,
  global,
  int,
  mark,
  newObject,
  none,
  orderedDict,
  persistentId,
  pickleOf,
  pop,
  popMark,
  put,
  raw,
  reduce,
  setItem,
  setItems,
  text,
  tuple,
  tupleOf,
  value,
} from "./pickle_builder.ts";
import { bytesOf, concat, fields } from "./zip_builder.ts";

function read(...code: Code[]): Pickled {
  return readPickle(pickleOf(...code)).value;
}

describe("readPickle reads", () => {
  const plain: Record<string, [Code, Pickled]> = {
    none: [none, null],
    true: [raw(0x88), true],
    false: [raw(0x89), false],
    "a byte": [raw(0x4b, 200), 200],
    "two bytes": [raw(0x4d, 1, 2), 513],
    "a negative integer": [int(-7), -7],
    "an integer of 8 bytes": [int(2 ** 40), 2 ** 40],
    "a negative integer of 1 byte": [raw(0x8a, 1, 0xff), -1],
    "an integer of no bytes": [raw(0x8a, 0), 0],
    "an integer too large for a number": [raw(0x8a, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1), 2n ** 64n],
    "a long of the second kind": [concat([raw(0x8b), fields([4, 2]), raw(0, 1)]), 256],
    "a float": [float(0.1), 0.1],
    "a text": [text("h\u00e9 \ufeff"), "h\u00e9 \ufeff"],
    "a short text": [raw(0x8c, 1, 0x61), "a"],
    "a text with a long length": [concat([raw(0x8d), fields([8, 1]), raw(0x61)]), "a"],
    bytes: [raw(0x43, 2, 1, 2), Uint8Array.of(1, 2)],
    "bytes with 4 bytes of length": [concat([raw(0x42), fields([4, 1]), raw(9)]), Uint8Array.of(9)],
    "bytes with 8 bytes of length": [concat([raw(0x8e), fields([8, 1]), raw(9)]), Uint8Array.of(9)],
    "a byte array": [concat([raw(0x96), fields([8, 1]), raw(9)]), Uint8Array.of(9)],
    "a list": [concat([emptyList, int(1), append, mark, int(2), int(3), appends]), [1, 2, 3]],
    "a dict": [concat([emptyDict, text("a"), int(1), setItem]), new Map([["a", 1]])],
    "a dict whose later key wins": [value(dictTwice()), new Map([["a", 2]])],
    tuples: [
      concat([int(1), raw(0x85), int(2), raw(0x86), int(3), none, raw(0x87)]),
      new PickledTuple([new PickledTuple([new PickledTuple([1]), 2]), 3, null]),
    ],
    sets: [concat([emptySet, mark, int(1), raw(0x90)]), new PickledSet([1])],
    "a frozen set": [concat([mark, int(1), raw(0x91)]), new PickledSet([1])],
    "what was popped not": [concat([int(1), int(2), pop, mark, int(3), popMark]), 1],
    "memoized values again": [
      concat([text("a"), put(7), text("b"), raw(0x94), get(7), raw(0x87)]),
      new PickledTuple(["a", "b", "a"]),
    ],
    "a memo with large numbers": [
      concat([int(5), raw(0x72, 0xff, 0xff, 0xff, 0xff), pop, raw(0x6a, 0xff, 0xff, 0xff, 0xff)]),
      5,
    ],
    "frames, without using them": [concat([raw(0x95), fields([8, 1]), none]), null],
    "a class's name": [global("torch", "float32"), new PickledGlobal("torch", "float32")],
    "a class's name from the stack": [
      concat([text("a.b"), text("C"), raw(0x93)]),
      new PickledGlobal("a.b", "C"),
    ],
    "a persistent id": [concat([text("x"), persistentId]), new PersistentId("x")],
  };
  for (const [name, [code, expected]] of Object.entries(plain)) {
    it(name, () => expect(read(code)).toEqual(expected));
  }

  function dictTwice(): Code {
    return concat([emptyDict, mark, text("a"), int(1), text("a"), int(2), setItems]);
  }

  it("protocols 2 to 5", () => {
    for (const protocol of [2, 3, 4, 5]) {
      expect(readPickle(raw(0x80, protocol, 0x4e, 0x2e)).value).toBe(null);
    }
  });

  it("an object of an unknown class as its name and state", () => {
    const code = concat([
      global("__main__", "Config"),
      emptyTuple,
      newObject,
      value({ dim: 8 }),
      build,
    ]);
    const record = read(code) as InertRecord;
    expect(record).toBeInstanceOf(InertRecord);
    expect(record.maker.path).toBe("__main__.Config");
    expect(record.state).toEqual(new Map([["dim", 8]]));
  });

  it("an object made with named arguments", () => {
    const code = concat([global("a", "B"), tupleOf(int(1)), value({ x: 2 }), raw(0x92)]);
    expect((read(code) as InertRecord).args).toEqual([1, new Map([["x", 2]])]);
  });

  it("subclasses of list and dict by their members", () => {
    const code = concat([orderedDict(), mark, text("a"), int(1), setItems, mark, int(5), appends]);
    const record = read(code) as InertRecord;
    expect(record.entries).toEqual(new Map([["a", 1]]));
    expect(record.items).toEqual([5]);
  });

  it("a list that contains itself", () => {
    const list = read(emptyList, put(0), get(0), append) as Pickled[];
    expect(list[0]).toBe(list);
  });

  it("prototype names as plain keys", () => {
    const dict = read(value(JSON.parse('{"__proto__": 1, "constructor": 2}'))) as Map<
      Pickled,
      Pickled
    >;
    expect([...dict.keys()]).toEqual(["__proto__", "constructor"]);
    expect(({} as Record<string, unknown>)["1"]).toBe(undefined);
  });

  it("every name that is mentioned", () => {
    const { globals } = readPickle(pickleOf(call("os", "system", text("true"))));
    expect([...globals]).toEqual(["os.system"]);
  });
});

describe("readPickle runs nothing: it makes records of", () => {
  const command = text("exit 1");
  const hostile: Record<string, Code> = {
    "os.system by REDUCE": call("os", "system", command),
    "posix.system by REDUCE": call("posix", "system", command),
    "builtins.eval by REDUCE": call("builtins", "eval", command),
    "subprocess.Popen by NEWOBJ": concat([
      global("subprocess", "Popen"),
      tupleOf(command),
      newObject,
    ]),
    "nt.system by STACK_GLOBAL": concat([
      text("nt"),
      text("system"),
      raw(0x93),
      tupleOf(command),
      reduce,
    ]),
    "pip.main by NEWOBJ_EX": concat([
      global("pip", "main"),
      tupleOf(command),
      emptyDict,
      raw(0x92),
    ]),
    "a __setstate__ by BUILD": concat([call("a", "B"), tupleOf(command), build]),
    "an import by its name alone": global("antigravity", "x"),
  };
  for (const [name, code] of Object.entries(hostile)) {
    it(name, () => {
      const found = read(code);
      expect(found instanceof InertRecord || found instanceof PickledGlobal).toBe(true);
    });
  }
});

describe("readPickle refuses", () => {
  const record = call("a", "B");
  const malformed: Record<string, [Uint8Array, RegExp]> = {
    nothing: [raw(), /cut off/],
    "no protocol": [raw(0x4e, 0x2e), /protocol/],
    "protocol 1": [raw(0x80, 1, 0x4e, 0x2e), /protocol/],
    "protocol 6": [raw(0x80, 6, 0x4e, 0x2e), /protocol/],
    "a second protocol": [pickleOf(raw(0x80, 2), none), /PROTO/],
    "a second pickle": [concat([pickleOf(none), pickleOf(none)]), /behind its end/],
    "a byte behind the end": [concat([pickleOf(none), raw(0)]), /behind its end/],
    "no value": [pickleOf(), /missing/],
    "two values": [pickleOf(none, none), /more than one/],
    "an open mark": [pickleOf(none, mark), /missing|more than one/],
    "an open mark below the value": [pickleOf(mark, none), /more than one/],
    "a tuple without a mark": [pickleOf(none, tuple), /mark is missing/],
    "values from below a mark": [pickleOf(int(1), mark, raw(0x85)), /missing/],
    "a pop below a mark": [pickleOf(int(1), mark, pop), /missing/],
    "a pop of nothing": [pickleOf(pop), /missing/],
    "an unknown opcode": [pickleOf(raw(0xff)), /0xff/],
    "INT, a text opcode": [pickleOf(bytesOf("I0x10\n")), /INT/],
    "LONG, a text opcode": [pickleOf(bytesOf("L1L\n")), /LONG/],
    "FLOAT, a text opcode": [pickleOf(bytesOf("F1.0\n")), /FLOAT/],
    "STRING, a text opcode": [pickleOf(bytesOf("S'a'\n")), /STRING/],
    "UNICODE, a text opcode": [pickleOf(bytesOf("Va\n")), /UNICODE/],
    "GET, a text opcode": [pickleOf(bytesOf("g0\n")), /GET/],
    "PUT, a text opcode": [pickleOf(none, bytesOf("p0\n")), /PUT/],
    "PERSID, a text opcode": [pickleOf(bytesOf("P0\n")), /PERSID/],
    "os.system by INST": [pickleOf(mark, text("exit 1"), bytesOf("ios\nsystem\n")), /INST/],
    "os.system by OBJ": [pickleOf(mark, global("os", "system"), text("exit 1"), raw(0x6f)), /OBJ/],
    "a class by its extension number": [pickleOf(raw(0x82, 1)), /EXT1/],
    "a buffer from outside": [pickleOf(raw(0x97)), /NEXT_BUFFER/],
    "strings of Python 2": [pickleOf(raw(0x55, 1, 0x61)), /SHORT_BINSTRING/],
    "a call of a text": [
      pickleOf(text("os.system"), emptyTuple, reduce),
      /not a class and a tuple/,
    ],
    "a call of a record": [pickleOf(record, emptyTuple, reduce), /not a class and a tuple/],
    "a call with a list": [
      pickleOf(global("a", "B"), emptyList, reduce),
      /not a class and a tuple/,
    ],
    "named arguments that are none": [
      pickleOf(global("a", "B"), emptyTuple, none, raw(0x92)),
      /not a class/,
    ],
    "an append to a dict": [pickleOf(emptyDict, none, append), /not a list/],
    "an item set in a list": [pickleOf(emptyList, none, none, setItem), /not a dict/],
    "a key without a value": [pickleOf(emptyDict, mark, none, setItems), /without a value/],
    "a list as a key": [pickleOf(emptyDict, emptyList, none, setItem), /cannot be one/],
    "a dict as a key": [pickleOf(emptyDict, emptyDict, none, setItem), /cannot be one/],
    "an addition to a list": [pickleOf(emptyList, mark, none, raw(0x90)), /not a set/],
    "a state for a dict": [pickleOf(emptyDict, none, build), /none/],
    "a state set twice": [pickleOf(record, none, build, none, build), /twice/],
    "a memo entry that is not set": [pickleOf(get(0)), /not set/],
    "a memo entry set twice": [pickleOf(none, put(0), put(0)), /twice/],
    "a memo of nothing": [pickleOf(put(0)), /missing/],
    "a class named by a number": [pickleOf(int(1), text("a"), raw(0x93)), /not text/],
    "a class name without end": [pickleOf(bytesOf("cos\nsystem")), /cut off/],
    "a class name too long": [pickleOf(global("a".repeat(2_000), "b")), /too long/],
    "a text that is not UTF-8": [pickleOf(raw(0x8c, 1, 0xff)), /UTF-8/],
    "a text longer than the file": [pickleOf(raw(0x58, 0xff, 0xff, 0xff, 0xff)), /cut off/],
    "a text of 2^63 bytes": [pickleOf(raw(0x8d, 0, 0, 0, 0, 0, 0, 0, 0x80)), /cut off/],
    "a frame longer than the file": [pickleOf(raw(0x95), fields([8, 99]), none), /cut off/],
    "a huge integer": [pickleOf(raw(0x8a, 200), new Uint8Array(200)), /integer/],
    "an integer of 2^31 bytes": [pickleOf(raw(0x8b, 0, 0, 0, 0x80)), /integer/],
    "deep nesting": [pickleOf(new Uint8Array(pickleLimits.marks + 1).fill(0x28)), /nested/],
    "too many values": [
      pickleOf(new Uint8Array(pickleLimits.stack + 1).fill(0x4e)),
      /stack exceeds/,
    ],
    "too many objects": [
      pickleOf(alternating(2 * pickleLimits.objects + 2, 0x7d, 0x30)),
      /objects/,
    ],
    "too much in the memo": [
      pickleOf(none, new Uint8Array(pickleLimits.memo + 1).fill(0x94)),
      /memo exceeds/,
    ],
    "too many opcodes": [pickleOf(alternating(pickleLimits.opcodes + 2, 0x4e, 0x30)), /opcodes/],
  };
  for (const [name, [bytes, reason]] of Object.entries(malformed)) {
    it(name, () => {
      const error = failure(() => readPickle(bytes));
      expect(error).toBeInstanceOf(QragError);
      expect(error.code).toBe("CHECKPOINT_INVALID");
      expect(error.message).toMatch(reason);
    });
  }

  const rich = pickleOf(
    value({ a: [1, 2.5, "text", null, true], b: { c: tupleOf(int(1), orderedDict()) } }),
  );

  it("a pickle cut at any byte", () => {
    for (let length = 0; length < rich.length; length++) {
      expect(() => readPickle(rich.subarray(0, length)), `${length} bytes`).toThrow(QragError);
    }
  });

  it("or reads: nothing else happens, whatever bytes are changed", () => {
    const change = fc.tuple(fc.nat(rich.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), (changes) => {
        const changed = rich.slice();
        for (const [at, byte] of changes) changed[at] = byte;
        const error = failure(() => readPickle(changed));
        if (error) expect(error).toBeInstanceOf(QragError);
      }),
      { seed: 1, numRuns: 5_000 },
    );
  });

  it("or reads any sequence of its opcodes", () => {
    const opcode = fc.oneof(
      fc.constantFrom(...[none, mark, tuple, emptyTuple, emptyDict, emptyList, emptySet, setItem]),
      fc.constantFrom(...[setItems, append, appends, reduce, newObject, build, persistentId, pop]),
      fc.constantFrom(...[popMark, get(0), put(0), int(3), text("a"), global("os", "system")]),
    );
    fc.assert(
      fc.property(fc.array(opcode, { maxLength: 30 }), (code) => {
        const error = failure(() => readPickle(pickleOf(...code)));
        if (error) expect(error).toBeInstanceOf(QragError);
      }),
      { seed: 1, numRuns: 5_000 },
    );
  });
});

function alternating(length: number, even: number, odd: number): Code {
  return new Uint8Array(length).map((_, index) => (index % 2 ? odd : even));
}

function failure(run: () => unknown): QragError {
  try {
    run();
  } catch (error) {
    return error as QragError;
  }
  return undefined as unknown as QragError;
}

// The zip reader: what torch.save writes is read, everything ambiguous or damaged is refused with its reason.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { QragError } from "../../base/errors.ts";
import { crc32 } from "../../convert/checkpoint/crc32.ts";
import { readZip } from "../../convert/checkpoint/zip.ts";
import { bytesSource } from "../../gguf/source.ts";
import {
  type BuildOptions,
  type BuiltEntry,
  buildZip,
  bytesOf,
  concat,
  fields,
  zip64Extra,
} from "./zip_builder.ts";

const data = bytesOf("some bytes of a storage");
const a: BuiltEntry = { name: "m/a", data };
const b: BuiltEntry = { name: "m/b", data: bytesOf("other bytes") };
const full32 = 0xffffffff;

async function contents(bytes: Uint8Array): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const [name, entry] of await readZip(bytesSource(bytes))) {
    found.set(name, new TextDecoder().decode(await entry.read()));
  }
  return found;
}

const expected = new Map([
  ["m/a", "some bytes of a storage"],
  ["m/b", "other bytes"],
]);

describe("readZip reads", () => {
  const sound: Record<string, [BuiltEntry[], BuildOptions?]> = {
    "plain entries": [[a, b]],
    "sizes behind the data, as torch.save writes them": [
      [
        { ...a, descriptor: true },
        { ...b, descriptor: "wide" },
      ],
      { wide: true },
    ],
    "padding in extra fields": [
      [{ ...a, local: { extra: fields([2, 0x4246], [2, 3], [3, 0]) } }, b],
    ],
    "64-bit sizes and offsets": [
      [
        {
          ...a,
          local: { stored: full32, size: full32, extra: zip64Extra(data.length, data.length) },
          central: { stored: full32, size: full32, extra: zip64Extra(data.length, data.length) },
        },
        b,
      ],
      { wide: true, end: { count: 0xffff, length: full32, offset: full32 } },
    ],
  };
  for (const [name, [entries, options]] of Object.entries(sound)) {
    it(name, async () => {
      expect(await contents(buildZip(entries, options))).toEqual(expected);
    });
  }

  it("an empty archive", async () => {
    expect(await contents(buildZip([]))).toEqual(new Map());
  });

  it("an entry without bytes", async () => {
    expect(await contents(buildZip([{ name: "m/x", data: new Uint8Array() }]))).toEqual(
      new Map([["m/x", ""]]),
    );
  });

  it("parts of an entry, and nothing beyond it", async () => {
    const entry = (await readZip(bytesSource(buildZip([a])))).get("m/a")!;
    expect(new TextDecoder().decode(await entry.read(5, 5))).toBe("bytes");
    await expect(entry.read(20, 10)).rejects.toThrow(RangeError);
  });
});

describe("readZip refuses", () => {
  const many = Array.from({ length: 3 }, (_, i) => ({ name: `m/${i}`, data }));
  const malformed: Record<string, [BuiltEntry[], BuildOptions | undefined, RegExp]> = {
    "bytes behind the end": [[a], { after: new Uint8Array(1) }, /end record/],
    "a comment": [[a], { end: { commentLength: 2 }, after: bytesOf("no") }, /end record/],
    "an announced comment": [[a], { end: { commentLength: 2 } }, /comment/],
    "several disks": [[a], { end: { disk: 1 } }, /several parts/],
    "an entry on another disk": [[{ ...a, central: { disk: 1 } }], undefined, /several parts/],
    "counts that differ": [[a], { end: { here: 2 } }, /several parts/],
    "more entries than listed": [[a, b], { end: { count: 1 } }, /belong to no entry|too long/],
    "fewer entries than listed": [[a], { end: { count: 2 } }, /cut off/],
    "too many entries": [
      [a],
      { wide: true, end: { count: 0xffff }, end64: { count: 70_000, here: 70_000 } },
      /at most 65536/,
    ],
    "a directory that is elsewhere": [[a], { end: { offset: 3 } }, /does not end/],
    "bytes before the end record": [[a], { beforeEnd: new Uint8Array(4) }, /does not end/],
    "bytes before the directory": [[a], { beforeDirectory: new Uint8Array(4) }, /unused bytes/],
    "bytes before the first entry": [
      [{ ...a, before: new Uint8Array(4) }],
      undefined,
      /unused bytes/,
    ],
    "bytes between entries": [[a, { ...b, before: new Uint8Array(4) }], undefined, /unused bytes/],
    "a directory too long for its entries": [
      [{ ...a, central: { extra: new Uint8Array(2_000) } }],
      undefined,
      /too long/,
    ],
    "an impossible 64-bit count": [
      [a],
      { wide: true, end: { count: 0xffff }, end64: { count: 2 ** 60, here: 2 ** 60 } },
      /impossible/,
    ],
    "end records that disagree": [[a], { wide: true, end64: { count: 2, here: 2 } }, /disagree/],
    "a 64-bit end record elsewhere": [[a], { wide: true, end64: { at: 1 } }, /locator/],
    "a 64-bit end record of another length": [
      [a],
      { wide: true, end64: { recordLength: 60 } },
      /length/,
    ],
    "a locator without its record": [[a], { wide: true, end64: { signature: 1 } }, /missing/],
    "64-bit parts": [[a], { wide: true, end64: { disks: 2 } }, /several parts/],
    "a wrong directory signature": [[{ ...a, central: { signature: 1 } }], undefined, /signature/],
    "a wrong header signature": [[{ ...a, local: { signature: 1 } }], undefined, /header/],
    "equal names": [[a, { ...b, name: "m/a" }], undefined, /two entries/],
    "names equal but for case": [[a, { ...b, name: "M/A" }], undefined, /two entries/],
    "an empty name": [[{ ...a, name: "" }], undefined, /name/],
    "a name too long": [[{ ...a, name: "n".repeat(1_025) }, ...many], undefined, /name|too long/],
    "a name that is not UTF-8": [
      [{ ...a, local: { name: fields([1, 0xff]) }, central: { name: fields([1, 0xff]) } }],
      undefined,
      /UTF-8/,
    ],
    "a name that climbs": [[{ ...a, name: "m/../a" }], undefined, /plain relative path/],
    "an absolute name": [[{ ...a, name: "/m/a" }], undefined, /plain relative path/],
    "a backslash in a name": [[{ ...a, name: "m\\a" }], undefined, /plain relative path/],
    "a control character in a name": [[{ ...a, name: "m/a\n" }], undefined, /plain relative path/],
    "a folder entry": [[{ ...a, name: "m/" }], undefined, /plain relative path/],
    "an encrypted entry": [
      [{ ...a, central: { flags: 1 }, local: { flags: 1 } }],
      undefined,
      /encrypted/,
    ],
    "unknown flags": [[{ ...a, central: { flags: 4 }, local: { flags: 4 } }], undefined, /flags/],
    "a compressed entry": [
      [{ ...a, central: { method: 8 }, local: { method: 8 } }],
      undefined,
      /torch\.save/,
    ],
    "a stored size that differs": [[{ ...a, central: { stored: 3 } }], undefined, /compressed/],
    "an entry comment": [[{ ...a, central: { comment: data } }], undefined, /comment/],
    "a broken extra field": [
      [{ ...a, central: { extra: fields([2, 1], [2, 9]) } }],
      undefined,
      /extra/,
    ],
    "two 64-bit extra fields": [
      [{ ...a, central: { extra: concat([zip64Extra(1), zip64Extra(1)]) } }],
      undefined,
      /two 64-bit/,
    ],
    "a 64-bit size that is missing": [
      [{ ...a, central: { size: full32, stored: full32 } }],
      undefined,
      /does not have it/,
    ],
    "an impossible 64-bit size": [
      [{ ...a, central: { size: full32, stored: full32, extra: zip64Extra(2 ** 62, 2 ** 62) } }],
      undefined,
      /impossible/,
    ],
    "a size beyond the file": [
      [
        {
          ...a,
          central: { size: 2 ** 31, stored: 2 ** 31 },
          local: { size: 2 ** 31, stored: 2 ** 31 },
        },
      ],
      undefined,
      /overlaps/,
    ],
    "an offset beyond the file": [
      [{ ...a, central: { offset: 2 ** 31 } }],
      undefined,
      /unused bytes/,
    ],
    "two entries over the same bytes": [
      [a, { ...a, name: "m/b", central: { offset: 0 } }],
      undefined,
      /overlaps/,
    ],
    "another name in the header": [
      [{ ...a, local: { name: bytesOf("m/b") } }],
      undefined,
      /another name/,
    ],
    "another length of name in the header": [
      [{ ...a, local: { name: bytesOf("m/abc") } }],
      undefined,
      /another name/,
    ],
    "other flags in the header": [[{ ...a, local: { flags: 0 } }], undefined, /differently/],
    "another method in the header": [[{ ...a, local: { method: 8 } }], undefined, /differently/],
    "another size in the header": [
      [{ ...a, local: { size: 3, stored: 3 } }],
      undefined,
      /differently/,
    ],
    "another checksum in the header": [[{ ...a, local: { crc: 3 } }], undefined, /differently/],
    "sizes of 0 that do not follow": [
      [{ ...a, local: { crc: 0, size: 0, stored: 0 } }],
      undefined,
      /differently/,
    ],
    "sizes behind the data that differ": [
      [
        {
          ...a,
          descriptor: true,
          descriptorBytes: fields([4, 0x08074b50], [4, crc32(data)], [4, 1], [4, 1]),
        },
      ],
      undefined,
      /differ/,
    ],
    "sizes behind the data without signature": [
      [
        {
          ...a,
          descriptor: true,
          descriptorBytes: fields([4, crc32(data)], [4, 23], [4, 23], [4, 0]),
        },
      ],
      undefined,
      /differ/,
    ],
    "sizes behind the data that are missing": [
      [{ ...a, descriptor: true, descriptorBytes: new Uint8Array() }],
      undefined,
      /followed/,
    ],
    "more behind the data than its sizes": [
      [{ ...a, descriptor: true, after: new Uint8Array(4) }],
      undefined,
      /followed/,
    ],
  };
  for (const [name, [entries, options, reason]] of Object.entries(malformed)) {
    it(name, async () => {
      const error = await contents(buildZip(entries, options)).catch((caught) => caught);
      expect(error).toBeInstanceOf(QragError);
      expect(error.code).toBe("CHECKPOINT_INVALID");
      expect(error.message).toMatch(reason);
    });
  }

  it("damaged data, whole or in part", async () => {
    const bytes = buildZip([a]);
    bytes[30 + "m/a".length]! ^= 1;
    const entry = (await readZip(bytesSource(bytes))).get("m/a")!;
    await expect(entry.read()).rejects.toThrow(/checksum/);
    await expect(entry.read(3, 2)).rejects.toThrow(/checksum/);
    await expect(entry.read(4, 2)).rejects.toThrow(/checksum/);
  });

  it("a file cut at any byte", async () => {
    const bytes = buildZip([{ ...a, descriptor: true }, b], { wide: true });
    for (let length = 0; length < bytes.length; length++) {
      await expect(contents(bytes.slice(0, length)), `${length} bytes`).rejects.toThrow(QragError);
    }
  });

  it("or reads the same, whatever byte is changed", async () => {
    const bytes = buildZip([{ ...a, descriptor: true }, b], { wide: true });
    const change = fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }));
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
        const changed = bytes.slice();
        for (const [at, mask] of changes) changed[at]! ^= mask;
        const found = await contents(changed).catch((error) => {
          expect(error).toBeInstanceOf(QragError);
        });
        // Names are not under the checksum; the contents are.
        if (found) expect([...found.values()]).toEqual([...expected.values()]);
      }),
      { seed: 1, numRuns: 2_000 },
    );
  });
});

describe("crc32", () => {
  it("has the values everyone agrees on", () => {
    expect(crc32(bytesOf("123456789"))).toBe(0xcbf43926);
    expect(crc32(new Uint8Array())).toBe(0);
  });

  it("can be taken in pieces", () => {
    const bytes = Uint8Array.from({ length: 100 }, (_, i) => i * 37);
    for (let cut = 0; cut <= 100; cut++) {
      expect(crc32(bytes.subarray(cut), crc32(bytes.subarray(0, cut)))).toBe(crc32(bytes));
    }
  });
});

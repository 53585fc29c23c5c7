// Scanning vectors: what is found, the same with every kernel set; the memory it reads; aborts, and hostile arguments.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { QragError } from "../../base/errors.ts";
import type { Segment } from "../../native/contract.ts";
import { addon } from "../../native/loader.ts";
import { type Hit, nearest, quantize, signBits } from "../../native/scan.ts";

let state = 7;
/** Below 1 from -1 on, the same in every run. */
function random(): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 31 - 1;
}

const randomVector = (dimensions: number) => Float32Array.from({ length: dimensions }, random);

function segmentOf(rows: readonly Float32Array[], dimensions: number): Segment {
  const bytes = Math.ceil(dimensions / 8);
  const vectors = new Int8Array(rows.length * dimensions);
  const scales = new Float32Array(rows.length);
  const bits = new Uint8Array(rows.length * bytes);
  for (const [row, vector] of rows.entries()) {
    const { int8, scale } = quantize(vector);
    vectors.set(int8, row * dimensions);
    scales[row] = scale;
    bits.set(signBits(vector), row * bytes);
  }
  return { vectors, scales, bits };
}

const randomSegment = (rows: number, dimensions: number) =>
  segmentOf(
    Array.from({ length: rows }, () => randomVector(dimensions)),
    dimensions,
  );

function bitDistance(a: Uint8Array, b: Uint8Array): number {
  let distance = 0;
  for (let i = 0; i < a.length; i++) {
    for (let left = a[i]! ^ b[i]!; left > 0; left &= left - 1) distance++;
  }
  return distance;
}

const isSkipped = ({ skip }: Segment, row: number) =>
  skip !== undefined && ((skip[row >> 3]! >> (row & 7)) & 1) === 1;

/** What nearest() must give, by looking at every row. */
function plainNearest(
  query: Float32Array,
  segments: readonly Segment[],
  k: number,
  candidates = 0,
): Hit[] {
  const { int8, scale } = quantize(query);
  const queryBits = signBits(query);
  const rows = segments.flatMap((segment, index) =>
    Array.from({ length: segment.scales.length }, (_, row) => ({ index, segment, row })),
  );
  const scored = rows
    .filter(({ segment, row }) => !isSkipped(segment, row))
    .map(({ index, segment, row }) => {
      let product = 0;
      for (const [i, value] of int8.entries())
        product += value * segment.vectors[row * int8.length + i]!;
      const bits = segment.bits!.subarray(row * queryBits.length, (row + 1) * queryBits.length);
      const hit = { segment: index, row, score: product * segment.scales[row]! * scale };
      return { hit, distance: bitDistance(bits, queryBits) };
    });
  // Array.sort is stable: equal ones stay in their order.
  const chosen = new Set(scored);
  if (candidates > 0) {
    for (const each of scored.toSorted((a, b) => a.distance - b.distance).slice(candidates)) {
      chosen.delete(each);
    }
  }
  const hits = [...chosen].map(({ hit }) => hit);
  return hits.sort((a, b) => b.score - a.score).slice(0, k);
}

describe("quantize and signBits", () => {
  it("give int8 within half a scale, and the signs", () => {
    const vector = randomVector(385);
    const { int8, scale } = quantize(vector);
    expect(Math.max(...int8.map(Math.abs))).toBe(127);
    for (const [i, value] of vector.entries()) {
      expect(Math.abs(int8[i]! * scale - value)).toBeLessThanOrEqual(scale * 0.50001);
      expect((signBits(vector)[i >> 3]! >> (i & 7)) & 1).toBe(value > 0 ? 1 : 0);
    }
    expect(signBits(vector).length).toBe(49);
    expect(Math.fround(scale)).toBe(scale);
  });

  it("take zeros, extremes and nothing, and refuse what is not finite", () => {
    expect(quantize(new Float32Array(3))).toEqual({ int8: new Int8Array(3), scale: 0 });
    expect(quantize(new Float32Array([3.4e38, -3.4e38])).int8).toEqual(new Int8Array([127, -127]));
    expect(quantize(new Float32Array(0)).int8.length).toBe(0);
    for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      expect(() => quantize(new Float32Array([1, wrong]))).toThrow(`received ${wrong} at 1`);
    }
  });
});

describe("nearest", () => {
  const dimensions = 100;
  const segments = [700, 0, 1, 999, 8].map((rows) => randomSegment(rows, dimensions));

  it("finds what plain loops find, in int8 and by bits first, to the last bit", async () => {
    for (const k of [1, 10, 5000]) {
      const query = randomVector(dimensions);
      for (const threads of [1, 2, 7]) {
        expect(await nearest(query, dimensions, segments, { k, threads })).toEqual(
          plainNearest(query, segments, k),
        );
      }
    }
    const query = randomVector(dimensions);
    const options = { k: 10, bits: { candidates: 60 } };
    const hits = await nearest(query, dimensions, segments, options);
    expect(hits).toEqual(plainNearest(query, segments, 10, 60));
    expect(hits).not.toEqual(plainNearest(query, segments, 10));
  });

  it("finds a row itself first, with about the square of its length as score", async () => {
    const rows = Array.from({ length: 300 }, () => randomVector(384));
    const query = rows[123]!;
    const [hit] = await nearest(query, 384, [segmentOf(rows, 384)], { k: 1 });
    expect(hit).toMatchObject({ segment: 0, row: 123 });
    const square = query.reduce((sum, value) => sum + value * value, 0);
    expect(Math.abs(hit!.score / square - 1)).toBeLessThan(0.005);
  });

  it("leaves skipped rows out", async () => {
    const query = randomVector(dimensions);
    const filtered = segments.map((segment) => {
      const skip = new Uint8Array(Math.ceil(segment.scales.length / 8));
      for (let row = 0; row < segment.scales.length; row++) {
        if (row % 100 > 30) skip[row >> 3]! |= 1 << (row & 7);
      }
      return { ...segment, skip };
    });
    for (const candidates of [0, 100]) {
      const options = candidates > 0 ? { k: 20, bits: { candidates } } : { k: 20 };
      expect(await nearest(query, dimensions, filtered, options)).toEqual(
        plainNearest(query, filtered, 20, candidates),
      );
    }
  });

  it("gives equal rows in their order", async () => {
    const same = segmentOf(Array(5).fill(randomVector(dimensions)), dimensions);
    const hits = await nearest(randomVector(dimensions), dimensions, [same, same], { k: 7 });
    expect(hits.map(({ segment, row }) => [segment, row])).toEqual(
      [0, 1, 2, 3, 4, 5, 6].map((at) => [Math.floor(at / 5), at % 5]),
    );
  });

  it("gives nothing of nothing", async () => {
    const empty = segmentOf([], dimensions);
    expect(await nearest(randomVector(dimensions), dimensions, [], { k: 3 })).toEqual([]);
    expect(await nearest(randomVector(dimensions), dimensions, [empty], { k: 3 })).toEqual([]);
  });

  it("answers many at once, each its own question", async () => {
    const queries = Array.from({ length: 60 }, () => randomVector(dimensions));
    const answers = await Promise.all(
      queries.map((query) => nearest(query, dimensions, segments, { k: 3 })),
    );
    for (const [i, query] of queries.entries()) {
      expect(answers[i]).toEqual(plainNearest(query, segments, 3));
    }
  });
});

describe("the memory of segments", () => {
  const query = randomVector(30);
  const plain = randomSegment(500, 30);
  const expected = plainNearest(query, [plain], 5);

  it("may be shared, and begin at any byte of a buffer", async () => {
    const shared = new SharedArrayBuffer(plain.vectors.length + 1);
    const vectors = new Int8Array(shared, 1);
    vectors.set(plain.vectors);
    const scales = new Float32Array(new ArrayBuffer(4 * 501), 4);
    scales.set(plain.scales);
    expect(await nearest(query, 30, [{ vectors, scales }], { k: 5 })).toEqual(expected);
  });

  it("stays while it is read, though nobody else has it", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const copies = (count: number) =>
      Array.from({ length: count }, () => ({
        vectors: plain.vectors.slice(),
        scales: plain.scales.slice(),
      }));
    const scan = new (addon().Scan)("");
    const { int8, scale } = quantize(query);
    for (let round = 0; round < 5; round++) {
      const many = copies(200);
      const options = { k: 5, candidates: 0, threads: 2 };
      const running = scan.nearest({ vector: int8, scale }, many, options);
      many.length = 0;
      collect();
      const rows = (await running).filter((_, i) => i % 3 !== 2);
      // The same rows in every segment: the best of them in the first five.
      expect([...rows]).toEqual([0, 1, 2, 3, 4].flatMap((at) => [at, expected[0]!.row]));
    }
    scan.dispose();
  });

  it("must have the right length, and keep it", async () => {
    const wrong: [Partial<Record<keyof Segment, unknown>>, string][] = [
      [{ vectors: new Int8Array(500 * 30 - 1) }, "segment 1: expected 500 times 30 numbers"],
      [{ scales: new Float32Array(499) }, "segment 1: expected 499 times 30 numbers"],
      [{ skip: new Uint8Array(62) }, "segment 1: expected 63 times 1 bytes of skip"],
      [{ bits: new Uint8Array(500 * 3) }, "segment 1: expected 500 times 4 bytes of bits"],
      [{ bits: undefined }, "expected a Uint8Array for a segment's bits"],
      [{ vectors: new Uint8Array(500 * 30) }, "expected an Int8Array for a segment's vectors"],
    ];
    for (const [part, message] of wrong) {
      const segments = [plain, { ...plain, ...part } as Segment];
      await expect(
        nearest(query, 30, segments, { k: 5, bits: { candidates: 9 } }),
      ).rejects.toMatchObject({
        code: "INPUT_INVALID",
        message: expect.stringContaining(message),
      });
    }
    const Resizable = ArrayBuffer as new (
      length: number,
      options: { maxByteLength: number },
    ) => ArrayBuffer;
    const vectors = new Int8Array(new Resizable(15_000, { maxByteLength: 20_000 }));
    await expect(nearest(query, 30, [{ ...plain, vectors }], { k: 5 })).rejects.toMatchObject({
      code: "INPUT_INVALID",
      message: expect.stringContaining("resizable"),
    });
  });
});

describe("what nearest refuses", () => {
  const segment = randomSegment(10, 8);
  const good = randomVector(8);
  const cases: [string, () => Promise<unknown>][] = [
    ["at 7", () => nearest(good.with(7, Number.NaN), 8, [segment], { k: 1 })],
    ["at 0", () => nearest(good.with(0, Number.POSITIVE_INFINITY), 8, [segment], { k: 1 })],
    ["zeros alone", () => nearest(new Float32Array(8), 8, [segment], { k: 1 })],
    ["8 numbers", () => nearest(good.subarray(1), 8, [segment], { k: 1 })],
    ["8 numbers", () => nearest([...good] as never, 8, [segment], { k: 1 })],
    ["dimensions", () => nearest(new Float32Array(0), 0, [segment], { k: 1 })],
    ["dimensions", () => nearest(new Float32Array(70_000), 70_000, [segment], { k: 1 })],
    ["for k", () => nearest(good, 8, [segment], { k: 0 })],
    ["for k", () => nearest(good, 8, [segment], { k: 1.5 })],
    ["for threads", () => nearest(good, 8, [segment], { k: 1, threads: 0 })],
    ["for candidates", () => nearest(good, 8, [segment], { k: 5, bits: { candidates: 4 } })],
    ["for candidates", () => nearest(good, 8, [segment], { k: 1, bits: { candidates: 1e9 } })],
    ["an array for segments", () => nearest(good, 8, segment as never, { k: 1 })],
  ];

  it.each(cases)("says %s", async (message, call) => {
    await expect(call()).rejects.toMatchObject({
      code: "INPUT_INVALID",
      message: expect.stringContaining(message),
    });
  });
});

describe("an abort", () => {
  const dimensions = 384;
  const segment = randomSegment(500, dimensions);
  // The same memory many times: long enough to be stopped, and soon made.
  const many = Array<Segment>(400).fill(segment);
  const query = randomVector(dimensions);

  it("rejects with the signal's reason, before, in the line and in mid-search", async () => {
    const reason = new Error("enough");
    const before = nearest(query, dimensions, many, { k: 1, signal: AbortSignal.abort(reason) });
    await expect(before).rejects.toBe(reason);
    const [running, waiting] = [new AbortController(), new AbortController()];
    const searches = [running, waiting].map(({ signal }) =>
      nearest(query, dimensions, many, { k: 1, signal }).catch((error) => error),
    );
    const last = nearest(query, dimensions, many, { k: 1 });
    waiting.abort(reason);
    running.abort(reason);
    expect(await Promise.all(searches)).toEqual([reason, reason]);
    expect(await last).toEqual(plainNearest(query, [segment], 1));
  });

  it("of one signal ends all of its searches, and no other", async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const ended = Array.from({ length: 30 }, () =>
      nearest(query, dimensions, many, { k: 1, signal }).catch((error) => error.name),
    );
    const other = nearest(query, dimensions, many, { k: 1 });
    controller.abort();
    expect(new Set(await Promise.all(ended))).toEqual(new Set(["AbortError"]));
    expect(await other).toHaveLength(1);
  });
});

describe("the addon's scan", () => {
  const segment = randomSegment(200, 24);
  const vector = randomVector(24);
  const { int8, scale } = quantize(vector);
  const query = { vector: int8, scale, bits: signBits(vector) };
  const options = { k: 3, candidates: 0, threads: 1 };
  const triples = (hits: readonly Hit[]) =>
    new Float64Array(hits.flatMap(({ segment, row, score }) => [segment, row, score]));

  it("gives the same with every kernel set", async () => {
    for (const kernels of addon().kernels()) {
      const scan = new (addon().Scan)(kernels);
      expect(scan.kernels).toBe(kernels);
      for (const candidates of [0, 20]) {
        expect(await scan.nearest(query, [segment], { ...options, candidates })).toEqual(
          triples(plainNearest(vector, [segment], 3, candidates)),
        );
      }
      scan.dispose();
    }
    expect(() => new (addon().Scan)("avx9000")).toThrow('no kernels named "avx9000"');
  });

  it("refuses a second call while one runs, and every call when disposed", async () => {
    const scan = new (addon().Scan)("");
    const running = scan.nearest(query, Array(2000).fill(segment), options);
    expect(() => scan.nearest(query, [segment], options)).toThrow("one call at a time");
    scan.stop();
    await running.catch((error) => expect(error.code).toBe("DISPOSED"));
    expect(await scan.nearest(query, [segment], options)).toHaveLength(9);
    scan.stop();
    const last = scan.nearest(query, Array(2000).fill(segment), options);
    scan.dispose();
    scan.dispose();
    await expect(last).rejects.toMatchObject({ code: "DISPOSED" });
    expect(() => scan.nearest(query, [segment], options)).toThrow("disposed");
  });

  it("takes hostile arguments for what they are, and still works", async () => {
    const scan = new (addon().Scan)("");
    const expected = await scan.nearest(query, [segment], options);
    const detached = new Int8Array(24 * 200);
    structuredClone(detached.buffer, { transfer: [detached.buffer] });
    const trap = new Proxy({}, { get: () => Number.NaN });
    const { vectors, scales } = segment;
    const hostile: unknown[] = [undefined, null, true, -1, 2 ** 53, Number.NaN, "", Symbol("s")];
    hostile.push([], {}, trap, () => 1, 10n, detached, new Float32Array(200), new Uint8Array(600));
    const survives = async (call: () => unknown) => {
      try {
        await call();
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
        if (error instanceof QragError) expect(error.code).toBe("INPUT_INVALID");
      }
    };
    for (const a of hostile as never[]) {
      await survives(() => new (addon().Scan)(a));
      for (const b of hostile as never[]) {
        await survives(() => scan.nearest(a, b, options));
        await survives(() => scan.nearest({ vector: a, scale: b }, [segment], options));
        await survives(() => scan.nearest(query, [{ vectors: a, scales: b }], options));
        const withBits = { ...options, candidates: 9 };
        await survives(() =>
          scan.nearest(query, [{ vectors, scales, bits: a, skip: b }], withBits),
        );
        await survives(() => scan.nearest(query, [segment], { k: a, candidates: b, threads: 1 }));
        await survives(() => scan.nearest(query, [a, b], { ...options, threads: a }));
      }
      await survives(() => scan.nearest.call(a, query, [segment], options));
    }
    const minimum = { vector: new Int8Array(24).fill(-128), scale };
    expect(() => scan.nearest(minimum, [segment], options)).toThrow("-127 to 127");
    expect(await scan.nearest(query, [segment], options)).toEqual(expected);
    scan.dispose();
  });

  it("takes pointers only when accessors can no longer move what they point to", async () => {
    const scan = new (addon().Scan)("");
    const [vectors, scales] = [segment.vectors.slice(), segment.scales.slice()];
    const mover = {
      scales: segment.scales,
      get vectors() {
        if (vectors.length > 0) structuredClone(vectors.buffer, { transfer: [vectors.buffer] });
        return segment.vectors;
      },
    };
    expect(() => scan.nearest(query, [{ vectors, scales }, mover], options)).toThrow(
      "segment 0: expected 200 times 24 numbers of vectors but received 0",
    );
    let inner: Promise<Float64Array> | undefined;
    const caller = {
      scales: segment.scales,
      get vectors() {
        inner = scan.nearest(query, [segment], options);
        return segment.vectors;
      },
    };
    expect(() => scan.nearest(query, [caller], options)).toThrow("one call at a time");
    expect(await inner).toEqual(triples(plainNearest(vector, [segment], 3)));
    scan.dispose();
  });
});

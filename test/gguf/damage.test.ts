// Damaged files: every single-bit flip of a small one, and random damage to random ones. Accepted means in bounds.
import fc from "fast-check";
import { expect, it } from "vitest";
import { planGguf } from "../../gguf/write.ts";
import { metadataArbitrary, tensorsArbitrary } from "./arbitraries.ts";
import { file, sampleFile, tensor } from "./builder.ts";
import { readDamaged } from "./invariant.ts";

it("survives the flip of every single bit", () => {
  const sample = sampleFile();
  const verdicts = { refused: 0, accepted: 0 };
  for (let bit = 0; bit < sample.length * 8; bit++) {
    const damaged = sample.slice();
    damaged[bit >> 3]! ^= 1 << (bit & 7);
    verdicts[readDamaged(damaged)] += 1;
  }
  // Flips in names, values and data make another sound file; most others must be noticed.
  expect(verdicts.accepted).toBeGreaterThan(1000);
  expect(verdicts.refused).toBeGreaterThan(1000);
});

/** Numbers at which counts, lengths and products change their meaning. */
const edges = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc
    .tuple(
      fc.constantFrom(0n, 8n, 31n, 32n, 48n, 53n, 61n, 62n, 63n, 64n),
      fc.integer({ min: -2, max: 2 }),
    )
    .map(([power, near]) => BigInt.asUintN(64, 2n ** power + BigInt(near))),
);

it("survives an edge value written anywhere in a random file", () => {
  const verdicts = { refused: 0, accepted: 0 };
  fc.assert(
    fc.property(
      metadataArbitrary,
      tensorsArbitrary,
      fc.nat(),
      edges,
      (metadata, tensors, place, value) => {
        const plan = planGguf(metadata, tensors);
        const bytes = Buffer.alloc(plan.size);
        bytes.set(plan.header);
        const at = place % (plan.header.length - 8);
        bytes.writeBigUInt64LE(value, at);
        verdicts[readDamaged(bytes)] += 1;
      },
    ),
    { seed: 20, numRuns: 2000 },
  );
  expect(verdicts.refused).toBeGreaterThan(100);
  expect(verdicts.accepted).toBeGreaterThan(10);
});

it("survives bytes that are cut, doubled, dropped and changed", () => {
  const edit = fc.record({
    kind: fc.constantFrom("cut", "double", "drop", "change"),
    at: fc.nat(),
    length: fc.integer({ min: 1, max: 40 }),
    value: fc.integer({ min: 0, max: 255 }),
  });
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
      let bytes = Buffer.from(sampleFile());
      for (const { kind, at, length, value } of edits) {
        const begin = bytes.length === 0 ? 0 : at % bytes.length;
        const [before, after] = [bytes.subarray(0, begin), bytes.subarray(begin)];
        if (kind === "cut") bytes = before;
        else if (kind === "double")
          bytes = Buffer.concat([before, after.subarray(0, length), after]);
        else if (kind === "drop") bytes = Buffer.concat([before, after.subarray(length)]);
        else bytes = Buffer.concat([before, Buffer.of(value), after.subarray(1)]);
      }
      readDamaged(bytes);
    }),
    { seed: 21, numRuns: 3000 },
  );
});

it("never accepts a tensor whose claimed shape is larger than the file", () => {
  const dimension = fc.oneof(
    { arbitrary: fc.constantFrom(0n, 1n, 2n, 5n, 32n, 64n, 256n), weight: 9 },
    { arbitrary: edges, weight: 1 },
  );
  const record = fc.record({
    shape: fc.array(dimension, { minLength: 1, maxLength: 4 }),
    type: fc.constantFrom(0, 1, 2, 8, 12, 14, 30),
    offset: fc.oneof({ arbitrary: fc.constant(0n), weight: 9 }, { arbitrary: edges, weight: 1 }),
  });
  let accepted = 0;
  fc.assert(
    fc.property(record, fc.integer({ min: 0, max: 12 }), (claim, units) => {
      const bytes = file({ tensors: [tensor(claim)], dataBytes: units * 32 });
      if (readDamaged(bytes) === "accepted") accepted += 1;
    }),
    { seed: 22, numRuns: 3000 },
  );
  expect(accepted).toBeGreaterThan(20);
});

// Random sound metadata and tensors for property tests.
import fc from "fast-check";
import {
  type Metadata,
  type MetadataValue,
  type Scalar,
  type ScalarType,
  type TensorEntry,
  tensorTypeNames,
  tensorTypes,
} from "../../gguf/format.ts";

const texts = fc.string({ unit: "binary", maxLength: 12 });

const scalars: Record<ScalarType, fc.Arbitrary<Scalar>> = {
  u8: fc.integer({ min: 0, max: 255 }),
  i8: fc.integer({ min: -128, max: 127 }),
  u16: fc.integer({ min: 0, max: 65_535 }),
  i16: fc.integer({ min: -32_768, max: 32_767 }),
  u32: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  i32: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  u64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  i64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  f32: fc.float(),
  f64: fc.double(),
  bool: fc.boolean(),
  string: texts,
};

const scalarType = fc.constantFrom(...(Object.keys(scalars) as ScalarType[]));

const value: fc.Arbitrary<MetadataValue> = fc.oneof(
  scalarType.chain((type) => scalars[type].map((value) => ({ type, value }) as MetadataValue)),
  scalarType.chain((of) =>
    fc
      .array(scalars[of], { maxLength: 6 })
      .map((value) => ({ type: "array", of, value }) as MetadataValue),
  ),
);

const names = fc
  .string({ minLength: 1, maxLength: 12, unit: "binary" })
  .filter((name) => !name.includes("\0") && name !== "general.alignment");

const alignment = fc.option(fc.constantFrom(8, 16, 32, 64, 4096), { nil: undefined });

export const metadataArbitrary: fc.Arbitrary<Metadata> = fc
  .tuple(
    fc.uniqueArray(fc.tuple(names, value), { selector: ([key]) => key, maxLength: 6 }),
    alignment,
  )
  .map(([entries, alignment]) => {
    const metadata = new Map<string, MetadataValue>(entries);
    if (alignment !== undefined)
      metadata.set("general.alignment", { type: "u32", value: alignment });
    return metadata;
  });

const tensor: fc.Arbitrary<TensorEntry> = fc
  .record({
    name: names,
    type: fc.constantFrom(...tensorTypeNames),
    blocks: fc.integer({ min: 1, max: 3 }),
    others: fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 3 }),
  })
  .map(({ name, type, blocks, others }) => {
    const rowLength = blocks * tensorTypes[type].blockLength;
    return { name, type, shape: [rowLength, ...others] };
  });

export const tensorsArbitrary: fc.Arbitrary<TensorEntry[]> = fc.uniqueArray(tensor, {
  selector: ({ name }) => name,
  maxLength: 4,
});

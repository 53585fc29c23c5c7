// Metadata entries out of a header: names, typed values, and the one entry the format itself needs, the alignment.
import type { Cursor } from "./cursor.ts";
import {
  defaultAlignment,
  type ErrorPlace,
  GgufError,
  limits,
  type Metadata,
  type MetadataValue,
  type ScalarType,
} from "./format.ts";
import { arrayId, scalarIds } from "./scalars.ts";

export const alignmentKey = "general.alignment";

const scalarNames = new Map(
  Object.entries(scalarIds).map(([name, id]) => [id, name as ScalarType]),
);

export function readMetadata(cursor: Cursor, count: number): Metadata {
  const metadata = new Map<string, MetadataValue>();
  // The budget of all arrays together; a header of many arrays must not cost more than a header of one.
  let elementsLeft: number = limits.arrayElements;
  for (let index = 0; index < count; index++) {
    const begin = cursor.offset;
    cursor.subject = undefined;
    const key = readName(cursor, "a metadata key", limits.keyBytes);
    cursor.subject = key;
    if (metadata.has(key)) cursor.fail("invalid", "two metadata entries have this key", begin);
    const at = cursor.offset;
    const value = readValue(cursor, elementsLeft);
    if (value.type === "array") elementsLeft -= value.value.length;
    metadata.set(key, value);
    if (key === alignmentKey) alignmentOf(metadata, at);
  }
  cursor.subject = undefined;
  return metadata;
}

/** A key or a tensor's name. C programs end a text at its first NUL, so one inside would make two names look alike. */
export function readName(cursor: Cursor, what: string, maxBytes: number): string {
  const begin = cursor.offset;
  const name = cursor.string(what, maxBytes);
  if (name === "") cursor.fail("invalid", `${what} is empty`, begin);
  if (name.includes("\0")) cursor.fail("invalid", `${what} holds a NUL`, begin);
  return name;
}

function readValue(cursor: Cursor, maxElements: number): MetadataValue {
  const at = cursor.offset;
  const id = cursor.u32("the value's type");
  if (id === arrayId) return readArray(cursor, maxElements);
  const type = scalarNames.get(id);
  if (type === undefined) cursor.fail("invalid", `value type ${id} does not exist`, at);
  const [value] = cursor.scalars(type, 1);
  return { type, value } as MetadataValue;
}

function readArray(cursor: Cursor, maxElements: number): MetadataValue {
  const at = cursor.offset;
  const id = cursor.u32("the elements' type");
  if (id === arrayId) cursor.fail("unsupported", "arrays of arrays are not read", at);
  const of = scalarNames.get(id);
  if (of === undefined) cursor.fail("invalid", `element type ${id} does not exist`, at);
  const what = `the array's length (all arrays together may have ${limits.arrayElements})`;
  const count = cursor.count(what, maxElements);
  return { type: "array", of, value: cursor.scalars(of, count) } as MetadataValue;
}

/** The alignment of the tensor data. `offset` is where the metadata says so, if it came from a file. */
export function alignmentOf(metadata: Metadata, offset?: number): number {
  const entry = metadata.get(alignmentKey);
  if (entry === undefined) return defaultAlignment;
  const where: ErrorPlace =
    offset === undefined ? { key: alignmentKey } : { key: alignmentKey, offset };
  if (entry.type !== "u32") {
    throw new GgufError("invalid", `must be a u32 and is of type ${entry.type}`, where);
  }
  const { alignmentMin: least, alignmentMax: most } = limits;
  const { value } = entry;
  if (value < least || value > most || !Number.isInteger(Math.log2(value))) {
    const problem = `is ${value}, not a power of two from ${least} to ${most}`;
    throw new GgufError("invalid", problem, where);
  }
  return value;
}

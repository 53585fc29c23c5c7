// A row of the tables of malformed files, and what is asked of the error each gets.
import { expect, it } from "vitest";
import { GgufError, type GgufErrorKind } from "../../gguf/format.ts";
import { readGguf } from "../../gguf/read.ts";
import { bytesSource } from "../../gguf/source.ts";

/** What is wrong, the file, the error's kind, a part of its message, and the key or tensor it must name. */
export type Case = [string, Uint8Array, GgufErrorKind, string, string?];

/** The largest number a u64 holds: a count of -1 to careless readers. */
export const largest = 2n ** 64n - 1n;

export async function errorOf(bytes: Uint8Array): Promise<GgufError> {
  const error = await readGguf(bytesSource(bytes)).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(GgufError);
  return error as GgufError;
}

/** One test for each row: the error is right and says where it is. */
export function testRefusals(cases: readonly Case[]): void {
  it.each(cases)("%s", async (_name, bytes, kind, part, key) => {
    const error = await errorOf(bytes);
    expect(error.message).toContain(part);
    expect(error.kind).toBe(kind);
    expect(error.key).toBe(key);
    expect(error.offset).toBeGreaterThanOrEqual(0);
    expect(error.offset).toBeLessThanOrEqual(bytes.length);
    expect(error.message).toContain(`byte ${error.offset}`);
  });
}

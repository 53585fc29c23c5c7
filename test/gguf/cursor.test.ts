// The cursor's own limit: a header may not go on for ever, however large the file.
import { expect, it } from "vitest";
import { Cursor, HeaderIncomplete } from "../../gguf/cursor.ts";
import { GgufError, limits } from "../../gguf/format.ts";

it("asks for more bytes up to the largest header, and refuses a larger one", () => {
  const read = (count: number) => () => new Cursor(new Uint8Array(8), 2 ** 40).scalars("u8", count);
  expect(read(limits.headerBytes)).toThrow(HeaderIncomplete);
  expect(read(limits.headerBytes + 1)).toThrow(GgufError);
  expect(read(limits.headerBytes + 1)).toThrow(`larger than the ${limits.headerBytes} bytes`);
});

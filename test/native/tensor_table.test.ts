// The two tables of tensors, the file format's and the C++ loader's, are one.
import { expect, it } from "vitest";
import { tensorTable } from "../../gguf/architecture.ts";
import { addon } from "../../native/loader.ts";

it("the loader's table of tensors is the format's, row for row", () => {
  expect(addon().tensorTable()).toEqual(tensorTable);
});

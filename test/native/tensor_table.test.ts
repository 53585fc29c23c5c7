// The two tables of tensors, the file format's and the C++ loader's, are one.
import { expect, it } from "vitest";
import { qrag } from "../../gguf/architecture.ts";
import { addon } from "../../native/loader.ts";

it("the loader's table of tensors is the format's, row for row", () => {
  const table = addon().tensorTable();
  const renamed = table.map((row) => ({
    ...row,
    shape: row.shape.map((size) => (size === "decision" ? "output" : size)),
  }));
  expect(renamed).toEqual(qrag.tensors);
});

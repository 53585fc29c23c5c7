// What the engine knows of its architectures, and what the file format says of them, are one.
import { expect, it } from "vitest";
import { engineArchitectures } from "../../gguf/architecture.ts";
import { addon } from "../../native/loader.ts";

it("are the same in the engine and in the format's registry", () => {
  const byNumber = <T extends { readonly number: string }>(rows: readonly T[]) =>
    rows.toSorted((a, b) => (a.number < b.number ? -1 : 1));
  const inEngine = addon().architectures();
  const inFormat = engineArchitectures.map(({ name, numbers, tensors }) => ({
    name,
    numbers: numbers.map(({ number, kind, max, only }) => ({
      ...{ number, kind, max },
      ...(only && { only }),
    })),
    tensors,
  }));
  for (const { name, numbers, tensors } of inFormat) {
    const known = inEngine.find((architecture) => architecture.name === name);
    expect(byNumber(known!.numbers)).toEqual(byNumber(numbers));
    expect(known!.tensors).toEqual(tensors);
  }
});

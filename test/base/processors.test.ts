// The quota of a container, read as processors.
import { availableParallelism } from "node:os";
import { expect, it } from "vitest";
import { availableProcessors, quotaProcessors } from "../../base/processors.ts";

it.each([
  ["max 100000\n", Number.POSITIVE_INFINITY],
  ["200000 100000\n", 2],
  ["150000 100000", 2],
  ["1000 100000", 1],
  ["100000 50000", 2],
  ["", Number.POSITIVE_INFINITY],
  ["max", Number.POSITIVE_INFINITY],
  ["0 100000", Number.POSITIVE_INFINITY],
  ["-1 100000", Number.POSITIVE_INFINITY],
  ["5 0", Number.POSITIVE_INFINITY],
  ["a b", Number.POSITIVE_INFINITY],
])("a quota of %j is worth %d processors", (quota, processors) => {
  expect(quotaProcessors(quota)).toBe(processors);
});

it("there is at least one processor, and no more than Node says", () => {
  expect(availableProcessors()).toBeGreaterThanOrEqual(1);
  expect(availableProcessors()).toBeLessThanOrEqual(availableParallelism());
});

import { expect, it } from "vitest";
import { Line } from "../../src/store/line.ts";
import type { OperationName } from "../../src/store/protocol.ts";

it("lets changes and questions take turns, each in its order, and closes last", () => {
  const line = new Line();
  const names: OperationName[] = [
    "search",
    "close",
    "stats",
    "search",
    "prepare",
    "remove",
    "search",
  ];
  for (const [id, name] of names.entries()) line.add({ id, name, values: [] });
  const order: number[] = [];
  for (let next = line.next(); next; next = line.next()) {
    order.push(next.id);
    // It comes while the first is answered.
    if (order.length === 1) line.add({ id: 7, name: "commit", values: [] });
  }
  expect(order).toEqual([4, 0, 5, 2, 7, 3, 6, 1]);
  expect(line.next()).toBeUndefined();
});

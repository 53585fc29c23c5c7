import { describe, expect, it } from "vitest";
import { closest } from "../../base/closest.ts";

const names = ["json", "model", "margin", "stop-after", "threads", "top"];

describe("closest", () => {
  it.each([
    ["modle", "model"],
    ["jsn", "json"],
    ["jsonn", "json"],
    ["stop_after", "stop-after"],
    ["threads", "threads"],
    ["stop", "stop-after"],
    ["th", "threads"],
    ["tpo", "top"],
  ])("%s was meant as %s", (typed, meant) => {
    expect(closest(typed, names)).toBe(meant);
  });

  it.each(["", "t", "x", "m", "query", "nothing", "jx"])("%j is near to none", (typed) => {
    expect(closest(typed, names)).toBe(undefined);
  });
});

import { describe, expect, it } from "vitest";
import { qrag } from "./harness.ts";

const stdin = "a river\nthe capital of Germany\na capital\nsea";

describe("qrag rank", () => {
  it("prints margins and lines, the best first", async () => {
    const { exitCode, out, err } = await qrag(["rank", "-q", "capital"], { stdin });
    expect([exitCode, err]).toEqual([0, ""]);
    expect(out).toBe(
      "0.9830\ta capital\n0.9700\tthe capital of Germany\n-1.0110\tsea\n-1.0150\ta river\n",
    );
  });

  it("prints the best only, as JSON", async () => {
    const { out } = await qrag(["rank", "-q", "capital", "--top", "2", "--json"], { stdin });
    const rows = out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(rows.map(({ rank, line, passage }) => [rank, line, passage])).toEqual([
      [1, 3, "a capital"],
      [2, 2, "the capital of Germany"],
    ]);
  });

  it("sorts the elements of an array, each on a line", async () => {
    const array = JSON.stringify(["a river", { content: "a capital" }], undefined, 2);
    const { out } = await qrag(["rank", "-q", "capital"], { stdin: array });
    expect(out).toBe('0.9830\t{"content":"a capital"}\n-1.0150\t"a river"\n');
  });

  it("prints nothing for no lines", async () => {
    expect(await qrag(["rank", "-q", "capital"], { stdin: "" })).toMatchObject({
      exitCode: 0,
      out: "",
    });
  });
});

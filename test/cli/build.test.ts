import { expect, it } from "vitest";
import { addonPaths } from "../../native/addon_paths.ts";
import { qrag } from "./harness.ts";

it("explains itself", async () => {
  const { exitCode, out, err } = await qrag(["build", "--help"]);
  expect([exitCode, err]).toEqual([0, ""]);
  expect(out).toMatch(/^Usage: qrag build /);
  for (const line of out.split("\n")) expect(line.length).toBeLessThanOrEqual(120);
});

it("does nothing where an addon loads", async () => {
  const { exitCode, out, err } = await qrag(["build"]);
  expect([exitCode, out]).toEqual([0, ""]);
  expect(err).toMatch(/^Already there: .*qrag\.node\n$/);
  const [usual] = addonPaths(process.cwd());
  const { out: json } = await qrag(["build", "--json"]);
  expect(JSON.parse(json)).toEqual({ path: usual, compiled: false });
});

it("leaves a checkout to its own script", async () => {
  const { exitCode, out, err } = await qrag(["build", "--force"]);
  expect([exitCode, out]).toEqual([3, ""]);
  expect(err).toMatch(/^qrag: .* is a checkout of qrag: run `npm run build:native` there\.\n$/);
});

it("takes no arguments", async () => {
  expect(await qrag(["build", "all"])).toMatchObject({ exitCode: 2 });
});

// As a new user would: this project's own documents in a store, three questions that they answer and three that they do not.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { packageRoot } from "../../base/package_root.ts";
import { defaultRefusal } from "../../src/answer/options.ts";
import { loadGate } from "../../src/index.ts";
import { qrag } from "./harness.ts";

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });
const folder = mkdtempSync(join(tmpdir(), "qrag-own-documents-"));
afterAll(() => rmSync(folder, { recursive: true }));
const on = ["--store", join(folder, "store.qrag")];
const at = (...path: string[]) => join(packageRoot(), ...path);

beforeAll(async () => {
  const { exitCode, out } = await qrag(["index", at("docs"), ...on]);
  expect(out).toMatch(/^4 added/);
  expect(exitCode).toBe(0);
});

describe("qrag ask", () => {
  it.each([
    ["How long has a client to send its request?", "server.md", /30 seconds/],
    ["Where can I try it in a browser?", "server.md", /Open the URL itself in a browser/],
    ["When should I not use this gate?", "when_not.md", /When not to use the gate/],
  ])("answers: %s", async (question, file, text) => {
    const { out } = await qrag(["ask", question, ...on, "--json"], { loadGate });
    const { answered, passages } = JSON.parse(out);
    expect(answered).toBe(true);
    const found = { path: at("docs", file), text: expect.stringMatching(text) };
    expect(passages).toContainEqual(expect.objectContaining(found));
  });

  it.each([
    "How do I delete my account?",
    "How much does a licence cost?",
    "What is the phone number of support?",
  ])("refuses: %s", async (question) => {
    const { out, exitCode } = await qrag(["ask", question, ...on, "--exit-code"], { loadGate });
    expect(out).toBe(`${defaultRefusal}\n`);
    expect(exitCode).toBe(1);
  });
});

import { readdirSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { outcome, root, start } from "./running.ts";

const read = (path: string) => readFileSync(join(root, path), "utf8");
const refusal = "I don't have evidence to answer that.";

describe("the examples", () => {
  const files = [
    ...readdirSync(join(root, "examples")).filter((name) => name.endsWith(".ts")),
    ...["electron/main.js", "electron/preload.cjs", "electron/renderer.js"],
  ];

  it.each(files)("%s is short and says in its first line what it shows", (name) => {
    const text = read(`examples/${name}`);
    expect(text).toMatch(/^\/\/ [A-Z]\S* .*\S\n/);
    expect(text.split("\n").length).toBeLessThanOrEqual(60);
    if (name.endsWith(".ts")) expect(text.split("\n")[0]).toContain(`npx tsx examples/${name}`);
  });

  it("find in a checkout the source of everything that the package exports", () => {
    const { exports } = JSON.parse(read("package.json"));
    const { paths } = JSON.parse(read("tsconfig.json")).compilerOptions;
    const published = Object.entries<{ types?: string; import?: { types: string } }>(exports)
      .map(([name, { types, import: esm }]) => [name, types ?? esm?.types] as const)
      .filter(([, types]) => types !== undefined)
      .map(([name, types]) => [
        `qrag${name.slice(1)}`,
        [types!.replace("./dist/", "./").replace(/\.d\.ts$/, ".ts")],
      ]);
    expect(paths).toEqual(Object.fromEntries(published));
  });
});

describe.concurrent("run", () => {
  it("script.ts judges, filters, answers and refuses", async () => {
    const { code, lines, err } = await outcome(start("script.ts"));
    expect([code, err]).toEqual([0, ""]);
    expect(lines).toEqual([
      expect.stringMatching(/^true \d+\.\d$/),
      "[ 'Tickets cost 12 euros for adults. Children under 14 enter free.' ]",
      "When does the museum open? The documents say: The museum opens at ten in the morning and closes at six in the evening.",
      `Where can I park my car? ${refusal}`,
    ]);
  });

  it.each(["langchain.ts", "ai_sdk.ts"])("%s answers and refuses", async (name) => {
    const { code, lines, err } = await outcome(start(name));
    expect([code, err]).toEqual([0, ""]);
    expect(lines).toEqual([
      "When does the museum open? It opens at ten.",
      `Where can I park my car? ${refusal}`,
    ]);
  });
});

describe.concurrent("chat_with_folder.ts", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "qrag-chat-"));
    await mkdir(join(folder, "more"));
    await writeFile(
      join(folder, "visit.md"),
      "# Visit\n\nThe museum opens at ten in the morning and closes at six in the evening.\n\nDogs wait outside.\n",
    );
    await writeFile(
      join(folder, "more", "prices.txt"),
      "Tickets cost 12 euros for adults. Children under 14 enter free.",
    );
    await writeFile(join(folder, "code.js"), "the museum opens at noon");
  });
  afterAll(() => rm(folder, { recursive: true }));

  const asked =
    "When does the museum open?\n\nHow much is a ticket for an adult?\nWho is the mayor?";

  it("quotes what it would use, and refuses", async () => {
    const child = start("chat_with_folder.ts", [folder]);
    child.stdin.end(asked);
    const { code, lines, err } = await outcome(child);
    expect([code, err]).toEqual([0, ""]);
    expect(lines).toEqual([
      "4 passages. What is your question?",
      "The museum opens at ten in the morning and closes at six in the evening.",
      "Tickets cost 12 euros for adults. Children under 14 enter free.",
      refusal,
    ]);
  });

  it("chats with a model", async ({ skip }) => {
    const model = process.env.QRAG_CHAT_MODEL;
    skip(!model, "Name a chat model, a GGUF file, in QRAG_CHAT_MODEL to run this.");
    const child = start("chat_with_folder.ts", [folder, model!]);
    child.stdin.end(asked);
    const { code, lines, err } = await outcome(child);
    expect(code, err).toBe(0);
    expect(lines[0]).toBe("4 passages. What is your question?");
    expect(lines.slice(1, -1).join(" ")).toMatch(/\b(10|ten)\b.*\b12\b/i);
    expect(lines.at(-1)).toBe(refusal);
  });
});

// qrag index: ignore rules, files that are no text, and --watch as a process of its own.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { docxOf, paragraph, pdfOf } from "../passages/files.ts";
import { qrag } from "./harness.ts";

// Each command starts threads that first have to read TypeScript; a busy machine takes its time.
vi.setConfig({ testTimeout: 300_000 });

let root: string;
let notes: string;
let on: string[];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "qrag-index-"));
  notes = join(root, "notes");
  mkdirSync(notes);
  on = ["--store", join(root, "notes.qrag")];
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const put = (name: string, content: string | Uint8Array) =>
  writeFileSync(join(notes, name), content);

it("leaves out what ignore rules name, unless it is told not to", async () => {
  put(".gitignore", "draft*\n");
  put("draft.md", "A draft.");
  put("page.html", "<h1>Tea</h1><p>Boil the water.");
  expect((await qrag(["index", notes, ...on])).out).toMatch(/^1 added/);
  expect((await qrag(["index", notes, "--no-ignore", ...on])).out).toMatch(/^1 added, .* 1 unch/);
  // What a rule names now is gone from the store.
  expect((await qrag(["index", notes, ...on])).out).toMatch(/1 unchanged, 1 removed/);
  const { out } = await qrag(["search", "boil", ...on]);
  expect(out).toMatch(/^\[1\] .*page\.html:1 Tea\n {4}Boil the water\.\n/);
});

it("takes PDF and DOCX files, and cites their pages and headings", async () => {
  put("paper.pdf", pdfOf([["Nothing here."], ["Vinegar removes lime."]]));
  put("report.docx", docxOf(paragraph("Rinse twice.")));
  expect((await qrag(["index", notes, ...on])).out).toMatch(/^2 added/);
  expect((await qrag(["search", "vinegar", ...on])).out).toMatch(/paper\.pdf:\d+ page 2\n/);
  expect((await qrag(["search", "rinse", ...on])).out).toMatch(/report\.docx:1/);
});

/** The process, and a way to wait for its next line. */
function watching(...paths: string[]) {
  const args = ["--import", "tsx", "src/cli/main.ts", "index", ...paths, ...on, "--watch"];
  const { QRAG_EMBEDDER: _none, ...env } = process.env;
  const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    next: async () => (await lines.next()).value as string | undefined,
    async end() {
      child.kill("SIGINT");
      const [code, signal] = await once(child, "close");
      return { code, signal };
    },
  };
}

it("--watch keeps the store up to date until it is interrupted", async () => {
  put("a.md", "First.");
  const single = join(root, "single.txt");
  writeFileSync(single, "By itself.");
  const { next, end } = watching(notes, single);
  expect(await next()).toBe("2 added, 0 updated, 0 unchanged, 0 removed; 2 new passages");
  put("b.md", "Second.");
  expect(await next()).toBe("1 added, 0 updated, 2 unchanged, 0 removed; 1 new passages");
  // Neither is a document, so that no line tells of them.
  put("picture.png", "no");
  mkdirSync(join(notes, ".hidden"));
  put(".hidden/x.md", "no");
  // As an editor saves.
  writeFileSync(join(root, "single.new"), "Changed.");
  renameSync(join(root, "single.new"), single);
  expect(await next()).toBe("0 added, 1 updated, 2 unchanged, 0 removed; 1 new passages");
  rmSync(join(notes, "a.md"));
  expect(await next()).toBe("0 added, 0 updated, 2 unchanged, 1 removed; 0 new passages");
  mkdirSync(join(notes, "deep"));
  put("deep/c.md", "Third.");
  expect(await next()).toBe("1 added, 0 updated, 2 unchanged, 0 removed; 1 new passages");
  put(".qragignore", "b.md\n");
  expect(await next()).toBe("0 added, 0 updated, 2 unchanged, 1 removed; 0 new passages");
  expect(await end()).toEqual({ code: 0, signal: null });
  expect((await qrag(["store", "stats", ...on])).out).toMatch(/^documents: 2\n/);
});

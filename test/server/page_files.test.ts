// What goes into the page and out of it: files, dropped and chosen, and the lines that do the same from a program.
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import type { Page } from "puppeteer-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadGate } from "../../src/index.ts";
import { byNumber, FakeModel, fakeGate } from "../src/fakes.ts";
import {
  ask,
  browsing,
  chromium,
  click,
  fill,
  onPath,
  text,
  texts,
  unlessChromium,
  verdicts,
} from "./browser.ts";
import { serving } from "./serving.ts";

const open = browsing();
const root = dirname(dirname(import.meta.dirname));
const run = promisify(execFile);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "qrag-page-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function file(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

/** As the system's file manager does it. */
async function drop(page: Page, files: string[]): Promise<void> {
  const client = await page.createCDPSession();
  const data = { items: [], files, dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"] as const) {
    await client.send("Input.dispatchDragEvent", { type, x: 200, y: 50, data });
  }
  await client.detach();
}

async function choose(page: Page, ...paths: string[]): Promise<void> {
  const [chooser] = await Promise.all([page.waitForFileChooser(), click(page, "#choose")]);
  await chooser.accept(paths);
}

const counted = (page: Page, passages: string) =>
  page.waitForFunction(`document.querySelector("#count").value === ${JSON.stringify(passages)}`);

const words = (name: string, count: number) => `${name} `.repeat(count).trim();

const guide = `# Guide\n\n## Cleaning\n\n${words("brush", 80)} =2\n\n## Storing\n\n${words("shelf", 80)} =-0.5\n`;

describe.skipIf(!chromium)(`files on the page${unlessChromium}`, { timeout: 180_000 }, () => {
  it("are split into passages that name their source, beside what is pasted", async () => {
    const { page, complaints } = await open((await serving()).url);
    await drop(page, [await file("guide.md", guide)]);
    await counted(page, "2 passages");
    expect(await page.$eval("#passages", (field) => field.value)).toBe("");
    await fill(page, "passages", "pasted =1");
    await choose(page, await file("rows.jsonl", '{"text": "a row =4"}\n"another"\n'));
    await counted(page, "5 passages");
    await ask(page);
    expect(await verdicts(page)).toEqual([
      "1 Relevant +1.00",
      "2 Relevant +2.00",
      "3 Not relevant -0.50",
      "4 Relevant +4.00",
      "5 Not relevant -1.00",
    ]);
    expect(await texts(page, "#list .source")).toEqual([
      "guide.md, line 5",
      "guide.md, line 9",
      "rows.jsonl",
      "rows.jsonl",
    ]);
    expect((await texts(page, "#list .text"))[1]).toContain("brush brush");
    await click(page, "#files button");
    await counted(page, "3 passages");
    expect(await texts(page, "#files li > span")).toEqual(["rows.jsonl 2 passages"]);
    expect(complaints).toEqual([]);
  });

  it("that cannot be read are named with the reason, and the others are read", async () => {
    const { page } = await open((await serving()).url);
    await drop(page, [
      await file("photo.png", Uint8Array.of(137, 80, 78, 71)),
      await file("renamed.txt", Uint8Array.of(137, 80, 78, 71, 0)),
      await file("zeros.txt", "a\0b"),
      await file("large.md", "x".repeat(2 * 1024 * 1024 + 1)),
      await file("prose.json", "no JSON"),
      await file("wrong.jsonl", '{"text": "a"}\n{"body": "b"}\n'),
      await file("plain.txt", "A plain text."),
    ]);
    await counted(page, "1 passage");
    expect((await text(page, "#file-trouble")).split("\n")).toEqual([
      "photo.png cannot be read here. Add .txt, .md, .markdown, .jsonl or .json files.",
      "renamed.txt is not text in UTF-8. Save it as plain text first.",
      "zeros.txt is not text in UTF-8. Save it as plain text first.",
      "large.md is larger than 2 MiB. Split it first.",
      "prose.json: It holds neither JSON lines nor a JSON array.",
      expect.stringMatching(/^wrong.jsonl: Line 2 is not a JSON string or an object with "text"/),
    ]);
    await ask(page);
    expect(await texts(page, "#list .text")).toEqual(["A plain text."]);
  });
});

/** Everything that shells, JSON, TypeScript and eyes could read as something else. */
const awkward = [
  "it's =1",
  '$HOME `id` $(id) \\n \\ " !! %s =2',
  "two\nlines\tand \u001b[31m a colour =3",
  "é 😀 \u202e\u2028\u00ad\u009b =4",
  "-d @/etc/passwd =-5",
  "'; exit 1; ' =6",
];

const curl = onPath("curl");

describe.skipIf(!chromium)(`the lines on the page${unlessChromium}`, { timeout: 180_000 }, () => {
  it.skipIf(!curl)("for curl ask the server the same", async () => {
    const model = new FakeModel(byNumber);
    const { url } = await serving({ gate: fakeGate({ model }) });
    const { page } = await open(url);
    const judged = () => model.batches.splice(0).flatMap((batch) => batch.texts);
    await fill(page, "query", 'what\'s "$it"?');
    await fill(page, "passages", awkward.map((each) => JSON.stringify(each)).join("\n"));
    await counted(page, "6 passages");
    await ask(page);
    const asked = judged();
    expect(asked).toHaveLength(6);
    const line = await text(page, "#curl");
    // Nothing in it acts on a terminal or hides.
    expect(line.replaceAll("\n", "")).not.toMatch(/[\p{C}\p{Zl}]/u);
    const { stdout } = await run("sh", ["-c", line]);
    const margins = stdout
      .trim()
      .split("\n")
      .map((each) => JSON.parse(each).margin);
    expect(margins).toEqual([1, 2, 3, 4, -5, 6, undefined]);
    expect(judged()).toEqual(asked);
  });

  it.skipIf(!curl)("read a file when the passages are long, and the page saves it", async () => {
    const model = new FakeModel(byNumber);
    const { url } = await serving({ gate: fakeGate({ model }) });
    const { page } = await open(url);
    await fill(page, "passages", `${words("long", 50)} =1\n\n`.repeat(200));
    await counted(page, "200 passages");
    await page.waitForSelector("#request-file", { visible: true });
    const client = await page.createCDPSession();
    const browserContextId = page.browserContext().id!;
    await client.send("Browser.setDownloadBehavior", {
      behavior: "allow",
      browserContextId,
      downloadPath: folder,
      eventsEnabled: true,
    });
    const saved = new Promise<void>((resolve) => {
      client.on("Browser.downloadProgress", ({ state }) => {
        if (state === "completed") resolve();
      });
    });
    await click(page, "#save");
    await saved;
    const { passages } = JSON.parse(await readFile(join(folder, "request.json"), "utf8"));
    expect(passages).toHaveLength(200);
    const { stdout } = await run("sh", ["-c", await text(page, "#curl")], { cwd: folder });
    expect(stdout.trim().split("\n")).toHaveLength(201);
    expect(await text(page, "#program")).toContain('readFile("request.json"');
  });

  it("in TypeScript give the same verdicts, copied by a button", async () => {
    await using gate = await loadGate();
    const { url } = await serving({ gate });
    const { page } = await open(url);
    await page.browserContext().setPermission(url, {
      permission: { name: "clipboard-read" },
      state: "granted",
    });
    await ask(page);
    await click(page, "button[data-copies=program]");
    await page.waitForFunction(
      "document.querySelector('[data-copies=program]').textContent === 'Copied'",
    );
    const code = (await page.evaluate("navigator.clipboard.readText()")) as string;
    expect(code).toBe(await page.$eval("#program", (each) => each.textContent));
    const entry = pathToFileURL(join(root, "src", "index.ts")).href;
    const printed = code
      .replace('"qrag"', JSON.stringify(entry))
      .replace("console.log(found ? verdicts", "console.log(found ? JSON.stringify(verdicts)");
    const path = await file("program.mts", printed);
    const { stdout } = await run(process.execPath, ["--import", "tsx", path], { cwd: root });
    const shown = await verdicts(page);
    const margins = (JSON.parse(stdout) as { margin: number | null }[]).map(({ margin }) => margin);
    expect(margins).toHaveLength(5);
    margins.forEach((margin, index) => {
      const signed = margin === null ? "none" : `${margin < 0 ? "" : "+"}${margin.toFixed(2)}`;
      expect(shown[index]).toMatch(new RegExp(` ${signed.replace("+", "\\+")}$`));
    });
  });
});

// The Electron example without Electron, whose program npm does not carry: its main process in Node on a stand-in, and its page in Chromium.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { type Browser, launch, type Page } from "puppeteer-core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Verdict } from "../../src/index.ts";
import { chromium, unlessChromium } from "../server/browser.ts";
import { app, BrowserWindow, invoke } from "./electron.ts";

vi.mock("electron", () => import("./electron.ts"));

const query = "When does the museum open?";
const passages = [
  "The museum opens at ten in the morning and closes at six in the evening.",
  "Tickets cost 12 euros for adults. Children under 14 enter free.",
];
const many = Array.from({ length: 120 }, (_, n) => `Notice ${n}. ${passages[n % 2]}`);

let window: BrowserWindow;
beforeAll(async () => {
  await import(new URL("../../examples/electron/main.js", import.meta.url).href);
  window = await vi.waitUntil(() => BrowserWindow.all[0], { timeout: 30_000 });
});

const judge = (query: string, passages: readonly string[], sender = window.webContents) =>
  invoke(sender, "judge", query, passages) as Promise<Verdict[]>;

describe("the main process", () => {
  it("judges for its window", async () => {
    expect(window.file).toMatch(/index\.html$/);
    const verdicts = await judge(query, passages);
    expect(verdicts.map(({ relevant }) => relevant)).toEqual([true, false]);
    await expect(judge(" ", passages)).rejects.toThrow(/'judge': QragError: .*for query/);
  });

  it("goes on serving while the gate computes", async () => {
    let turns = 0;
    let judging = true;
    const verdicts = judge(query, many).finally(() => {
      judging = false;
    });
    while (judging) {
      turns++;
      await new Promise(setImmediate);
    }
    expect(await verdicts).toHaveLength(many.length);
    expect(turns).toBeGreaterThan(many.length);
  });

  it("drops a window's question for its next one, and no other window's", async () => {
    const first = judge(query, many);
    const other = judge(query, passages, {});
    const next = judge(query, passages);
    await expect(first).rejects.toThrow(/AbortError/);
    expect(await next).toEqual(await other);
  });
});

describe.skipIf(!chromium)(`the page${unlessChromium}`, () => {
  let browser: Browser;
  let page: Page;
  beforeAll(async () => {
    browser = await launch({ executablePath: chromium!, args: ["--no-sandbox"] });
    page = await browser.newPage();
    await page.exposeFunction("invoke", (channel: string, ...args: unknown[]) =>
      invoke(window.webContents, channel, ...args),
    );
    // The preload script's require("electron").
    const renderer = `({
      ipcRenderer: { invoke: (...args) => window.invoke(...args) },
      contextBridge: { exposeInMainWorld(name, api) { window[name] = api; } },
    })`;
    const preload = readFileSync(window.preload, "utf8");
    await page.evaluateOnNewDocument(`{ const require = () => ${renderer}; ${preload} }`);
    await page.goto(pathToFileURL(window.file).href);
  });
  afterAll(() => browser?.close());

  async function ask(query: string, passages: readonly string[]) {
    await page.$eval("[name=query]", (field, text) => Object.assign(field, { value: text }), query);
    const text = passages.join("\n");
    await page.$eval("textarea", (field, text) => Object.assign(field, { value: text }), text);
    await page.click("button");
  }

  const said = (text: string) =>
    page.waitForFunction(
      `document.querySelector("[role=status]").textContent.includes(${JSON.stringify(text)})`,
    );
  const verdicts = () => page.$$eval("li", (items) => items.map((item) => item.textContent));
  const frames = () => page.$eval("#frames", (output) => Number(output.textContent));

  it("shows the verdicts, and the refusal where none is relevant", async () => {
    await page.click("button");
    await said("1 of 2 relevant");
    expect(await verdicts()).toEqual([
      expect.stringMatching(/^1 \(\d\.\d\) The museum opens/),
      expect.stringMatching(/^0 \(-\d\.\d\) Tickets/),
    ]);
    await ask("Where can I park my car?", passages);
    await said("I don't have evidence to answer that.");
    expect(await verdicts()).toHaveLength(2);
    await ask(" ", passages);
    await said("Expected some text for query");
    expect(await verdicts()).toEqual([]);
  });

  it("goes on drawing while the main process judges", async () => {
    // Enough that some frames are due meanwhile on a busy machine too.
    const more = Array.from({ length: 10 }, () => many).flat();
    await ask(query, more);
    const before = await frames();
    await said(`of ${more.length} relevant`);
    expect((await frames()) - before).toBeGreaterThan(1);
  });
});

describe("the end", () => {
  it("of a window drops its question, and that of the last one ends the application", async () => {
    const asked = judge(query, many);
    window.close();
    await expect(asked).rejects.toThrow(/AbortError/);
    expect(app.hasQuit).toBe(true);
  });
});

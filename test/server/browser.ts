// A real browser for tests of the page: which one there is, a page opened in it, and what that page shows.
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { getuid } from "node:process";
import { type Browser, launch, type Page } from "puppeteer-core";
import { afterAll, beforeAll, onTestFinished } from "vitest";

const { QRAG_CHROMIUM: wanted, PATH = "" } = process.env;
const names = ["chromium", "chromium-browser", "google-chrome"];

/** The first of these programs on PATH. */
export function onPath(...programs: string[]): string | undefined {
  return PATH.split(delimiter)
    .flatMap((folder) => programs.map((name) => join(folder, name)))
    .find(isProgram);
}

/** Chromium: QRAG_CHROMIUM, or one of these names; "required" makes its absence an error. */
export const chromium = wanted && wanted !== "required" ? wanted : onPath(...names);

if (!chromium && wanted === "required") throw new Error(`None of ${names.join(", ")} is on PATH`);

/** For the name of tests that are skipped. */
export const unlessChromium = chromium
  ? ""
  : " (skipped: install Chromium, or name it in QRAG_CHROMIUM)";

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export interface Opened {
  readonly page: Page;
  /** Errors and warnings that the browser has written, violations of the content security policy among them. */
  readonly complaints: readonly string[];
  /** All that was asked for. */
  readonly requests: readonly string[];
}

/** One browser for the tests of a file; opens its pages, each in a profile of its own. */
export function browsing(): (url: string) => Promise<Opened> {
  let browser: Browser;
  beforeAll(async () => {
    // Chromium has no sandbox for root.
    const args = getuid?.() === 0 ? ["--no-sandbox"] : [];
    if (chromium) browser = await launch({ executablePath: chromium, args });
  });
  afterAll(() => browser?.close());
  return async (url) => {
    const context = await browser.createBrowserContext();
    onTestFinished(() => context.close());
    const page = await context.newPage();
    page.setDefaultTimeout(60_000);
    const complaints: string[] = [];
    const requests: string[] = [];
    page.on("console", (message) => {
      if (/error|warn/.test(message.type())) complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("request", (request) => requests.push(request.url()));
    await page.goto(url);
    return { page, complaints, requests };
  };
}

/** Ctrl+Enter, wherever the focus is. */
export async function press(page: Page): Promise<void> {
  await page.keyboard.down("Control");
  await page.keyboard.press("Enter");
  await page.keyboard.up("Control");
}

/** Puts a text into a field, at once: a browser that is made to type it takes seconds for a long one. */
export async function fill(page: Page, id: string, text: string): Promise<void> {
  await page.focus(`#${id}`);
  await page.evaluate(`{
    const field = document.activeElement;
    field.value = ${JSON.stringify(text)};
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }`);
}

/** Runs what the page is set to, and waits until it has ended. */
export async function ask(page: Page): Promise<void> {
  await press(page);
  await ended(page);
}

export async function ended(page: Page): Promise<void> {
  await page.waitForSelector("#stop:disabled");
}

export async function text(page: Page, selector: string): Promise<string> {
  const shown = await page.$eval(selector, (found) => found.textContent);
  return shown.replaceAll("\u00a0", " ").trim();
}

export const texts = (page: Page, selector: string): Promise<string[]> =>
  page.$$eval(selector, (all) => all.map((each) => each.textContent));

/** What a click on an element does, when it is shown. */
export async function click(page: Page, selector: string): Promise<void> {
  await page.waitForSelector(selector, { visible: true });
  await page.click(selector);
}

/** The passages on the screen, in order: number, verdict, margin. */
export async function verdicts(page: Page): Promise<string[]> {
  return page.$$eval("#list > li", (rows) =>
    rows.map((row) => {
      const part = (name: string) => row.querySelector(name)?.textContent ?? "";
      const margin =
        /margin ([+−]\d+\.\d\d)/.exec(part(".figures"))?.[1]?.replace("−", "-") ?? "none";
      return `${part(".head > span")} ${part(".word")} ${margin}`;
    }),
  );
}

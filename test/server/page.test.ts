// The page at /, in a real browser: verdicts as they come, the refusal, errors in place, keyboard, colours, phones.
import { setTimeout as pause } from "node:timers/promises";
import type { Page } from "puppeteer-core";
import { describe, expect, it } from "vitest";
import { loadGate } from "../../src/index.ts";
import { byNumber, FakeModel, fakeGate } from "../src/fakes.ts";
import {
  ask,
  browsing,
  chromium,
  click,
  ended,
  fill,
  press,
  text,
  texts,
  unlessChromium,
  verdicts,
} from "./browser.ts";
import { serving } from "./serving.ts";

const open = browsing();

const three = "first =3\n\nsecond =-2.5\n\nthird =0.25";

/** Where each bar begins and ends, from -1 to 1. */
const bars = (page: Page): Promise<number[][]> =>
  page.$$eval("#list .bar", (all) =>
    all.map((bar) => {
      const { left, width } = bar.getBoundingClientRect();
      const filled = bar.querySelector("i")?.getBoundingClientRect();
      const place = (x: number) => Math.round((200 * (x - left)) / width - 100) / 100;
      return filled ? [place(filled.left), place(filled.right)] : [];
    }),
  );

/** The least contrast between a text and what is behind it, of the elements that have text of their own. */
const leastContrast = (page: Page): Promise<number> =>
  page.evaluate(`(() => {
    const parse = (colour) => colour.match(/[\\d.]+/g).map(Number);
    const light = ([r, g, b]) => [r, g, b]
      .map((c) => c / 255)
      .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
      .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    const behind = (element) => {
      const colour = parse(getComputedStyle(element).backgroundColor);
      return colour[3] === 0 ? behind(element.parentElement) : colour;
    };
    const contrasts = [...document.querySelectorAll("body *")]
      .filter((each) => each.checkVisibility() && !each.matches(":disabled"))
      .filter((each) => each.value || [...each.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
      .map((each) => {
        const [a, b] = [light(parse(getComputedStyle(each).color)), light(behind(each))];
        return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      });
    return Math.min(...contrasts);
  })()`) as Promise<number>;

const isWiderThanScreen = (page: Page) =>
  page.evaluate("document.documentElement.scrollWidth > innerWidth");

describe.skipIf(!chromium)(`the page${unlessChromium}`, { timeout: 180_000 }, () => {
  it("judges its example with the model that ships, by one key press, and asks nobody else", async () => {
    await using gate = await loadGate();
    const { url } = await serving({ gate });
    const { page, complaints, requests } = await open(url);
    await page.waitForFunction("document.querySelector('#model').textContent !== ''");
    expect(await text(page, "#model")).toContain(gate.info.name);
    await ask(page);
    const passages = await texts(page, "#list .text");
    const query = await page.$eval("#query", (field) => field.value);
    const judged = await gate.judgeAll(query, passages);
    const relevant = judged.filter((verdict) => verdict.relevant).length;
    expect(relevant).toBeGreaterThan(0);
    expect(judged.at(-1)?.reason).toBe("echo");
    const verb = relevant === 1 ? "is" : "are";
    expect(await text(page, "#summary")).toMatch(
      new RegExp(`^${relevant} of 5 passages ${verb} relevant, [\\d.]+ ms$`),
    );
    expect(await verdicts(page)).toEqual(
      judged.map((verdict, index) => {
        const word = verdict.reason ? "Refused" : verdict.relevant ? "Relevant" : "Not relevant";
        const { margin } = verdict;
        const sign = margin < 0 ? "" : "+";
        const shown = Number.isFinite(margin) ? `${sign}${margin.toFixed(2)}` : "none";
        return `${index + 1} ${word} ${shown}`;
      }),
    );
    expect(await text(page, "#list > li:last-child .note")).toBe("It only repeats the query.");
    expect(complaints).toEqual([]);
    expect(new Set(requests.map((each) => new URL(each).origin))).toEqual(new Set([url]));
  });

  it("shows verdicts in words, colours and bars around the line, in order or by margin", async () => {
    const { url } = await serving();
    const { page } = await open(url);
    await fill(page, "passages", three);
    await ask(page);
    const inOrder = ["1 Relevant +3.00", "2 Not relevant -2.50", "3 Relevant +0.25"];
    expect(await verdicts(page)).toEqual(inOrder);
    expect(await text(page, "#summary")).toMatch(/^2 of 3 passages are relevant, /);
    expect(await bars(page)).toEqual([
      [0, 0.5],
      [-0.42, 0],
      [0, 0.04],
    ]);
    const colours = (await page.evaluate(
      '[...document.querySelectorAll("#list .word")].map((each) => getComputedStyle(each).color)',
    )) as string[];
    expect(colours[0]).toBe(colours[2]);
    expect(colours[0]).not.toBe(colours[1]);
    expect(await texts(page, "#list .figures")).toEqual(
      Array(3).fill(expect.stringMatching(/margin.*ms.*tokens/s)),
    );
    await click(page, "#sort");
    expect(await verdicts(page)).toEqual([inOrder[0], inOrder[2], inOrder[1]]);
    await ask(page);
    expect(await verdicts(page)).toEqual([inOrder[0], inOrder[2], inOrder[1]]);
    await click(page, "#sort");
    expect(await verdicts(page)).toEqual(inOrder);
  });

  it("puts the line where a calibration has it", async () => {
    const gate = fakeGate({ model: new FakeModel(byNumber), offset: 1 });
    const { page } = await open((await serving({ gate })).url);
    await fill(page, "passages", "a =4\n\nb =0.5");
    await ask(page);
    expect(await verdicts(page)).toEqual(["1 Relevant +4.00", "2 Not relevant +0.50"]);
    expect(await bars(page)).toEqual([
      [0, 0.5],
      [-0.08, 0],
    ]);
    expect(await text(page, "#line")).toBe("+1.00");
  });

  it("refuses when nothing is relevant", async () => {
    const { page } = await open((await serving()).url);
    await ask(page);
    expect(await text(page, "#summary strong")).toBe("I don't have evidence to answer that.");
    expect(await text(page, "#summary")).toContain("0 of 5 passages are relevant, ");
    expect(await page.$eval("#summary", (each) => each.getAttribute("role"))).toBe("status");
  });

  it("marks the window that decided, and shows a long passage in part or whole", async () => {
    const { page } = await open((await serving()).url);
    const [before, decisive, after] = [
      "Nothing. ".repeat(90),
      "Here it is =5. ",
      "More. ".repeat(90),
    ];
    await fill(page, "passages", `${before}${decisive}${after}`);
    await ask(page);
    expect(await verdicts(page)).toEqual(["1 Relevant +5.00"]);
    expect(await text(page, "#list .figures")).toMatch(/\d+ windows/);
    const marked = await text(page, "#list mark");
    expect(marked).toContain("=5");
    expect(marked.length).toBeLessThan(200);
    expect((await text(page, "#list .text")).length).toBeLessThan(600);
    await click(page, "#list button");
    expect(await text(page, "#list .text")).toBe(`${before}${decisive}${after}`.trim());
    expect(await text(page, "#list mark")).toBe(marked);
    await click(page, "#list button");
    expect(await text(page, "#list .text")).toMatch(/^….*…$/s);
  });

  it("shows text as text, and reads JSON lines as the server does", async () => {
    const { page, complaints } = await open((await serving()).url);
    const html = "<img src=x onerror=alert(1)><script>1</script> =2";
    await fill(page, "passages", `${JSON.stringify(html)}\n{"text": "a", "content": "b"}\n`);
    await ask(page);
    expect(await texts(page, "#list .text")).toEqual([html, "a\nb"]);
    await fill(page, "passages", '[{"passage": "in an array =1"}, "and a string"]');
    await ask(page);
    expect(await texts(page, "#list .text")).toEqual(["in an array =1", "and a string"]);
    await fill(page, "passages", '"Quoted," she said.\nStill the first.\n\n{not JSON}');
    await ask(page);
    expect(await texts(page, "#list .text")).toEqual([
      '"Quoted," she said.\nStill the first.',
      "{not JSON}",
    ]);
    expect(complaints).toEqual([]);
    await fill(page, "passages", '{"text": "a"}\n\n{"body": "b"}');
    await ask(page);
    expect(await text(page, "#trouble")).toMatch(/^Line 3 is not a JSON string or an object with/);
    expect(await verdicts(page)).toEqual([]);
    await fill(page, "passages", "");
    await ask(page);
    expect(await text(page, "#trouble")).toBe("Add a passage first.");
    expect(await page.evaluate("document.activeElement.id")).toBe("passages");
  });

  it("measures questions with answers under the names of qrag eval", async () => {
    const model = new FakeModel((prompt) => (/known|open/.test(prompt.split("|")[0]!) ? 1 : -1));
    const { page, complaints } = await open((await serving({ gate: fakeGate({ model }) })).url);
    await click(page, "#many");
    await fill(page, "passages", "known thing one\n\nhidden thing two\n\nopen thing three");
    await fill(
      page,
      "questions",
      [
        { q: "known thing", a: "one" },
        { q: "hidden thing", a: "two" },
        { q: "open thing", a: null },
        { q: "nothing", a: null },
        { q: "absent thing", a: "seven" },
      ]
        .map((question) => JSON.stringify(question))
        .join("\n"),
    );
    await ask(page);
    const rows = await page.$$eval("#report tbody tr", (all) =>
      all.map((row) => [...row.querySelectorAll("b, td")].map((cell) => cell.textContent)),
    );
    expect(rows.map(([name, count]) => `${name}: ${count}`)).toEqual([
      "Kept right: 1 of 2",
      "Silent: 1 of 2",
      "Refused: 1 of 2",
      "Speaks: 1 of 2",
    ]);
    expect(rows[0]![2]).toMatch(/^50 %\s*9 to 91 %$/);
    expect(await text(page, "#measured")).toMatch(
      /^2 of 4 questions went wrong, .* 1 not counted/s,
    );
    expect(await texts(page, "#wrong b")).toEqual(["hidden thing", "open thing", "absent thing"]);
    expect(await texts(page, "#wrong p")).toEqual([
      "Silent: the answer is here, but nothing was kept.",
      "Speaks: there is no answer, but this was kept.",
      "Not counted: no passage has these words of the answer.",
    ]);
    expect(await text(page, "#wrong > li:first-child li")).toBe(
      "2, margin −1.00: hidden thing two",
    );
    expect(complaints).toEqual([]);
    await fill(page, "questions", '{"q": "known thing", "a": "one"}\n{"q": "no answer given"}');
    await ask(page);
    expect(await text(page, "#trouble")).toMatch(/^Line 2 of the questions is not/);
    expect(await text(page, "#report")).toBe("");
  });

  it("tells of a server that fails, is busy, or is gone, and keeps what it has", async () => {
    const model = new FakeModel(byNumber);
    let failing = true;
    model.onScore = ({ texts }) => {
      if (failing && texts.some((each) => each.includes("last"))) throw new Error("secret");
    };
    const server = await serving({ gate: fakeGate({ model }), maxDocuments: 300 });
    const { page } = await open(server.url);
    const passages = `${"text =1\n\n".repeat(299)}last`;
    await fill(page, "passages", passages);
    await ask(page);
    expect(await text(page, "#trouble")).toBe("The server stopped: Internal error");
    const judged = (await verdicts(page)).length;
    expect(judged).toBeGreaterThan(0);
    expect(judged).toBeLessThan(300);
    expect(await text(page, "#summary strong")).toBe(`Not finished: ${judged} passages judged`);
    failing = false;
    await ask(page);
    expect(await page.$eval("#trouble", (each) => each.hidden)).toBe(true);
    expect(await verdicts(page)).toHaveLength(300);
    await fill(page, "passages", `${passages}\n\none more`);
    await ask(page);
    expect(await text(page, "#trouble")).toMatch(
      /^The server answered 422: .*at most 300 documents/,
    );
    await server.close();
    await ask(page);
    expect(await text(page, "#trouble")).toMatch(/^The server does not answer/);
    expect(await verdicts(page)).toEqual([]);
  });

  it("stops when it is told to, and starts again", async () => {
    const model = new FakeModel(byNumber);
    const released = new Set<string>();
    const waiting = new Map<string, () => void>();
    model.onScore = ({ texts }) => {
      const held = /held \d/.exec(texts.join())?.[0];
      if (held === undefined || released.has(held)) return;
      return new Promise((resolve) => waiting.set(held, resolve));
    };
    const release = (held: string) => {
      released.add(held);
      waiting.get(held)?.();
    };
    const { page } = await open((await serving({ gate: fakeGate({ model }) })).url);
    await fill(page, "passages", `${"text =1\n\n".repeat(299)}held 1`);
    await press(page);
    await page.waitForSelector("#list > li:nth-child(2)");
    await click(page, "#stop");
    await ended(page);
    expect(await text(page, "#summary strong")).toMatch(/^Stopped: \d+ passages judged$/);
    expect(await page.$eval("#trouble", (each) => each.hidden)).toBe(true);
    release("held 1");
    await fill(page, "passages", `${"text =1\n\n".repeat(299)}held 2`);
    await press(page);
    await page.waitForSelector("#list > li:nth-child(2)");
    await page.$eval("#many", (radio) => radio.click());
    await ended(page);
    expect(await text(page, "#measured")).toBe("Nothing measured yet.");
    await page.$eval("#one", (radio) => radio.click());
    expect(await text(page, "#summary")).toMatch(/^Stopped/);
    release("held 2");
    await fill(page, "passages", three);
    await click(page, "#run");
    await ended(page);
    expect(await verdicts(page)).toHaveLength(3);
  });

  it("asks for the API key of a server that has one, and forgets it", async () => {
    const { page } = await open((await serving({ apiKey: "right key" })).url);
    await page.waitForSelector("#key-form", { visible: true });
    await fill(page, "passages", three);
    await ask(page);
    expect(await text(page, "#key-problem")).toBe("This server asks for an API key.");
    await fill(page, "key", "wrong");
    await page.keyboard.press("Enter");
    await page.waitForFunction(
      "/not accept/.test(document.querySelector('#key-problem').textContent)",
    );
    await ended(page);
    await fill(page, "key", "right key");
    await page.keyboard.press("Enter");
    await page.waitForSelector("#list > li:nth-child(3)");
    await ended(page);
    expect(await page.$eval("#key-form", (form) => form.hidden)).toBe(true);
    expect(await text(page, "#model")).toContain("fake");
    expect(await text(page, "#curl")).toContain('"Authorization: Bearer $QRAG_API_KEY"');
    expect(await page.content()).not.toContain("right key");
    expect(await page.evaluate("localStorage.length + sessionStorage.length")).toBe(0);
    await page.reload();
    await page.waitForSelector("#key-form", { visible: true });
  });

  it("is used by keyboard alone, with the focus in sight", async () => {
    const { page } = await open((await serving()).url);
    const stops: string[] = [];
    for (let tab = 0; tab < 9; tab++) {
      await page.keyboard.press("Tab");
      const [id, outline] = (await page.evaluate(`(() => {
        const { activeElement } = document;
        const seen = activeElement.type === "radio" ? activeElement.nextElementSibling : activeElement;
        const { outlineStyle } = getComputedStyle(seen);
        return [activeElement.id || activeElement.dataset.copies || activeElement.localName, outlineStyle];
      })()`)) as [string, string];
      stops.push(id);
      expect(outline, id).not.toBe("none");
    }
    expect(stops).toEqual([
      "one",
      "query",
      "passages",
      "choose",
      "run",
      "sort",
      "curl",
      "pre",
      "program",
    ]);
    await page.focus("#one");
    await page.keyboard.press("ArrowRight");
    expect(await text(page, "#results-title")).toBe("Error rates");
    await page.keyboard.press("ArrowLeft");
    await page.focus("#query");
    await page.keyboard.press("Enter");
    await page.waitForSelector("#list > li:nth-child(5)");
    await ended(page);
    const unlabelled = await page.$$eval("input, textarea", (fields) =>
      fields.filter((each) => !each.hidden && each.labels.length === 0).map(({ id }) => id),
    );
    expect(unlabelled).toEqual([]);
  });

  it.each(["light", "dark"])("can be read in the colours of a %s scheme", async (scheme) => {
    const { page } = await open((await serving()).url);
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    await fill(page, "passages", `${three}\n\n${"Nothing. ".repeat(90)} =5`);
    await ask(page);
    const ground = await page.evaluate("getComputedStyle(document.body).backgroundColor");
    const red = Number(/\d+/.exec(ground as string)?.[0]);
    if (scheme === "dark") expect(red).toBeLessThan(60);
    else expect(red).toBeGreaterThan(200);
    expect(await leastContrast(page)).toBeGreaterThanOrEqual(4.5);
    await click(page, "#many");
    await ask(page);
    expect(await leastContrast(page)).toBeGreaterThanOrEqual(4.5);
  });

  it("fits a phone of 360 pixels whatever it shows", async () => {
    const { page } = await open((await serving({ apiKey: "key" })).url);
    await page.setViewport({ width: 360, height: 640, isMobile: true, hasTouch: true });
    await page.waitForSelector("#key-form", { visible: true });
    expect(await isWiderThanScreen(page)).toBe(false);
    await fill(page, "key", "key");
    await page.keyboard.press("Enter");
    const unbroken = "x".repeat(400);
    await fill(page, "query", "x".repeat(80));
    await fill(page, "passages", `${unbroken}=1\n\n${"long ".repeat(2000)} =-12345.678`);
    await page.tap("#run");
    await page.waitForSelector("#list > li:nth-child(2)");
    await ended(page);
    expect(await isWiderThanScreen(page)).toBe(false);
    await page.tap("label:has(#many)");
    await fill(page, "questions", JSON.stringify({ q: "x".repeat(80), a: null }));
    await page.tap("#run");
    await page.waitForSelector("#report table");
    expect(await isWiderThanScreen(page)).toBe(false);
  });

  it("takes 1,000 passages, and draws while they come", async () => {
    const { page, complaints } = await open((await serving()).url);
    const margins = Array.from({ length: 1000 }, (_, index) => (((index * 37) % 100) - 50) / 10);
    await fill(page, "passages", margins.map((margin) => `text =${margin}`).join("\n\n"));
    await page.evaluate(`{
      window.seen = [];
      const watch = () => {
        seen.push(document.querySelectorAll("#list > li").length);
        requestAnimationFrame(watch);
      };
      watch();
    }`);
    await press(page);
    await page.waitForSelector("#list > li:nth-child(1000)");
    await ended(page);
    const relevant = margins.filter((margin) => margin > 0).length;
    expect(await text(page, "#summary")).toContain(`${relevant} of 1,000 passages are relevant`);
    const seen = (await page.evaluate("seen")) as number[];
    expect(seen.filter((rows) => rows > 0 && rows < 1000).length).toBeGreaterThan(2);
    await click(page, "#sort");
    const shown = (await verdicts(page)).map((each) => Number(each.split(" ").at(-1)));
    expect(shown).toEqual(margins.toSorted((a, b) => b - a));
    await pause(0);
    expect(complaints).toEqual([]);
  });
});

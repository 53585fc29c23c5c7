// The page: reads passages and questions, asks the server, and shows its verdicts as they come. Texts become text nodes only.
// @ts-check

/** @typedef {{ text: string, source?: string }} Passage */
/** @typedef {{ name: string, passages: Passage[] }} TextFile */
/** @typedef {{ q: string, a: string | null }} Question */
/**
 * @typedef {{ index: number, relevant: boolean, margin: number | null, score: number, tokens: number, windows: number,
 *   span?: { start: number, end: number }, reason?: keyof typeof reasons }} Verdict
 */
/** @typedef {{ margin: number, element: HTMLElement, index: number, relevant: boolean }} Row */
/** @typedef {{ count: number, of: number, share: number | null, interval: [number, number] | null }} Share */
/** @typedef {{ index: number, holds_answer: boolean, relevant: boolean, margin: number | null }} Retrieved */
/** @typedef {{ question: string, answerable: boolean, answer_found: boolean, passages: Retrieved[] }} Asked */
/** @typedef {"kept_right" | "silent" | "refused" | "speaks"} Measure */
/** @typedef {Record<Measure, Share> & { passages_kept: number, questions: Asked[] }} Measures */

const refusal = "I don't have evidence to answer that.";

const brokenOff = "The server broke off its answer.";

const example = {
  query: "how long does cooked rice keep in the fridge",
  passages: [
    "Cooked rice keeps for three to four days in the fridge if it is cooled within an hour and stored in a closed container.",
    "Wild rice is no rice: it is the seed of a grass that grows in the lakes of North America.",
    "The fridge is under guarantee for two years. Keep the receipt.",
    "Soups, stews and boiled rice may be kept cold for up to four days.",
    "How long does cooked rice keep in the fridge?",
  ].join("\n\n"),
  questions: [
    { q: "how long does cooked rice keep in the fridge", a: "three to four days" },
    { q: "how long is the guarantee of the fridge", a: "two years" },
    { q: "what wine goes with rice pudding", a: null },
    { q: "how do I sharpen a bread knife", a: null },
  ]
    .map((question) => JSON.stringify(question))
    .join("\n"),
};

/** Why the model was not asked. */
const reasons = {
  echo: "It only repeats the query.",
  empty: "It has no letter and no digit.",
  script: "The query or the passage is in a script that the model does not read.",
  language: "The query or the passage is in a language that the model does not read.",
};

/** A bar is full at this distance from the line. */
const fullMargin = 6;
/** Longer passages are shown in part. */
const shownUnits = 400;
/** Passages put on the page before the browser gets its turn. */
const batchSize = 50;
const maxFileBytes = 2 * 1024 * 1024;
/** More than a window of most models holds. */
const decisiveUnits = 4000;
/** A longer request is no line to paste. */
const maxLineUnits = 16_000;

// Elements

/**
 * @template {HTMLElement} E
 * @param {string} id
 * @param {new () => E} kind
 */
function element(id, kind) {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`#${id} is missing`);
}

/** @param {string} id */
const byId = (id) => element(id, HTMLElement);

const query = element("query", HTMLInputElement);
const passages = element("passages", HTMLTextAreaElement);
const questions = element("questions", HTMLTextAreaElement);
const topK = element("top", HTMLInputElement);
const many = element("many", HTMLInputElement);
const sort = element("sort", HTMLInputElement);
const progress = element("progress", HTMLProgressElement);
const trouble = byId("trouble");
const list = byId("list");
const key = element("key", HTMLInputElement);
const keyForm = element("key-form", HTMLFormElement);
const stop = element("stop", HTMLButtonElement);

/**
 * @param {string} tag
 * @param {string} kind
 * @param {...(string | Node)} content
 */
function make(tag, kind, ...content) {
  const made = document.createElement(tag);
  if (kind !== "") made.className = kind;
  made.append(...content);
  return made;
}

/** @param {HTMLElement} place @param {string} message */
function tell(place, message) {
  place.textContent = message;
  place.hidden = message === "";
}

/** @param {string} id @param {string} main @param {string} [rest] */
function summarize(id, main, rest) {
  const line = make(rest === undefined ? "span" : "strong", rest === undefined ? "soft" : "", main);
  byId(id).replaceChildren(line, make("span", "soft", rest ?? ""));
}

/** @param {number} count @param {string} name */
const counted = (count, name) => `${count.toLocaleString("en")} ${name}${count === 1 ? "" : "s"}`;

/** @param {number} ms */
const time = (ms) =>
  ms < 10_000 ? `${ms.toFixed(ms < 10 ? 1 : 0)}\u00a0ms` : `${(ms / 1000).toFixed(1)}\u00a0s`;

/** @param {number} margin */
const signed = (margin) => `${margin < 0 ? "−" : "+"}${Math.abs(margin).toFixed(2)}`;

// Reading what was pasted and dropped

/** @param {string} text @returns {unknown} */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * What the server would read as a passage.
 * @param {any} value
 */
function textOf(value) {
  if (typeof value === "string") return value;
  const texts = [value?.text, value?.passage, value?.content];
  const found = texts.filter((text) => typeof text === "string");
  return found.length > 0 ? found.join("\n") : undefined;
}

/** @param {string} text */
const linesOf = (text) =>
  text
    .split(/\r?\n/)
    .map((line, index) => ({ number: index + 1, text: line.trim() }))
    .filter((line) => line.text !== "");

/**
 * The passages of JSON lines, or of a JSON array; undefined for what is neither.
 * @param {string} text
 * @returns {string[] | undefined}
 */
function jsonPassages(text) {
  const start = text.trimStart();
  if (!/^[[{"]/.test(start)) return undefined;
  const expected = 'is not a JSON string or an object with "text", "passage" or "content".';
  const whole = start.startsWith('"') ? undefined : parsed(text);
  if (whole !== undefined) {
    return (Array.isArray(whole) ? whole : [whole]).map((value, index) => {
      const found = textOf(value);
      if (found === undefined) throw new Error(`Passage ${index + 1} ${expected}`);
      return found;
    });
  }
  const lines = linesOf(text);
  if (parsed(lines[0]?.text ?? "") === undefined) return undefined;
  const texts = lines.map((line) => textOf(parsed(line.text)));
  const wrong = texts.indexOf(undefined);
  if (wrong < 0) return /** @type {string[]} */ (texts);
  // A line of prose may well be a quotation.
  if (start.startsWith('"')) return undefined;
  throw new Error(`Line ${lines[wrong]?.number} ${expected}`);
}

/** @param {string} text */
const plainPassages = (text) =>
  text
    .split(/\r?\n[^\S\n]*\r?\n/)
    .map((passage) => passage.trim())
    .filter((passage) => passage !== "");

/** @type {TextFile[]} */
const files = [];

/** @returns {Passage[]} */
function allPassages() {
  const texts = jsonPassages(passages.value) ?? plainPassages(passages.value);
  return [...texts.map((text) => ({ text })), ...files.flatMap((file) => file.passages)];
}

/** @returns {Question[]} */
function allQuestions() {
  return linesOf(questions.value).map((line) => {
    const { q, a } = /** @type {any} */ (parsed(line.text)) ?? {};
    const right =
      typeof q === "string" &&
      q.trim() !== "" &&
      (a === null || (typeof a === "string" && a.trim()));
    if (right) return { q, a };
    throw new Error(`Line ${line.number} of the questions is not {"q": "…", "a": "…" or null}.`);
  });
}

/** @param {File} file @returns {Promise<Passage[]>} */
async function readFile(file) {
  const { name } = file;
  const kind = /\.(txt|md|markdown|jsonl|json)$/i.exec(name)?.[1]?.toLowerCase();
  if (kind === undefined) {
    throw new Error(
      `${name} cannot be read here. Add .txt, .md, .markdown, .jsonl or .json files.`,
    );
  }
  if (file.size > maxFileBytes) throw new Error(`${name} is larger than 2 MiB. Split it first.`);
  const text = decoded(name, await file.arrayBuffer());
  if (kind.startsWith("json")) {
    const texts = jsonPassages(text);
    if (texts) return texts.map((each) => ({ text: each, source: name }));
    throw new Error("It holds neither JSON lines nor a JSON array.");
  }
  const answer = await ask("split", JSON.stringify({ name, text }));
  /** @type {{ passages: { text: string, line: number }[] }} */
  const split = await answer.json();
  return split.passages.map(({ text, line }) => ({ text, source: `${name}, line ${line}` }));
}

/** @param {string} name @param {ArrayBuffer} bytes */
function decoded(name, bytes) {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    if (!text.includes("\0")) return text;
  } catch {}
  throw new Error(`${name} is not text in UTF-8. Save it as plain text first.`);
}

/** @param {Iterable<File>} added */
async function addFiles(added) {
  const problems = [];
  for (const file of added) {
    try {
      const found = await readFile(file);
      if (files.length === 0 && passages.value === example.passages) passages.value = "";
      files.push({ name: file.name, passages: found });
    } catch (error) {
      const { message } = /** @type {Error} */ (error);
      problems.push(message.startsWith(file.name) ? message : `${file.name}: ${message}`);
    }
  }
  tell(byId("file-trouble"), problems.join("\n"));
  showFiles();
}

function showFiles() {
  const shown = files.map((file) => {
    const remove = make("button", "link", "Remove");
    remove.setAttribute("type", "button");
    remove.setAttribute("aria-label", `Remove ${file.name}`);
    remove.addEventListener("click", () => {
      files.splice(files.indexOf(file), 1);
      showFiles();
      byId("choose").focus();
    });
    const count = make("span", "soft", counted(file.passages.length, "passage"));
    return make("li", "", make("span", "", file.name, " ", count), remove);
  });
  byId("files").replaceChildren(...shown);
  refresh();
}

// Asking the server

/** Kept here only. */
let apiKey = "";
let keyWanted = false;

/** @param {string} path @param {string} [body] @param {AbortSignal} [signal] */
async function ask(path, body, signal) {
  /** @type {Record<string, string>} */
  const headers = { "content-type": "application/json" };
  const sentKey = apiKey;
  if (sentKey !== "") headers.authorization = `Bearer ${sentKey}`;
  const method = body === undefined ? "GET" : "POST";
  let response;
  try {
    response = await fetch(path, { method, headers, body: body ?? null, signal: signal ?? null });
  } catch (error) {
    if (signal?.aborted) throw error;
    const size = (body?.length ?? 0) / 2 ** 20;
    const large =
      size > 1 ? ` It may not take requests as large as this one, ${size.toFixed(1)} MiB.` : "";
    throw new Error(`The server does not answer. Is it still running?${large}`);
  }
  if (response.ok) return response;
  const problem = await response.json().catch(() => ({}));
  const message = problem.error ?? response.statusText;
  if (response.status !== 401)
    throw new Error(`The server answered ${response.status}: ${message}`);
  if (sentKey === apiKey) askForKey();
  throw new Error("The server asks for an API key.");
}

function askForKey() {
  keyForm.hidden = false;
  byId("key-problem").textContent =
    apiKey === "" ? "This server asks for an API key." : "The server does not accept this key.";
  key.focus();
}

async function loadInfo() {
  try {
    const info = await (await ask("info")).json();
    byId("model").textContent =
      `${info.model_id} on ${info.model_device}, ${info.max_input_length} tokens at once`;
  } catch {
    // Whatever it is, judging will say it.
  }
}

/** @type {AbortController | undefined} */
let running;

async function run() {
  running?.abort();
  const mine = new AbortController();
  running = mine;
  const measuring = many.checked;
  tell(trouble, "");
  stop.disabled = false;
  keyWanted = false;
  try {
    await (measuring ? measure(mine.signal) : judge(mine.signal));
  } catch (error) {
    if (running !== mine) return;
    const stopped = mine.signal.aborted;
    if (!stopped) tell(trouble, /** @type {Error} */ (error).message);
    keyWanted = !keyForm.hidden;
    breakOff(measuring, stopped);
  }
  if (running !== mine) return;
  running = undefined;
  stop.disabled = true;
  progress.value = 0;
}

/** @param {boolean} measuring @param {boolean} stopped */
function breakOff(measuring, stopped) {
  const what = stopped ? "Stopped" : "Not finished";
  if (measuring) {
    byId("report").replaceChildren();
    summarize("measured", what);
    return;
  }
  if (rows.length > 0) {
    const judged = `${what}: ${counted(rows.length, "passage")} judged`;
    summarize("summary", judged, `${relevantRows()} relevant`);
    return;
  }
  byId("axis").hidden = true;
  list.replaceChildren();
  summarize("summary", stopped ? "Stopped before the first verdict." : "Nothing judged.");
}

/**
 * @template T
 * @param {T[]} items
 * @param {HTMLElement} field
 * @param {string} message
 */
function needed(items, field, message) {
  if (items.length > 0) return items;
  field.focus();
  throw new Error(message);
}

/**
 * Lines as they come, those together that came together.
 * @param {Response} response
 * @param {AbortSignal} signal
 * @returns {AsyncGenerator<any[]>}
 */
async function* arrivals(response, signal) {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  while (reader) {
    const { done, value } = await reader.read().catch((error) => {
      throw signal.aborted ? error : new Error(brokenOff);
    });
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop() ?? "";
    if (lines.length > 0) yield lines.map((line) => JSON.parse(line));
  }
}

// Verdicts

/** @type {Row[]} In the order in which they are shown. */
let rows = [];

const relevantRows = () => rows.filter((row) => row.relevant).length;

/** @param {AbortSignal} signal */
async function judge(signal) {
  rows = [];
  if (query.value.trim() === "") needed([], query, "Write a query first.");
  const judged = needed(allPassages(), passages, "Add a passage first.");
  summarize("summary", `Judging ${counted(judged.length, "passage")}…`);
  progress.max = judged.length;
  const start = performance.now();
  const response = await ask("judge", judgeBody(judged), signal);
  list.replaceChildren();
  let last = start;
  let done = false;
  for await (const lines of arrivals(response, signal)) {
    /** @type {Verdict[]} */
    const verdicts = lines.filter((line) => "index" in line);
    // What arrives together was computed together; its tokens took the time.
    const tokens = verdicts.reduce((sum, verdict) => sum + verdict.tokens, 0);
    const perToken = (performance.now() - last) / Math.max(1, tokens);
    last = performance.now();
    for (let from = 0; from < verdicts.length; from += batchSize) {
      if (from > 0) await new Promise((resolve) => setTimeout(resolve));
      signal.throwIfAborted();
      for (const verdict of verdicts.slice(from, from + batchSize)) {
        addRow(verdict, judged[verdict.index] ?? { text: "" }, perToken * verdict.tokens);
      }
      progress.value = rows.length;
    }
    const end = lines.at(-1);
    if ("error" in end) throw new Error(`The server stopped: ${end.error}`);
    done = "done" in end;
  }
  if (!done) throw new Error(brokenOff);
  const took = time(performance.now() - start);
  const relevant = relevantRows();
  const all = counted(judged.length, "passage");
  const verb = relevant === 1 ? "is" : "are";
  if (relevant > 0) summarize("summary", `${relevant} of ${all} ${verb} relevant, ${took}`, "");
  else summarize("summary", refusal, `0 of ${all} are relevant, ${took}`);
}

/** @param {Passage[]} judged */
const judgeBody = (judged) =>
  JSON.stringify({ query: query.value, passages: judged.map(({ text }) => text), stream: true });

/** @param {Verdict} verdict @param {Passage} passage @param {number} ms */
function addRow(verdict, passage, ms) {
  const { index, relevant } = verdict;
  const margin = verdict.margin ?? -Infinity;
  const row = { index, relevant, margin, element: rowOf(verdict, passage, ms) };
  let place = rows.length;
  while (sort.checked && place > 0 && (rows[place - 1]?.margin ?? 0) < margin) place--;
  list.insertBefore(row.element, rows[place]?.element ?? null);
  rows.splice(place, 0, row);
  if (Number.isFinite(margin) && verdict.score < 1) {
    // A calibration moves the line.
    const line = margin - distance(verdict);
    byId("line").textContent = Math.abs(line) < 0.005 ? "0" : signed(line);
  }
  byId("axis").hidden = false;
}

/** How far from the line: the score is its sigmoid. @param {Verdict} verdict */
const distance = ({ score }) => Math.log(score / (1 - score));

/** @param {Verdict} verdict @param {Passage} passage @param {number} ms */
function rowOf(verdict, { text, source }, ms) {
  const { index, relevant, margin, tokens, windows, span, reason } = verdict;
  const word = reason ? "Refused" : relevant ? "Relevant" : "Not relevant";
  const figures = make("span", "figures");
  if (margin !== null) figures.append(make("span", "", `margin ${signed(margin)}`));
  figures.append(make("span", "", time(ms)));
  if (tokens > 0) figures.append(make("span", "", counted(tokens, "token")));
  if (windows > 1) figures.append(make("span", "", counted(windows, "window")));
  const head = make(
    "div",
    "head",
    make("span", "soft", `${index + 1}`),
    make("strong", "word", word),
    figures,
  );
  const bar = make("div", "bar");
  if (margin !== null) {
    const filled = make("i", "");
    const part = Math.min(1, Math.abs(distance(verdict)) / fullMargin);
    filled.style.setProperty("--part", `${part}`);
    bar.append(filled);
  }
  const row = make("li", relevant ? "relevant" : "", head, bar, ...textParts(text, span));
  if (reason) row.append(make("p", "note", reasons[reason]));
  if (span) row.append(make("p", "note", "The marked window has the largest margin and decides."));
  if (source) row.append(make("p", "source", source));
  return row;
}

/**
 * A passage, the part that decided marked; a long one cut, with a button that shows all of it.
 * @param {string} text
 * @param {Verdict["span"]} span
 */
function textParts(text, span) {
  const { start, end } = span ?? { start: 0, end: 0 };
  const [before, decisive, after] = [text.slice(0, start), text.slice(start, end), text.slice(end)];
  /** @param {string[]} parts */
  const shown = ([a = "", b = "", c = ""]) => [a, ...(b ? [make("mark", "", b)] : []), c];
  const around = span ? shownUnits / 4 : shownUnits;
  const cut = [
    ending(before, around),
    beginning(decisive, decisiveUnits),
    beginning(after, around),
  ];
  const paragraph = make("p", "text", ...shown(cut));
  if (cut.join("") === text) return [paragraph];
  const more = make("button", "link", "Show all");
  more.setAttribute("type", "button");
  more.setAttribute("aria-expanded", "false");
  let all = false;
  more.addEventListener("click", () => {
    all = !all;
    paragraph.replaceChildren(...shown(all ? [before, decisive, after] : cut));
    more.textContent = all ? "Show less" : "Show all";
    more.setAttribute("aria-expanded", `${all}`);
  });
  return [paragraph, more];
}

/** @param {string} text @param {number} units */
const beginning = (text, units) =>
  text.length <= units ? text : `${text.slice(0, units).replace(/\s+\S*$|[\ud800-\udbff]$/, "")} …`;

/** @param {string} text @param {number} units */
const ending = (text, units) =>
  text.length <= units ? text : `… ${text.slice(-units).replace(/^\S*\s+|^[\udc00-\udfff]/, "")}`;

function sortRows() {
  rows.sort((a, b) =>
    sort.checked ? b.margin - a.margin || a.index - b.index : a.index - b.index,
  );
  list.replaceChildren(...rows.map((row) => row.element));
}

// Questions with answers

/** @type {Record<Measure, [name: string, meaning: string]>} */
const measureNames = {
  kept_right: ["Kept right", "the answer was retrieved, and a passage with it was kept"],
  silent: ["Silent", "the answer was retrieved, and nothing was kept"],
  refused: ["Refused", "there is no answer, and nothing was kept"],
  speaks: ["Speaks", "there is no answer, and something was kept"],
};

/** @param {Passage[]} judged @param {Question[]} asked */
const questionsBody = (judged, asked) =>
  JSON.stringify({
    passages: judged.map(({ text }) => text),
    questions: asked,
    top_k: topK.valueAsNumber || 5,
  });

/** @param {AbortSignal} signal */
async function measure(signal) {
  const asked = needed(allQuestions(), questions, "Add a question first.");
  const judged = needed(allPassages(), passages, "Add a passage first.");
  summarize("measured", `Asking ${counted(asked.length, "question")}…`);
  progress.removeAttribute("value");
  const start = performance.now();
  const response = await ask("questions", questionsBody(judged, asked), signal);
  /** @type {Measures} */
  const measures = await response.json();
  const ms = performance.now() - start;
  const { kept_right, speaks, passages_kept } = measures;
  const counts = kept_right.of + speaks.of;
  const wrong = kept_right.of - kept_right.count + speaks.count;
  const kept = `${passages_kept.toFixed(1)} passages kept per question`;
  const left = asked.length - counts;
  const skipped = left > 0 ? `; ${left} not counted, because the answer was not retrieved` : "";
  summarize(
    "measured",
    `${wrong} of ${counted(counts, "question")} went wrong, ${time(ms)}`,
    kept + skipped,
  );
  const listed = measures.questions.map((question) => questionRow(question, judged));
  const rows = listed.filter((row) => row !== undefined);
  const report = byId("report");
  report.replaceChildren(measureTable(measures));
  if (rows.length === 0) return;
  const wrongOnes = make("ul", "", ...rows);
  wrongOnes.id = "wrong";
  report.append(make("h3", "", "What went wrong"), wrongOnes);
}

/** @param {Measures} measures */
function measureTable(measures) {
  const heads = ["Measure", "Count", "Share"].map((name) => make("th", "", name));
  const names = /** @type {Measure[]} */ (Object.keys(measureNames));
  const body = names.map((measure) => {
    const [name, meaning] = measureNames[measure];
    const { count, of, share, interval } = measures[measure];
    const range = interval?.map((bound) => (100 * bound).toFixed(0)).join(" to ");
    const percent = share === null ? "–" : `${(100 * share).toFixed(0)} %`;
    const label = make("th", "", make("b", "", name), meaning);
    label.setAttribute("scope", "row");
    const shown = make(
      "td",
      "",
      make("b", "", percent),
      make("span", "soft", range ? `${range} %` : ""),
    );
    return make("tr", "", label, make("td", "", `${count} of ${of}`), shown);
  });
  const caption = make("caption", "unseen", "Error rates with 95 % intervals");
  return make(
    "table",
    "",
    caption,
    make("thead", "", make("tr", "", ...heads)),
    make("tbody", "", ...body),
  );
}

/**
 * A question that went wrong, with the passages that tell why; nothing for one that went right.
 * @param {Asked} asked
 * @param {Passage[]} judged
 */
function questionRow({ question, answerable, answer_found, passages }, judged) {
  const kept = passages.filter((passage) => passage.relevant);
  const right = passages.filter((passage) => passage.holds_answer);
  if (answerable ? kept.some((passage) => passage.holds_answer) : kept.length === 0)
    return undefined;
  const [what, shown] = !answerable
    ? ["Speaks: there is no answer, but this was kept.", kept]
    : !answer_found
      ? ["Not counted: no passage has these words of the answer.", []]
      : right.length === 0
        ? ["Not counted: no passage with the answer was retrieved.", []]
        : kept.length === 0
          ? ["Silent: the answer is here, but nothing was kept.", right]
          : ["Not kept: the answer is here, but only other passages were kept.", right];
  const items = shown.map(({ index, margin }) => {
    const figures = margin === null ? "refused" : `margin ${signed(margin)}`;
    const text = beginning(judged[index]?.text ?? "", shownUnits / 2);
    return make("li", "", make("span", "soft", `${index + 1}, ${figures}: `), text);
  });
  return make("li", "", make("b", "", question), make("p", "soft", what), make("ul", "", ...items));
}

// The same from a program

/** As a POSIX shell reads it back. @param {string} text */
const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** JSON, and TypeScript too, in which nothing is invisible. @param {unknown} value */
const written = (value) =>
  JSON.stringify(value, null, 2).replace(
    /[\x7f-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );

/** Counts what is there, and writes it as a program. */
function refresh() {
  const count = byId("count");
  /** @type {Passage[]} */
  let all = [];
  try {
    all = allPassages();
    count.textContent = counted(all.length, "passage");
    showCode(all, many.checked ? allQuestions() : undefined);
  } catch (error) {
    count.textContent = /** @type {Error} */ (error).message;
  }
}

/** @param {Passage[]} judged @param {Question[]} [asked] */
function showCode(judged, asked) {
  const body = JSON.parse(asked ? questionsBody(judged, asked) : judgeBody(judged));
  const text = written(body);
  const long = text.length > maxLineUnits;
  const url = new URL(asked ? "questions" : "judge", location.href.replace(/[?#].*/, ""));
  const parts = [`curl ${quoted(url.href)}`, "-H 'Content-Type: application/json'"];
  if (apiKey !== "") parts.push('-H "Authorization: Bearer $QRAG_API_KEY"');
  parts.push(long ? "--data-binary @request.json" : `-d ${quoted(text)}`);
  byId("curl").textContent = parts.join(" \\\n  ");
  byId("program-name").textContent = asked ? "Shell, for a folder of documents" : "TypeScript";
  byId("program").textContent = asked
    ? "qrag eval --folder documents --questions questions.jsonl"
    : typescript(body, long);
  byId("request-file").hidden = !long;
  saved = long ? text : "";
}

/** What `request.json` holds. */
let saved = "";

function save() {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([saved], { type: "application/json" }));
  link.download = "request.json";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** @param {{ query: string, passages: string[] }} body @param {boolean} long */
function typescript({ query, passages }, long) {
  const input = long
    ? 'const { query, passages } = JSON.parse(await readFile("request.json", "utf8"));'
    : `const query = ${written(query)};\nconst passages = ${written(passages)};`;
  return `${long ? 'import { readFile } from "node:fs/promises";\n' : ""}import { loadGate } from "qrag";

${input}

await using gate = await loadGate(); // the model that ships with qrag; pass a path for another
const verdicts = await gate.judgeAll(query, passages);
const found = verdicts.some(({ relevant }) => relevant);
console.log(found ? verdicts : ${JSON.stringify(refusal)});`;
}

/** @param {HTMLElement} button */
async function copy(button) {
  const code = byId(button.dataset.copies ?? "");
  try {
    await navigator.clipboard.writeText(code.textContent ?? "");
  } catch {
    // Pages that came over plain HTTP from another machine have no clipboard.
    getSelection()?.selectAllChildren(code);
    document.execCommand("copy");
  }
  button.textContent = "Copied";
  setTimeout(() => {
    button.textContent = "Copy";
  }, 2000);
}

// Start

function changeMode() {
  running?.abort();
  tell(trouble, "");
  for (const id of ["query-field", "sort-field", "verdicts"]) byId(id).hidden = many.checked;
  for (const id of ["questions-field", "measures"]) byId(id).hidden = !many.checked;
  byId("results-title").textContent = many.checked ? "Error rates" : "Verdicts";
  byId("run").textContent = many.checked ? "Measure" : "Judge";
  refresh();
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let refreshing;

function listen() {
  const ask = element("ask", HTMLFormElement);
  ask.addEventListener("submit", (event) => {
    event.preventDefault();
    void run();
  });
  ask.addEventListener("input", () => {
    clearTimeout(refreshing);
    refreshing = setTimeout(refresh, 150);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
    event.preventDefault();
    void run();
  });
  byId("save").addEventListener("click", save);
  stop.addEventListener("click", () => running?.abort());
  sort.addEventListener("change", sortRows);
  for (const id of ["one", "many"]) byId(id).addEventListener("change", changeMode);
  keyForm.addEventListener("submit", (event) => {
    event.preventDefault();
    apiKey = key.value;
    keyForm.hidden = true;
    refresh();
    void loadInfo();
    if (keyWanted) void run();
  });
  for (const button of document.querySelectorAll("button[data-copies]")) {
    button.addEventListener("click", () => copy(/** @type {HTMLElement} */ (button)));
  }
  listenForFiles();
}

function listenForFiles() {
  const file = element("file", HTMLInputElement);
  byId("choose").addEventListener("click", () => file.click());
  file.addEventListener("change", async () => {
    await addFiles([...(file.files ?? [])]);
    file.value = "";
  });
  const drop = byId("drop");
  /** @param {DragEvent} event */
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files") ?? false;
  document.addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    drop.classList.add("dropping");
  });
  document.addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) drop.classList.remove("dropping");
  });
  document.addEventListener("drop", (event) => {
    drop.classList.remove("dropping");
    if (!hasFiles(event)) return;
    event.preventDefault();
    void addFiles([...(event.dataTransfer?.files ?? [])]);
  });
}

query.value = example.query;
passages.value = example.passages;
questions.value = example.questions;
if (/Mac|iP(hone|ad)/.test(navigator.platform)) byId("modifier").textContent = "⌘";
listen();
changeMode();
void loadInfo();

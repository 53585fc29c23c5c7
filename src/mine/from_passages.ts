// Questions made from a store's own passages: one of its headings, or a sentence. What it was made of is cut out of the
// passage, so that neither the gate nor a model in training sees the question in its answer.
import { createHash } from "node:crypto";
import { sentencesIn } from "../passages/sentences.ts";
import { countWords } from "../passages/words.ts";
import type { StoredPassage } from "../store/read.ts";
import type { Store } from "../store/store.ts";
import { collapsed } from "./collapsed.ts";
import type { Made, MiningQuestion } from "./questions.ts";

interface Drawn {
  /** Where it stands in the order of the draw. */
  readonly order: string;
  readonly question: MiningQuestion;
}

/**
 * Up to `count` questions, each from another passage. A digest of seed and place draws them: the same documents and the
 * same seed give the same questions, whatever the order in which they were indexed.
 */
export async function questionsFrom(
  store: Pick<Store, "passages">,
  count: number,
  seed: number,
  signal: AbortSignal | undefined,
): Promise<MiningQuestion[]> {
  let drawn: Drawn[] = [];
  let last: string | undefined;
  const first = () => drawn.sort((a, b) => (a.order < b.order ? -1 : 1)).slice(0, count);
  for await (const passage of store.passages()) {
    signal?.throwIfAborted();
    const digest = createHash("sha256").update(`${seed}\n${passage.id}\n${passage.start}`).digest();
    const order = digest.toString("hex");
    if (last !== undefined && order >= last) continue;
    const made = madeFrom(passage, digest.readUInt32LE(28));
    if (!made) continue;
    drawn.push({ order, question: { text: made.question, positives: [], made } });
    if (drawn.length < 2 * count) continue;
    drawn = first();
    last = drawn.at(-1)!.order;
  }
  return first().map(({ question }) => question);
}

type MadeQuestion = Made & { readonly question: string };

/** What is left has to be able to answer. */
const leastWordsLeft = 20;

function madeFrom(passage: StoredPassage, draw: number): MadeQuestion | undefined {
  const ways = draw % 2 === 0 ? [fromHeading, fromSentence] : [fromSentence, fromHeading];
  for (const way of ways) {
    const made = way(passage, draw >>> 1);
    if (made && countWords(made.text) >= leastWordsLeft) return made;
  }
  return undefined;
}

/** Of the nearest heading and those above it as many as make two words: "Usage" alone asks nothing. */
function fromHeading(passage: StoredPassage): MadeQuestion | undefined {
  const { headings } = passage;
  for (let from = headings.length - 1; from >= 0; from--) {
    const question = headings.slice(from).join(" ").trim();
    const words = countWords(question);
    if (words > 12) return undefined;
    if (words < 2) continue;
    const { path, body } = partsOf(passage);
    return { question, from: "heading", passage, text: body, cut: path };
  }
  return undefined;
}

function fromSentence(passage: StoredPassage, draw: number): MadeQuestion | undefined {
  const { path, body } = partsOf(passage);
  const sentences = sentencesIn(body, 0, body.length).filter(({ start, end }) =>
    isStatement(body.slice(start, end)),
  );
  const drawn = sentences[draw % Math.max(1, sentences.length)];
  if (!drawn) return undefined;
  const cut = body.slice(drawn.start, drawn.end);
  const rest = `${body.slice(0, drawn.start)}${body.slice(drawn.end)}`.trim();
  // Asides are what nobody asks for.
  const question = collapsed(cut.replace(/\s*\([^()]*\)/g, "")).replace(/[.!]$/, "");
  const text = path === "" ? rest : `${path}\n${rest}`;
  return { question, from: "sentence", passage, text, cut };
}

/** Prose: no row of a table, no code, no piece of a list. */
function isStatement(text: string): boolean {
  const words = countWords(text);
  return words >= 7 && words <= 40 && /^\s*["“(]?\p{Lu}[^|`{}<>]*[.!]["”)]?\s*$/u.test(text);
}

/** The headings' path, which is the first line of the text where there are any, and the rest. */
function partsOf({ text, headings }: StoredPassage): { path: string; body: string } {
  const end = headings.length > 0 ? text.indexOf("\n") : -1;
  return { path: text.slice(0, Math.max(0, end)), body: text.slice(end + 1) };
}

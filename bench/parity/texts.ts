// The texts of a parity run: questions, the passages that answer them, and others; sampled out of QRAG_DATA, never copied.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { randomNumbers } from "../published.ts";

export interface Texts {
  readonly questions: readonly string[];
  readonly passages: readonly string[];
  /** For each question the place of its passage. */
  readonly answers: readonly number[];
}

interface Pair {
  readonly query: string;
  /** The id of a passage, or its text. */
  readonly positive: string;
  readonly kind: string;
}

interface Passage {
  readonly id: string;
  readonly text: string;
}

/** `data` has pairs/NAME.jsonl.gz and passages/NAME.jsonl.gz. The same texts in every run. */
export function sampleTexts(
  data: string,
  counts: { readonly questions: number; readonly passages: number },
): Texts {
  const random = randomNumbers(31);
  const ends = ".jsonl.gz";
  const names = readdirSync(join(data, "pairs"))
    .filter((file) => file.endsWith(ends))
    .map((file) => file.slice(0, -ends.length))
    .sort();
  const asked = names.flatMap((name) =>
    lines<Pair>(join(data, "pairs", name + ends))
      .filter(({ kind, positive }) => kind === "question" && positive.startsWith(`${name}:`))
      .map((pair) => ({ ...pair, name })),
  );
  const chosen = sample(asked, counts.questions, random);
  const known = new Map<string, string>();
  for (const name of new Set(chosen.map((pair) => pair.name))) {
    for (const { id, text } of lines<Passage>(join(data, "passages", name + ends))) {
      known.set(id, text);
    }
  }
  const pairs = chosen.filter(({ positive }) => known.has(positive));
  const answering = new Set(pairs.map(({ positive }) => positive));
  const rest = [...known.keys()].filter((id) => !answering.has(id));
  const others = sample(rest, counts.passages - answering.size, random);
  const ids = [...answering, ...others];
  const places = new Map(ids.map((id, place) => [id, place]));
  return {
    questions: pairs.map(({ query }) => query),
    passages: ids.map((id) => known.get(id)!),
    answers: pairs.map(({ positive }) => places.get(positive)!),
  };
}

const lines = <T>(path: string): T[] =>
  gunzipSync(readFileSync(path))
    .toString("utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as T);

/** Without putting back; all, if there are no more. */
function sample<T>(items: readonly T[], count: number, random: () => number): T[] {
  const left = [...items];
  const taken: T[] = [];
  while (taken.length < count && left.length > 0) {
    const place = Math.floor(random() * left.length);
    taken.push(left[place]!);
    left[place] = left.at(-1)!;
    left.pop();
  }
  return taken;
}

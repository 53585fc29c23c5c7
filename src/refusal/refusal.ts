// Pairs that are refused before the model is asked: it was not made to read them, or there is nothing to judge.
import { isForeign } from "./languages.ts";
import { foreignScripts } from "./scripts.ts";

/**
 * `empty`: the passage has no letter and no digit. `echo`: it is the query itself, perhaps repeated. `script`, `language`:
 * the query or the passage is in one that the model does not read.
 */
export type RefusalReason = "empty" | "echo" | "script" | "language";

/** What a model's file says it reads. Without scripts nothing is refused here: other models may read anything. */
export interface Reads {
  readonly scripts: readonly string[] | undefined;
  readonly languages?: readonly string[] | undefined;
}

/** Why a passage is refused, or undefined if the model is to judge it. */
export type Refuse = (passage: string) => RefusalReason | undefined;

const nothing: (query: string) => Refuse = () => () => undefined;

/** So much of a text tells what it is, in UTF-16 units. */
const sampleUnits = 4096;

export function refusals({ scripts, languages }: Reads): (query: string) => Refuse {
  if (scripts === undefined) return nothing;
  const inForeignScript = foreignScripts(scripts);
  const onlyEnglish = languages?.length === 1 && languages[0] === "en";
  const unread = (text: string): RefusalReason | undefined => {
    if (inForeignScript(text)) return "script";
    return onlyEnglish && isForeign(text) ? "language" : undefined;
  };
  return (query) => {
    const reason = unread(query.slice(0, sampleUnits));
    const echoed = wordsOf(query);
    return (passage) => {
      if (!/[\p{L}\p{N}]/u.test(passage)) return "empty";
      const sample = passage.slice(0, sampleUnits);
      if (isEcho(wordsOf(sample), echoed)) return "echo";
      return reason ?? unread(sample);
    };
  };
}

/** What stands before a question that is quoted. */
const labels = new Set(["q", "question", "query", "user", "asked", "re", "faq"]);

function wordsOf(text: string): string[] {
  const words =
    text
      .normalize("NFKC")
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? [];
  return words.filter((word) => !labels.has(word));
}

/** The query's words over and over, and nothing else; what a sample cuts off does not matter. */
function isEcho(passage: readonly string[], query: readonly string[]): boolean {
  if (query.length === 0 || passage.length < query.length) return false;
  return passage.every((word, index) => word === query[index % query.length]);
}

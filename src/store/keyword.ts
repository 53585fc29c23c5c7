// The keyword side of a search: a question as a query of FTS5, and the passages that have its words, the best first.
import type { Connection } from "./connection.ts";
import { fuse, idf } from "./fuse.ts";
import { pairsIn } from "./unspaced.ts";

/** More words than that are no search; each costs a look into the index. */
const maxWords = 256;
/** From here on words that very many passages have are left out: they take most of the time and tell least. */
const manyPassages = 100_000;
const commonShare = 0.1;

/** What stands between white space. */
export function wordsOf(query: string): string[] {
  return query.split(/\s+/).filter((word) => word !== "");
}

/** A term of the index, and how many passages have it. */
export interface Term {
  readonly text: string;
  readonly passages: number;
}

/** A word of the question, quoted, and what the index makes of it: one term, several ("e-mail"), or none. */
export interface QueryWord {
  readonly quoted: string;
  readonly terms: readonly Term[];
}

/** The distinct words of more than one character; the whole question as a phrase where there are none. */
export function quotedWords(query: string): string[] {
  const long = wordsOf(query).filter((word) => [...word].length > 1);
  const words = long.length > 0 ? long : [query];
  return [...new Set(words)].slice(0, maxWords).map(quoted);
}

/** A quotation mark inside is doubled: nothing in a question is an operator. FTS5 ends a query at a NUL. */
function quoted(text: string): string {
  return `"${text.replaceAll("\0", " ").replaceAll('"', '""')}"`;
}

/** Looks each word's terms up; the index's own tokenizer finds them. */
export function lookUp(connection: Connection, query: string): QueryWord[] {
  const words = quotedWords(query);
  connection.run("INSERT INTO temp.query (query) VALUES ('delete-all')");
  for (const [index, word] of words.entries()) {
    connection.run("INSERT INTO temp.query (rowid, text) VALUES (?, ?)", index, word);
  }
  const terms = words.map((): Term[] => []);
  for (const { term, doc } of connection.all(
    "SELECT term, doc FROM temp.query_terms ORDER BY doc, offset",
  )) {
    const text = String(term);
    const having = connection.value("SELECT doc FROM temp.terms WHERE term = ?", text);
    terms[Number(doc)]?.push({ text, passages: Number(having ?? 0) });
  }
  return words.map((word, index) => ({ quoted: word, terms: terms[index]! }));
}

/** Of the distinct terms. */
export function idfsOf(words: readonly QueryWord[], passages: number): number[] {
  const terms = new Map(
    words.flatMap(({ terms }) => terms.map((term) => [term.text, term.passages] as const)),
  );
  return [...terms.values()].map((having) => idf(passages, having));
}

/** The words that are searched for: in a large store not the most common ones, unless there are no others. */
export function searched(words: readonly QueryWord[], passages: number): QueryWord[] {
  const known = words.filter(({ terms }) => terms.length > 0);
  if (passages <= manyPassages) return known;
  const rare = known.filter(({ terms }) =>
    terms.some((term) => term.passages <= passages * commonShare),
  );
  return rare.length > 0 ? rare : known;
}

export interface KeywordHits {
  /** The best first. */
  readonly passages: readonly number[];
  /** What was searched for. */
  readonly words: readonly string[];
}

/** `filtered`: only passages of the documents in temp.allowed. */
export function keywordHits(
  connection: Connection,
  query: string,
  words: readonly QueryWord[],
  limit: number,
  filtered: boolean,
): KeywordHits {
  const quotedPairs = [...new Set(pairsIn(query))].slice(0, maxWords).map(pairQuery);
  const quotedTerms = words.map((word) => word.quoted);
  const byWords = matching(connection, "words", quotedTerms, limit, filtered);
  const byPairs = matching(connection, "pairs", quotedPairs, limit, filtered);
  const passages =
    byPairs.length === 0
      ? byWords
      : fuse(byWords, byPairs, { vector: 0.5, keyword: 0.5 }, limit)
          .slice(0, limit)
          .map(({ passage }) => passage);
  return { passages, words: [...quotedTerms, ...quotedPairs] };
}

/** One character finds every pair that begins with it. */
function pairQuery(pair: string): string {
  return [...pair].length === 1 ? `${quoted(pair)} *` : quoted(pair);
}

function matching(
  connection: Connection,
  index: "words" | "pairs",
  quotedTerms: readonly string[],
  limit: number,
  filtered: boolean,
): number[] {
  if (quotedTerms.length === 0) return [];
  const only = filtered
    ? "AND rowid IN (SELECT number FROM passages WHERE document IN (SELECT number FROM temp.allowed))"
    : "";
  return connection
    .all(
      `SELECT rowid AS passage FROM ${index} WHERE ${index} MATCH ? ${only} ORDER BY rank LIMIT ?`,
      quotedTerms.join(" OR "),
      limit,
    )
    .map(({ passage }) => Number(passage));
}

// The keyword side of a search: a question as a query of FTS5, and the passages that have its words, the best first.
import type { Connection } from "./connection.ts";
import { fuse, idf } from "./fuse.ts";
import type { TermCounts } from "./term_counts.ts";
import { pairsIn } from "./unspaced.ts";

/** More words than that are no search; each costs a look into the index. */
const maxWords = 256;
/** From here on words that very many passages have are left out: they take most of the time and tell least. */
const manyPassages = 100_000;
const commonShare = 0.1;
/** There words bring passages in, the rarest first, until so many are compared: each takes a microsecond. */
const mostCompared = 20_000;
/** So many for each that is wanted are compared in any case. */
const comparedPerHit = 10;
/** Documents; see `within`. */
const shortList = 50_000;

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
export function lookUp(connection: Connection, counts: TermCounts, query: string): QueryWord[] {
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
    terms[Number(doc)]?.push({ text, passages: counts.of(connection, text) });
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

/** What FTS5 is asked for. */
export interface Sought {
  /** A passage has to have one of them. */
  readonly bringing: readonly QueryWord[];
  /** These count only where one of the others is: they are too common to look at every passage that has them. */
  readonly ranking: readonly QueryWord[];
}

/** In a large store the rarest words bring passages in; in others all do. `limit`: passages that are wanted. */
export function soughtAmong(
  words: readonly QueryWord[],
  passages: number,
  limit: number,
  compared = mostCompared,
): Sought {
  if (passages <= manyPassages) return { bringing: words, ranking: [] };
  const having = ({ terms }: QueryWord) => Math.min(...terms.map((term) => term.passages));
  const bringing = new Set<QueryWord>();
  let sum = 0;
  for (const word of words.toSorted((a, b) => having(a) - having(b))) {
    if (sum >= comparedPerHit * limit && sum + having(word) > compared) break;
    bringing.add(word);
    sum += having(word);
  }
  return {
    bringing: words.filter((word) => bringing.has(word)),
    ranking: words.filter((word) => !bringing.has(word)),
  };
}

/**
 * Passages with a rare word, ranked by all words. FTS5's bm25 counts a word as often as the query names it, so each
 * stands there twice, and the order is that of all words in one OR.
 */
function wordQuery({ bringing, ranking }: Sought): string {
  const oneOf = (...words: readonly QueryWord[]) => words.map(({ quoted }) => quoted).join(" OR ");
  if (ranking.length === 0) return oneOf(...bringing);
  return `(${oneOf(...bringing)}) AND (${oneOf(...bringing, ...ranking, ...ranking)})`;
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
  sought: Sought,
  limit: number,
  filtered: boolean,
): KeywordHits {
  const quotedPairs = [...new Set(pairsIn(query))].slice(0, maxWords).map(pairQuery);
  const byWords = matching(connection, "words", wordQuery(sought), limit, filtered);
  const byPairs = matching(connection, "pairs", quotedPairs.join(" OR "), limit, filtered);
  const passages =
    byPairs.length === 0
      ? byWords
      : fuse(byWords, byPairs, { vector: 0.5, keyword: 0.5 }, limit)
          .slice(0, limit)
          .map(({ passage }) => passage);
  const words = [...sought.bringing, ...sought.ranking].map(({ quoted }) => quoted);
  return { passages, words: [...words, ...quotedPairs] };
}

/** One character finds every pair that begins with it. */
function pairQuery(pair: string): string {
  return [...pair].length === 1 ? `${quoted(pair)} *` : quoted(pair);
}

/** `ORDER BY rank` would sort every passage that is found, and take half as long again. */
function matching(
  connection: Connection,
  index: "words" | "pairs",
  match: string,
  limit: number,
  filtered: boolean,
): number[] {
  if (match === "") return [];
  const only = filtered ? `AND ${within(connection, index)}` : "";
  return connection
    .all(
      `SELECT rowid AS passage FROM ${index} WHERE ${index} MATCH ? ${only} ORDER BY bm25(${index}) LIMIT ?`,
      match,
      limit,
    )
    .map(({ passage }) => Number(passage));
}

/** A plus sign keeps SQLite from asking FTS5 anew for each passage of the list, which takes 100 times as long. */
function within(connection: Connection, index: "words" | "pairs"): string {
  const documents = Number(connection.value("SELECT count(*) FROM temp.allowed"));
  const allowed = "(SELECT number FROM temp.allowed)";
  return documents <= shortList
    ? `+rowid IN (SELECT number FROM passages WHERE document IN ${allowed})`
    : `EXISTS (SELECT 1 FROM passages WHERE passages.number = ${index}.rowid AND document IN ${allowed})`;
}

// Text to the terms that BM25 counts: lower case, without English stop words, plurals cut.

/** The English stop words of Lucene's standard analyzer. */
const stopWords = new Set(
  (
    "a an and are as at be but by for if in into is it no not of on or such that the their then there these they " +
    "this to was will with"
  ).split(" "),
);

export function termsOf(text: string): string[] {
  const words =
    text
      .normalize("NFKC")
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? [];
  return words.filter((word) => !stopWords.has(word)).map(singular);
}

/** Harman's S-stemmer (1991), the weakest that helps: the first ending that fits is the only one looked at. */
function singular(word: string): string {
  if (word.length < 4) return word;
  if (word.endsWith("ies")) return /[ea]ies$/.test(word) ? word : `${word.slice(0, -3)}y`;
  if (word.endsWith("es")) return /[aeo]es$/.test(word) ? word : word.slice(0, -1);
  return /[^us]s$/.test(word) ? word.slice(0, -1) : word;
}

// Text in scripts without spaces between words, as pairs of neighbouring characters, which stand in for words.

/** Letters, marks and digits of Chinese, Japanese, Thai, Lao, Khmer, Burmese, Tibetan. */
const run =
  /(?:(?=[\p{L}\p{M}\p{N}])[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Bopo}\p{scx=Thai}\p{scx=Laoo}\p{scx=Khmr}\p{scx=Mymr}\p{scx=Tibt}])+/gu;

/** The pairs of each run; a character that stands alone is one by itself. */
export function pairsIn(text: string): string[] {
  const pairs: string[] = [];
  for (const [found] of text.normalize("NFKC").matchAll(run)) {
    const characters = [...found];
    if (characters.length === 1) pairs.push(found);
    for (let i = 1; i < characters.length; i++) pairs.push(characters[i - 1]! + characters[i]!);
  }
  return pairs;
}

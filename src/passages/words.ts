// How long text is, in words.

/** What stands between white space; of longer runs each 32 characters, so that text without spaces has a length, too. */
const word = /\S{1,32}/gu;

export interface Word {
  readonly start: number;
  readonly end: number;
}

export function* wordsIn(text: string): Generator<Word, void> {
  for (const { index, 0: found } of text.matchAll(word)) {
    yield { start: index, end: index + found.length };
  }
}

export function countWords(text: string): number {
  let count = 0;
  for (const _ of text.matchAll(word)) count++;
  return count;
}

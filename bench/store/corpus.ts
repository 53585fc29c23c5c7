// Made-up passages that are like real ones where it matters to a store: Zipf's law, subjects, lengths. Each is made anew when it is asked for.
import { randomNumbers } from "../published.ts";

const vocabularySize = 60_000;
/** Words that every text is full of; they say nothing about its subject. */
export const functionWords = 200;
const wordsOfSubject = 60;
const passagesOfSubject = 1000;
/** Of a passage's words, as many come from its subject's own. */
const shareOfSubject = 0.35;

/** What a passage of 20 to 60 words, some 250 characters, is made of. */
export interface Corpus {
  /** The most frequent first. */
  readonly vocabulary: readonly string[];
  passage(index: number): string;
  /** What somebody asks who wants passages of one subject: four to eight words, about half of them function words. */
  question(index: number): string;
  /** Ten words of a passage, the rarest: whoever asks for them wants that passage. */
  excerpt(index: number): string;
}

export function makeCorpus(passages: number): Corpus {
  const vocabulary = makeVocabulary();
  const ranks = new Map(vocabulary.map((word, rank) => [word, rank]));
  const any = zipf(vocabularySize);
  const own = zipf(wordsOfSubject);
  const subjects = Math.ceil(passages / passagesOfSubject);
  const subjectWord = (subject: number, random: () => number) => {
    const place = subject * wordsOfSubject + own(random());
    return vocabulary[functionWords + (mixed(place) % (vocabularySize - functionWords))]!;
  };
  const subjectOf = (index: number) => mixed(index) % subjects;
  const passage = (index: number) => {
    const random = seeded(index);
    const subject = subjectOf(index);
    const words = Array.from({ length: 20 + Math.floor(random() * 41) }, () =>
      random() < shareOfSubject ? subjectWord(subject, random) : vocabulary[any(random())]!,
    );
    return sentences(words, random);
  };
  return {
    vocabulary,
    passage,
    question(index) {
      const random = seeded(0x40000000 + index);
      const subject = subjectOf(index * 7919);
      const length = 4 + Math.floor(random() * 5);
      return Array.from({ length }, (_, place) =>
        place % 2 === 0 ? vocabulary[any(random())]! : subjectWord(subject, random),
      ).join(" ");
    },
    excerpt(index) {
      const words = [
        ...new Set(
          passage(index)
            .toLowerCase()
            .match(/[a-z]+/g),
        ),
      ];
      return words
        .sort((a, b) => ranks.get(b)! - ranks.get(a)!)
        .slice(0, 10)
        .join(" ");
    },
  };
}

/** Capitals and full stops. */
function sentences(words: readonly string[], random: () => number): string {
  let text = "";
  let begins = true;
  for (const [place, word] of words.entries()) {
    text += begins ? word[0]!.toUpperCase() + word.slice(1) : word;
    const last = place === words.length - 1;
    begins = last || random() < 0.08;
    text += `${begins ? "." : ""}${last ? "" : " "}`;
  }
  return text;
}

/** Pronounceable, the frequent ones short. */
function makeVocabulary(): string[] {
  const random = randomNumbers(5);
  const letter = (letters: string) => letters[Math.floor(random() * letters.length)]!;
  const syllable = () =>
    letter("bcdfghjklmnprstvwz") + letter("aeiou") + (random() < 0.4 ? letter("lmnrst") : "");
  const words = new Set<string>();
  while (words.size < vocabularySize) {
    const most = words.size < functionWords ? 2 : words.size < 5000 ? 3 : 4;
    const syllables = Array.from({ length: 1 + Math.floor(random() * most) }, syllable);
    words.add(syllables.join(""));
  }
  return [...words];
}

/** A rank for a number from 0 to 1: the first is twice as frequent as the second, three times as the third. */
function zipf(ranks: number): (share: number) => number {
  const sums = new Float64Array(ranks);
  let sum = 0;
  for (let rank = 0; rank < ranks; rank++) {
    sum += 1 / (rank + 1);
    sums[rank] = sum;
  }
  return (share) => {
    const wanted = share * sum;
    let low = 0;
    let high = ranks - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sums[middle]! < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

/** Neighbours must not begin alike. */
function seeded(index: number): () => number {
  return randomNumbers(mixed(index + 1));
}

function mixed(value: number): number {
  let bits = Math.imul(value ^ (value >>> 16), 0x45d9f3b);
  bits = Math.imul(bits ^ (bits >>> 16), 0x45d9f3b);
  return (bits ^ (bits >>> 16)) >>> 0;
}

// A WordPiece tokenizer.json of random words, as long as those of English, with BERT's ids of the special tokens.
import { randomNumbers } from "../published.ts";

const specialIds = { "[PAD]": 0, "[UNK]": 100, "[CLS]": 101, "[SEP]": 102, "[MASK]": 103 };
type Special = keyof typeof specialIds;

/** Letters of most words; BERT's vocabulary has about as many short and long ones. */
const lengths = [3, 4, 5, 6, 6, 7, 7, 8, 9, 10];

/** One in so many tokens goes on within a word, as in BERT's vocabulary. */
const continuing = 5;

export function randomWordPieces(size: number): object {
  const random = randomNumbers(5);
  const letters = [..."abcdefghijklmnopqrstuvwxyz"];
  const tokens = new Map<string, number>(Object.entries(specialIds));
  const taken = new Set<number>(tokens.values());
  let next = 0;
  const add = (token: string) => {
    if (tokens.has(token)) return;
    while (taken.has(next)) next++;
    if (next < size) tokens.set(token, next++);
  };
  for (const letter of letters) {
    add(letter);
    add(`##${letter}`);
  }
  while (next < size) {
    const word = Array.from(
      { length: lengths[Math.floor(random() * lengths.length)]! },
      () => letters[Math.floor(random() * letters.length)]!,
    ).join("");
    if (Math.floor(random() * continuing) === 0) add(`##${word.slice(0, 3)}`);
    else add(word);
    while (taken.has(next)) next++;
  }
  return tokenizerOf(Object.fromEntries(tokens));
}

function tokenizerOf(vocab: Record<string, number>): object {
  const special = (content: Special) => ({
    id: specialIds[content],
    content,
    ...{ single_word: false, lstrip: false, rstrip: false, normalized: false, special: true },
  });
  const mark = (id: Special, type: number) => ({ SpecialToken: { id, type_id: type } });
  const text = (id: "A" | "B", type: number) => ({ Sequence: { id, type_id: type } });
  const first = [mark("[CLS]", 0), text("A", 0), mark("[SEP]", 0)];
  const idOf = (id: Special) => ({ id, ids: [specialIds[id]], tokens: [id] });
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: (Object.keys(specialIds) as Special[]).map(special),
    normalizer: {
      type: "BertNormalizer",
      ...{ clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: true },
    },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: {
      type: "TemplateProcessing",
      single: first,
      pair: [...first, text("B", 1), mark("[SEP]", 1)],
      special_tokens: { "[CLS]": idOf("[CLS]"), "[SEP]": idOf("[SEP]") },
    },
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: {
      type: "WordPiece",
      unk_token: "[UNK]",
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab,
    },
  };
}

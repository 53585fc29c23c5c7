// The tokenizer.json of a BERT folder that has none: made from its vocab.txt and tokenizer_config.json.
import { JsonNode } from "./definition.ts";

/** What these classes of the transformers library have in common, WordPiece and [CLS] $A [SEP], is written below. */
const classes = [
  "BertTokenizer",
  "DistilBertTokenizer",
  "ElectraTokenizer",
  "MobileBertTokenizer",
] as const;

/** Members of the configuration that name special tokens, and what they are where it does not. */
const specials = {
  pad_token: "[PAD]",
  unk_token: "[UNK]",
  cls_token: "[CLS]",
  sep_token: "[SEP]",
  mask_token: "[MASK]",
} as const;

interface Added {
  readonly id: number;
  readonly content: string;
  readonly single_word: boolean;
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  readonly normalized: boolean;
  readonly special: boolean;
}

/**
 * The text of a tokenizer.json, still to be read as any other is. `config`: the parsed tokenizer_config.json, undefined
 * if there is none. Throws TOKENIZER_UNSUPPORTED for a tokenizer of another kind.
 */
export function tokenizerFromVocabulary(vocabTxt: string, config: unknown): string {
  const root = new JsonNode("", config ?? {}, "tokenizer_config.json");
  checkClass(root);
  const vocab = readLines(vocabTxt);
  const [unknown, cls, sep] = (["unk_token", "cls_token", "sep_token"] as const).map((name) => {
    const token = specialToken(root, name);
    const id = vocab.get(token);
    return id === undefined
      ? new JsonNode(name, token, "tokenizer_config.json").refuse(
          `is ${JSON.stringify(token)}, which vocab.txt does not have`,
        )
      : { token, id };
  }) as [Special, Special, Special];
  const item = ({ token }: Special, type_id: number) => ({ SpecialToken: { id: token, type_id } });
  const text = (id: "A" | "B", type_id: number) => ({ Sequence: { id, type_id } });
  const single = [item(cls, 0), text("A", 0), item(sep, 0)];
  return JSON.stringify({
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: addedTokens(root, vocab),
    normalizer: {
      type: "BertNormalizer",
      clean_text: true,
      handle_chinese_chars: root.get("tokenize_chinese_chars").flag(true),
      strip_accents: root.get("strip_accents").absent ? null : root.get("strip_accents").flag(true),
      lowercase: root.get("do_lower_case").flag(true),
    },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: {
      type: "TemplateProcessing",
      single,
      pair: [...single, text("B", 1), item(sep, 1)],
      special_tokens: Object.fromEntries(
        [cls, sep].map(({ token, id }) => [token, { id: token, ids: [id], tokens: [token] }]),
      ),
    },
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: {
      type: "WordPiece",
      unk_token: unknown.token,
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(vocab),
    },
  });
}

interface Special {
  readonly token: string;
  readonly id: number;
}

function checkClass(root: JsonNode): void {
  const name = root.get("tokenizer_class");
  const known: readonly string[] = classes;
  if (!name.absent && !known.includes(name.text().replace(/Fast$/, ""))) {
    name.refuse(
      `is ${JSON.stringify(name.text())}; from vocab.txt qrag makes the tokenizers of ${known.join(", ")}. ` +
        "Save the model's tokenizer.json with the transformers library and pass that",
    );
  }
  if (!root.get("do_basic_tokenize").flag(true)) {
    root.get("do_basic_tokenize").refuse("is false: text would have to come cut into words");
  }
}

/** A line is a token and its number the id, as Python reads lines; of the same token twice the later counts. */
function readLines(vocabTxt: string): Map<string, number> {
  const lines = vocabTxt.split(/\r\n|\n|\r/);
  if (lines.at(-1) === "") lines.pop();
  return new Map(lines.map((token, id) => [token, id]));
}

/** Older configurations give a token as its text, newer ones as an object. */
function contentOf(token: JsonNode): string {
  return typeof token.value === "string" ? token.text() : token.get("content").text();
}

function specialToken(root: JsonNode, name: keyof typeof specials): string {
  return root.get(name).absent ? specials[name] : contentOf(root.get(name));
}

/** Newer configurations list them with their flags; otherwise they are the special tokens that the vocabulary has. */
function addedTokens(root: JsonNode, vocab: ReadonlyMap<string, number>): Added[] {
  const listed = root.get("added_tokens_decoder");
  const tokens = new Map<string, Added>();
  const plain = { single_word: false, lstrip: false, rstrip: false, normalized: false };
  if (listed.absent) {
    const more = root.get("additional_special_tokens");
    const names = Object.keys(specials) as (keyof typeof specials)[];
    const contents = [
      ...names.map((name) => specialToken(root, name)),
      ...(more.absent ? [] : more.list().map(contentOf)),
    ];
    for (const content of contents) {
      const id = vocab.get(content);
      if (id !== undefined) tokens.set(content, { id, content, ...plain, special: true });
    }
  } else {
    for (const id of listed.names()) {
      const token = listed.get(id);
      const content = token.get("content").text();
      const flag = (name: string) => token.get(name).flag(false);
      tokens.set(content, {
        id: Number(id),
        content,
        single_word: flag("single_word"),
        lstrip: flag("lstrip"),
        rstrip: flag("rstrip"),
        normalized: flag("normalized"),
        special: flag("special"),
      });
    }
  }
  return [...tokens.values()].sort((a, b) => a.id - b.id);
}

// The two ends of a tokenizer.json: what its post-processor puts around the ids of a text, and how its decoder spells a token.
import { describe, type JsonNode } from "./definition.ts";

/** Special tokens around every text: real files have one or two. */
const maxFrame = 32;

/** Ids before and after those of the text. */
export interface Frame {
  readonly before: readonly number[];
  readonly after: readonly number[];
  /** Undefined where the file has no template for two texts, or one that no model reads. */
  readonly pair: PairFrame | undefined;
}

/** Ids around the two texts of a pair. */
export interface PairFrame {
  readonly before: readonly number[];
  readonly between: readonly number[];
  readonly after: readonly number[];
  /** How many of `between` have the first token type; undefined where everything has. */
  readonly firstType: number | undefined;
}

const none: Frame = { before: [], after: [], pair: undefined };

const processors = [
  "TemplateProcessing",
  "ByteLevel",
  "RobertaProcessing",
  "BertProcessing",
  "Sequence",
];
const decoders = [
  "ByteLevel",
  "Metaspace",
  "BPEDecoder",
  "Replace",
  "ByteFallback",
  "Fuse",
  "Strip",
  "WordPiece",
  "Sequence",
];

export function readFrame(part: JsonNode, known: (id: number) => boolean): Frame {
  if (part.absent) return none;
  if (part.type !== "Sequence") return frame(part, known);
  const frames = part
    .get("processors")
    .steps()
    .map((step) => frame(step, known));
  const adding = frames.filter(({ before, after }) => before.length + after.length > 0);
  // There the second step treats every token that the first has added as another text.
  if (adding.length > 1) part.refuse("adds special tokens in more than one step");
  return adding[0] ?? none;
}

function frame(part: JsonNode, known: (id: number) => boolean): Frame {
  const checked = (id: JsonNode) => {
    if (!known(id.value as number)) id.refuse(`is ${describe(id.value)}, which is no token's id`);
    return id.value as number;
  };
  const special = (name: string) => checked(part.get(name).list()[1] ?? part.get(name));
  switch (part.type) {
    case "TemplateProcessing":
      return templateFrame(part, checked);
    case "ByteLevel": // corrects offsets only
      return none;
    case "RobertaProcessing":
    case "BertProcessing": {
      const bert = part.type === "BertProcessing";
      const [before, after] = [[special("cls")], [special("sep")]];
      const between = bert ? after : [...after, ...after];
      const firstType = bert ? between.length : undefined;
      return { before, after, pair: { before, between, after, firstType } };
    }
    default:
      return part.refuseType(processors);
  }
}

type CheckId = (id: JsonNode) => number;

/** The template of a single text: special tokens around $A. */
function templateFrame(part: JsonNode, checked: CheckId): Frame {
  const single = part.get("single");
  const before: number[] = [];
  const after: number[] = [];
  let texts = 0;
  for (const item of single.list()) {
    const special = item.get("SpecialToken");
    if (special.absent) {
      if (item.get("Sequence").get("id").text() !== "A") item.refuse("is not the text $A");
      texts++;
      continue;
    }
    (texts === 0 ? before : after).push(...specialIds(part, special, checked));
    if (before.length + after.length > maxFrame) single.refuse(`adds over ${maxFrame} tokens`);
  }
  if (texts !== 1) single.refuse(`holds the text $A ${texts} times, not once`);
  return { before, after, pair: part.get("pair").absent ? undefined : pairFrame(part, checked) };
}

function specialIds(part: JsonNode, special: JsonNode, checked: CheckId): number[] {
  const token = part.get("special_tokens").get(special.get("id").text());
  const ids = token.get("ids").list();
  if (ids.length > maxFrame) token.refuse(`stands for over ${maxFrame} tokens`);
  return ids.map(checked);
}

/** The template of a pair, if it is special tokens around $A and $B, with token types 0 up to a place and then 1. */
function pairFrame(part: JsonNode, checked: CheckId): PairFrame | undefined {
  const ids: number[][] = [[]];
  const types: number[][] = [[]];
  const texts: string[] = [];
  const textTypes: unknown[] = [];
  for (const item of part.get("pair").list()) {
    const special = item.get("SpecialToken");
    if (special.absent) {
      const text = item.get("Sequence");
      texts.push(text.get("id").text());
      textTypes.push(text.get("type_id").value);
      ids.push([]);
      types.push([]);
      continue;
    }
    const found = specialIds(part, special, checked);
    ids.at(-1)!.push(...found);
    types.at(-1)!.push(...found.map(() => special.get("type_id").integer(2 ** 32 - 1)));
    if (ids.flat().length > maxFrame) part.get("pair").refuse(`adds over ${maxFrame} tokens`);
  }
  const [before, between, after] = ids;
  if (texts.join() !== "A,B" || !before || !between || !after) return undefined;
  const last = textTypes[1];
  const firstType = types[1]!.filter((type) => type === 0).length;
  const expected = [
    ...before.map(() => 0),
    0,
    ...between.map((_, place) => (place < firstType ? 0 : 1)),
    last,
    ...after.map(() => last),
  ];
  const actual = [...types[0]!, textTypes[0], ...types[1]!, last, ...types[2]!];
  const usual =
    (last === 1 || (last === 0 && firstType === between.length)) && `${actual}` === `${expected}`;
  if (!usual) return undefined;
  return { before, between, after, firstType: last === 0 ? undefined : firstType };
}

/** From a token to the text it stands for, alone. */
export type Decoder = (token: string) => string;

export function readDecoder(part: JsonNode): Decoder {
  if (part.absent) return (token) => token;
  const steps = (part.type === "Sequence" ? part.get("decoders").steps() : [part]).map(decodeStep);
  return (token) => steps.reduce((text, decode) => decode(text), token);
}

function decodeStep(part: JsonNode): Decoder {
  switch (part.type) {
    case "ByteLevel":
      return bytesOfCharacters;
    case "Metaspace": {
      // The marks at the start of a text are the prefix; a token decoded alone is the start.
      const mark = part.get("replacement").text();
      const kept = part.get("prepend_scheme").value === "never" ? " " : "";
      return (token) => token.replaceAll(mark, kept);
    }
    case "BPEDecoder": {
      const suffix = part.get("suffix").text();
      return (token) => token.replaceAll(suffix, "");
    }
    case "Replace": {
      const pattern = part.get("pattern").pattern();
      const content = part.get("content").text();
      return (token) => token.replaceAll(pattern, () => content);
    }
    case "ByteFallback":
      return oneByte;
    case "Fuse": // joins tokens; here is only one
      return (token) => token;
    case "Strip":
      return strip(part);
    case "WordPiece": // its prefix goes from all tokens of a text but the first
      return part.get("cleanup").flag(true) ? tidy : (token) => token;
    default:
      return part.refuseType(decoders);
  }
}

/** Visible characters for the 256 bytes (GPT-2): the printable ones of Latin-1 as they are, others from U+0100 on. */
const byteCharacters: readonly string[] = (() => {
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
    return String.fromCharCode(printable ? byte : next++);
  });
})();

const bytes: ReadonlyMap<string, number> = new Map(
  byteCharacters.map((character, byte) => [character, byte]),
);
const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** Byte-level tokens back to text; a token with any other character stays as it is. */
function bytesOfCharacters(token: string): string {
  const values = Array.from(token, (character) => bytes.get(character));
  return values.includes(undefined) ? token : utf8.decode(Uint8Array.from(values as number[]));
}

/** "<0x41>" is "A"; a byte that is no character by itself is U+FFFD. */
function oneByte(token: string): string {
  const digits = /^<0x([0-9A-Fa-f+][0-9A-Fa-f])>$/.exec(token)?.[1];
  return digits === undefined ? token : utf8.decode(Uint8Array.of(Number.parseInt(digits, 16)));
}

/** Takes up to `start` and `stop` times the character `content` off the two ends. */
function strip(part: JsonNode): Decoder {
  const content = part.get("content").text();
  const start = part.get("start").integer(64);
  const stop = part.get("stop").integer(64);
  return (token) => {
    const characters = [...token];
    let from = 0;
    let to = characters.length;
    while (from < start && characters[from] === content) from++;
    while (characters.length - to < stop && to > from && characters[to - 1] === content) to--;
    return characters.slice(from, to).join("");
  };
}

/** What WordPiece's decoder closes up, in its order. */
const closed: readonly (readonly [apart: string, together: string])[] = [
  ...[".", "?", "!", ","].map((mark) => [` ${mark}`, mark] as const),
  [" ' ", "'"],
  [" n't", "n't"],
  [" 'm", "'m"],
  [" do not", " don't"],
  ...["'s", "'ve", "'re"].map((end) => [` ${end}`, end] as const),
];

function tidy(token: string): string {
  return closed.reduce((text, [apart, together]) => text.replaceAll(apart, together), token);
}

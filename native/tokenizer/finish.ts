// The two ends of a tokenizer.json: what its post-processor puts around the ids of a text, and how its decoder spells a token.
import { describe, type JsonNode } from "./definition.ts";
import { byteCharacters } from "./split.ts";

/** Special tokens around every text: real files have one or two. */
const maxFrame = 32;

/** Ids before and after those of the text. */
export interface Frame {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

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
  "Sequence",
];

export function postProcessor(part: JsonNode, known: (id: number) => boolean): Frame {
  if (part.absent) return { before: [], after: [] };
  if (part.type !== "Sequence") return frame(part, known);
  const frames = part
    .get("processors")
    .steps()
    .map((step) => frame(step, known));
  const adding = frames.filter(({ before, after }) => before.length + after.length > 0);
  // There the second step treats every token that the first has added as another text.
  if (adding.length > 1) part.refuse("adds special tokens in more than one step");
  return adding[0] ?? { before: [], after: [] };
}

function frame(part: JsonNode, known: (id: number) => boolean): Frame {
  const checked = (id: JsonNode) => {
    if (!known(id.value as number)) id.refuse(`is ${describe(id.value)}, which is no token's id`);
    return id.value as number;
  };
  const pair = (name: string) => checked(part.get(name).list()[1] ?? part.get(name));
  switch (part.type) {
    case "TemplateProcessing":
      return templateFrame(part, checked);
    case "ByteLevel": // corrects offsets only
      return { before: [], after: [] };
    case "RobertaProcessing":
    case "BertProcessing":
      return { before: [pair("cls")], after: [pair("sep")] };
    default:
      return part.refuseType(processors);
  }
}

/** The template of a single text: special tokens around $A. */
function templateFrame(part: JsonNode, checked: (id: JsonNode) => number): Frame {
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
    const ids = part.get("special_tokens").get(special.get("id").text()).get("ids").list();
    for (const id of ids) {
      (texts === 0 ? before : after).push(checked(id));
      if (before.length + after.length > maxFrame) single.refuse(`adds over ${maxFrame} tokens`);
    }
  }
  if (texts !== 1) single.refuse(`holds the text $A ${texts} times, not once`);
  return { before, after };
}

/** From a token to the text it stands for, alone. */
export type Decoder = (token: string) => string;

export function decoder(part: JsonNode): Decoder {
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
    default:
      return part.refuseType(decoders);
  }
}

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

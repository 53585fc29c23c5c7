// JsonNode: a typed, suspicious view of a member of tokenizer.json or tokenizer_config.json. Every refusal names the member it is about.
import { QragError } from "../../base/errors.ts";
import { quote } from "../../base/quote.ts";

/** Longer files are not tokenizers: the largest in use (vocabulary 262,144) have 33 million characters. */
const maxDefinitionLength = 1 << 27;

/** Ids are rows of an embedding matrix; four times the largest vocabulary in use. */
export const maxTokenId = (1 << 20) - 1;

/** Text that a file puts into every text or word. Real files insert a character, or "</w>". */
const maxInsertion = 16;

/** Every step of a sequence is work for every text, so the file may not ask for many. Real files have up to 8. */
const maxSteps = 16;

export class JsonNode {
  readonly path: string;
  readonly value: unknown;
  readonly file: string;

  constructor(path: string, value: unknown, file = "tokenizer.json") {
    this.path = path;
    this.value = value;
    this.file = file;
  }

  /** Missing and null mean the same in this format. */
  get absent(): boolean {
    return this.value === undefined || this.value === null;
  }

  get(name: string): JsonNode {
    const members = this.#members();
    const shown = /^\w+$/.test(name) ? name : quote(name);
    const path = this.path === "" ? shown : `${this.path}.${shown}`;
    return new JsonNode(path, Object.hasOwn(members, name) ? members[name] : undefined, this.file);
  }

  /** Of an object's members. */
  names(): string[] {
    return Object.keys(this.#members());
  }

  #members(): Record<string, unknown> {
    const { value } = this;
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      this.refuse("must be an object");
    }
    return value as Record<string, unknown>;
  }

  /** Which kind of thing an object describes: its member "type". */
  get type(): string {
    return this.get("type").text();
  }

  text(): string {
    if (typeof this.value !== "string") this.refuse("must be a string");
    if (/\p{Cs}/u.test(this.value as string)) this.refuse("holds half a surrogate pair");
    return this.value as string;
  }

  /** A text that is short enough to be inserted again and again. */
  insertion(): string {
    const text = this.text();
    if (text.length > maxInsertion) this.refuse(`is longer than ${maxInsertion} characters`);
    return text;
  }

  flag(fallback: boolean): boolean {
    if (this.absent) return fallback;
    if (typeof this.value !== "boolean") this.refuse("must be true or false");
    return this.value as boolean;
  }

  /** A whole number from 0 to `largest`. */
  integer(largest: number): number {
    const { value } = this;
    if (!Number.isSafeInteger(value) || (value as number) < 0 || (value as number) > largest) {
      this.refuse(`must be a whole number from 0 to ${largest}`);
    }
    return value as number;
  }

  list(): JsonNode[] {
    if (!Array.isArray(this.value)) this.refuse("must be a list");
    return (this.value as unknown[]).map(
      (item, index) => new JsonNode(`${this.path}[${index}]`, item, this.file),
    );
  }

  /** The list of steps of a "Sequence". */
  steps(): JsonNode[] {
    const steps = this.list();
    if (steps.length > maxSteps) this.refuse(`has ${steps.length} steps, more than ${maxSteps}`);
    for (const step of steps) {
      if (step.type === "Sequence") step.refuse("is a Sequence inside a Sequence; flatten it");
    }
    return steps;
  }

  /** The text of {"String": text}. */
  pattern(): string {
    const text = this.get("String");
    if (text.absent) this.refuse('is not {"String": text}; regular expressions are not run here');
    if (text.text() === "") text.refuse("is empty");
    return text.text();
  }

  refuse(reason: string): never {
    throw new QragError(
      "TOKENIZER_UNSUPPORTED",
      `${this.file}: ${this.path === "" ? "the file" : this.path} ${reason}`,
    );
  }

  /** The refusal of a kind of part that is not among those we reproduce exactly. */
  refuseType(known: readonly string[]): never {
    this.refuse(
      `has the type ${quote(this.type)}, which qrag does not reproduce. It knows ${known.join(", ")}`,
    );
  }
}

/** A value out of the file, for a message. Lists and objects may be of any size and depth. */
export function describe(value: unknown): string {
  if (typeof value === "string") return quote(value);
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" && value !== null ? "an object" : String(value);
}

export function parseDefinition(json: string): JsonNode {
  const root = (value: unknown) => new JsonNode("", value);
  if (json.length > maxDefinitionLength) root(json).refuse("is longer than any tokenizer");
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    root(json).refuse(`is not JSON: ${error instanceof Error ? quote(error.message) : "?"}`);
  }
  const definition = root(value);
  const version = definition.get("version");
  if (!version.absent && version.value !== "1.0") {
    version.refuse(`is ${describe(version.value)}; only "1.0" is known`);
  }
  return definition;
}

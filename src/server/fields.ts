// The fields of a request's body, read one by one: each absent (or null), right, or a problem with its name.
import { isObject } from "../checks.ts";
import { Problem } from "./problem.ts";

export class Fields {
  readonly #body: Readonly<Record<string, unknown>>;

  constructor(body: Readonly<Record<string, unknown>>) {
    this.#body = body;
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#body, name) && this.#body[name] !== null;
  }

  query(): string {
    const value = this.#value("query");
    if (typeof value !== "string") throw bad("query", "a string");
    if (value.trim() === "") throw bad("query", "some text");
    return value;
  }

  flag(name: string, otherwise = false): boolean {
    const value = this.#value(name) ?? otherwise;
    if (typeof value !== "boolean") throw bad(name, "true or false");
    return value;
  }

  count(name: string): number | undefined {
    const value = this.#value(name);
    if (value === undefined) return undefined;
    if (!Number.isSafeInteger(value) || (value as number) < 1)
      throw bad(name, "a whole number above 0");
    return value as number;
  }

  number(name: string): number | undefined {
    const value = this.#value(name);
    if (value === undefined) return undefined;
    if (typeof value !== "number") throw bad(name, "a number");
    return value;
  }

  text(name: string): string | undefined {
    const value = this.#value(name);
    if (value === undefined) return undefined;
    if (typeof value !== "string") throw bad(name, "a string");
    return value;
  }

  /** Strings, or objects that carry their text under one of the names. */
  texts(name: string, carriers: readonly string[] = ["text"]): string[] {
    return this.list(name).map((each, index) => textIn(each, carriers, `${name}[${index}]`));
  }

  /** A string, or an array of strings. */
  oneOrMore(name: string): string[] {
    const value = this.#value(name);
    const texts = typeof value === "string" ? [value] : value;
    if (Array.isArray(texts) && texts.every((each) => typeof each === "string")) return texts;
    throw bad(name, "a string or an array of strings, not the ids of tokens,");
  }

  /** What one of the choices stands for. */
  oneOf<T>(name: string, choices: Readonly<Record<string, T>>): T | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    if (Object.hasOwn(choices, value)) return choices[value];
    const named = Object.keys(choices).map((each) => JSON.stringify(each));
    throw bad(name, named.join(" or "));
  }

  object(name: string): Readonly<Record<string, unknown>> | undefined {
    const value = this.#value(name);
    if (value === undefined) return undefined;
    if (!isObject(value) || Array.isArray(value)) throw bad(name, "an object");
    return value;
  }

  list(name: string): readonly unknown[] {
    const value = this.#value(name);
    if (!Array.isArray(value)) throw bad(name, "an array");
    return value;
  }

  /** Names of fields, as Cohere's rank_fields has them. */
  names(name: string): string[] | undefined {
    const value = this.#value(name);
    if (value === undefined) return undefined;
    const right =
      Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === "string");
    if (!right) throw bad(name, "an array of names");
    return value as string[];
  }

  #value(name: string): unknown {
    return this.has(name) ? this.#body[name] : undefined;
  }
}

function textIn(value: unknown, carriers: readonly string[], name: string): string {
  if (typeof value === "string") return value;
  if (isObject(value)) {
    const found = carriers
      .map((carrier) => value[carrier])
      .filter((text) => typeof text === "string");
    if (found.length > 0) return found.join("\n");
  }
  throw bad(
    name,
    `a string, or an object with ${carriers.map((each) => JSON.stringify(each)).join(" or ")}`,
  );
}

export function bad(name: string, expected: string): Problem {
  return new Problem(422, `Expected ${expected} for ${name}`);
}

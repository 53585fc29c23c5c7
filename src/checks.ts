// What the checks of a caller's values are made of: every message has the form "Expected X for NAME but received V of type T".
import { QragError } from "../base/errors.ts";
import type { Progress } from "../base/progress.ts";
import { quote } from "../base/quote.ts";

export type Check<T> = (value: unknown, name: string) => T;
export type Checks<O> = { [K in keyof O]-?: Check<Exclude<O[K], undefined>> };

export const signal: Check<AbortSignal> = (value, name) =>
  isObject(value) &&
  typeof value.aborted === "boolean" &&
  typeof value.addEventListener === "function"
    ? (value as unknown as AbortSignal)
    : refuse("an AbortSignal", name, value);

/** A function; what it takes and gives is the caller's word. */
export function callable<F>(): Check<F> {
  return (value, name) =>
    typeof value === "function" ? (value as F) : refuse("a function", name, value);
}

export const callback = callable<(progress: Progress) => void>();

export const flag: Check<boolean> = (value, name) =>
  typeof value === "boolean" ? value : refuse("true or false", name, value);

export function choice<const C extends readonly (string | boolean)[]>(
  ...choices: C
): Check<C[number]> {
  const names = choices.map((one) => JSON.stringify(one));
  const expected = `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
  return (value, name) => choices.find((one) => one === value) ?? refuse(expected, name, value);
}

export const someText: Check<string> = (value, name) =>
  typeof value === "string" && value !== "" ? value : refuse("some text", name, value);

export const file: Check<string> = (value, name) =>
  typeof value === "string" && value !== "" ? value : refuse("a path", name, value);

export const someVector: Check<Float32Array | Int8Array> = (value, name) =>
  value instanceof Float32Array || value instanceof Int8Array
    ? value
    : refuse("a Float32Array or an Int8Array", name, value);

export function count(most: number): Check<number> {
  return (value, name) =>
    Number.isInteger(value) && (value as number) >= 1 && (value as number) <= most
      ? (value as number)
      : refuse(`a whole number from 1 to ${most}`, name, value);
}

/** The options of `method`, checked by its table; absent and undefined are the same. */
export function checkedBy<O extends object>(
  table: Checks<O>,
  method: string,
  options: O | undefined,
): O {
  if (options === undefined) return {} as O;
  if (!isObject(options)) return refuse("an object", `the options of ${method}`, options);
  const checks = new Map<string, Check<unknown>>(Object.entries(table));
  const checked: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(options)) {
    const check = checks.get(name);
    if (!check) {
      const known = [...checks.keys()].join(", ");
      throw new QragError(
        "INPUT_INVALID",
        `${method} has no option ${quote(name)}. It has: ${known}.`,
      );
    }
    if (value !== undefined) checked[name] = check(value, name);
  }
  return checked as O;
}

export function bounded(text: string, name: string, most: number): string {
  if (text.length <= most) return text;
  throw new QragError(
    "INPUT_INVALID",
    `Expected at most ${most} characters for ${name} but received ${text.length}. Pass it in parts.`,
  );
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

export function refuse(expected: string, name: string, value: unknown): never {
  throw new QragError(
    "INPUT_INVALID",
    `Expected ${expected} for ${name} but received ${shown(value)}`,
  );
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === "string") return `${quote(value)} of type string`;
  if (typeof value === "object" || typeof value === "function")
    return `a value of type ${typeof value}`;
  return `${String(value)} of type ${typeof value}`;
}

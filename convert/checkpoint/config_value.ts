// The configuration saved with a checkpoint as plain data, from a pickle or from JSON.
import {
  InertRecord,
  type Pickled,
  PickledGlobal,
  PickledSet,
  PickledTuple,
} from "./pickle_values.ts";

export type ConfigValue =
  | null
  | boolean
  | number
  | string
  | readonly ConfigValue[]
  | ReadonlyMap<string, ConfigValue>;

export type Config = ReadonlyMap<string, ConfigValue>;

/** Configurations are shallow; a deeper one, or one that contains itself, is cut here. */
const maximumDepth = 8;
/** And small: one list that stands in another a hundred times, and so on, would be endless. */
const maximumValues = 10_000;

/**
 * The members of something that is a mapping to Python: a dict or a subclass of it, or else an object by its
 * attributes. Undefined for everything else.
 */
export function membersOf(value: Pickled | undefined): ReadonlyMap<Pickled, Pickled> | undefined {
  if (value instanceof Map) return value;
  if (!(value instanceof InertRecord)) return undefined;
  if (value.entries) return value.entries;
  if (value.maker.path === "collections.OrderedDict") return new Map();
  if (value.state instanceof Map) return value.state;
  // A class with __slots__: the state is a pair of __dict__ (or None) and slots.
  if (value.state instanceof PickledTuple) {
    const parts = value.state.items.filter((part) => part instanceof Map);
    return parts.length > 0 ? new Map(parts.flatMap((part) => [...part])) : undefined;
  }
  return undefined;
}

/** The members with textual keys, as plain data. */
export function configFromPickle(members: ReadonlyMap<Pickled, Pickled>): Config {
  let left = maximumValues;
  const memberValues = (found: ReadonlyMap<Pickled, Pickled>, depth: number): Config => {
    const config = new Map<string, ConfigValue>();
    for (const [key, value] of found) {
      const plain = typeof key === "string" ? plainValue(value, depth + 1) : undefined;
      if (plain !== undefined) config.set(key as string, plain);
    }
    return config;
  };
  const plainValue = (value: Pickled, depth: number): ConfigValue | undefined => {
    left--;
    if (left < 0 || depth > maximumDepth || value instanceof Uint8Array) return undefined;
    if (typeof value === "bigint") return Number(value);
    if (value === null || typeof value !== "object") return value;
    if (value instanceof PickledGlobal) return value.path;
    const items =
      value instanceof PickledTuple || value instanceof PickledSet ? value.items : value;
    if (Array.isArray(items)) {
      return items.map((item) => plainValue(item, depth + 1)).filter((item) => item !== undefined);
    }
    const inner = membersOf(value);
    if (inner) return memberValues(inner, depth);
    return value instanceof InertRecord ? value.maker.path : undefined;
  };
  return memberValues(members, 0);
}

/** JSON's values, with objects as Maps: a key such as "__proto__" is a key like any other. */
export function configFromJson(value: unknown, depth = 0): ConfigValue {
  if (depth > maximumDepth) return null;
  if (Array.isArray(value)) return value.map((item) => configFromJson(item, depth + 1));
  if (typeof value === "object" && value !== null) {
    return new Map(
      Object.entries(value).map(([key, item]) => [key, configFromJson(item, depth + 1)]),
    );
  }
  return value as null | boolean | number | string;
}

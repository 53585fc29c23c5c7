// What a store needs of an embedder and of a gate.
import { type Check, isObject, refuse } from "../checks.ts";
import type { Embedder } from "../embedder.ts";
import type { Gate } from "../gate.ts";

/** What a store needs of an embedder: `loadEmbedder` gives one. */
export interface StoreEmbedder {
  readonly info: {
    /** Of the model's file: its SHA-256 says whose vectors a store holds. */
    readonly path: string;
    readonly name: string | undefined;
    readonly dimensions: number;
    /** Tokens of a text that the model reads at once. Default 256. */
    readonly contextLength?: number;
  };
  embed: Embedder["embed"];
}

/** What a store needs of a gate: `loadGate` gives one. */
export type StoreGate = Pick<Gate, "stream" | "rank" | "info">;

export const embedder: Check<StoreEmbedder> = (value, name) =>
  isObject(value) && isObject(value.info) && typeof value.embed === "function"
    ? (value as unknown as StoreEmbedder)
    : refuse("an embedder", name, value);

export const embedderOrNone: Check<StoreEmbedder | false> = (value, name) =>
  value === false ? false : embedder(value, name);

export const gate: Check<StoreGate> = (value, name) =>
  isObject(value) &&
  isObject(value.info) &&
  typeof value.stream === "function" &&
  typeof value.rank === "function"
    ? (value as unknown as StoreGate)
    : refuse("a gate", name, value);

export function checkEmbedder(value: unknown): StoreEmbedder {
  return embedder(value, "embedder");
}

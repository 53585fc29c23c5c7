// Names of Unicode's scripts, such as Latin: which of them a model reads.
import { quote } from "../base/quote.ts";
import { GgufError } from "./format.ts";

/** Unicode 17 has 174. */
const maxScripts = 256;

/** Throws unless every name is one that this Node's Unicode knows, once. `key` says where they stand. */
export function checkScripts(key: string, names: readonly string[]): void {
  const fail = (problem: string): never => {
    throw new GgufError("invalid", problem, { key });
  };
  if (names.length === 0 || names.length > maxScripts) {
    fail(`names ${names.length} scripts, expected 1 to ${maxScripts}`);
  }
  const strange = names.find((name) => !isScript(name));
  if (strange !== undefined) fail(`${quote(strange)} is no script of Unicode's, such as "Latin"`);
  if (new Set(names).size < names.length) fail("names a script twice");
}

function isScript(name: string): boolean {
  if (!/^[A-Za-z_]{1,32}$/.test(name)) return false;
  try {
    return new RegExp(`\\p{Script=${name}}`, "u").source !== "";
  } catch {
    return false;
  }
}

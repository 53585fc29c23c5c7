// The modules of a sentence-transformers folder, as modules.json lists them.
import { quote } from "../../base/quote.ts";
import { invalid, unmapped } from "../errors.ts";
import type { Companions } from "./companions.ts";

export interface Module {
  /** The name of its class, such as Transformer or Pooling. */
  readonly type: string;
  /** Its folder; empty for the folder itself. */
  readonly path: string;
}

/** Real folders have two or three. */
const maxModules = 16;

/** Undefined in a folder that is none of sentence-transformers. */
export async function readModules(companions: Companions): Promise<Module[] | undefined> {
  const list = await companions.json("modules.json");
  if (list === undefined) return undefined;
  if (!Array.isArray(list) || list.length > maxModules) {
    throw invalid(`modules.json is not a list of at most ${maxModules} modules`);
  }
  return list.map((item) => {
    const type = item instanceof Map ? item.get("type") : undefined;
    const path = item instanceof Map ? item.get("path") : undefined;
    if (typeof type !== "string" || typeof path !== "string") {
      throw invalid("modules.json holds a module without its type and path");
    }
    if (!/^[\w-]*$/.test(path)) {
      throw invalid(`modules.json names the folder ${quote(path)}; a plain name is expected`);
    }
    return { type: type.split(".").at(-1)!, path };
  });
}

/** The folder of the weights, below the folder itself. */
export function transformerPath(modules: readonly Module[] | undefined): string {
  if (!modules) return "";
  const [first, ...others] = modules;
  if (first?.type !== "Transformer" || others.some(({ type }) => type === "Transformer")) {
    const types = modules.map(({ type }) => quote(type)).join(", ");
    throw unmapped(`modules.json lists ${types}; one Transformer, the first, is expected`);
  }
  return first.path;
}

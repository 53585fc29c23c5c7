// What a sentence-transformers folder says of a model's vectors: pooling, normalization, length, and the texts put in front.
import { quote } from "../../base/quote.ts";
import type { Pooling } from "../../gguf/architecture.ts";
import type { Companions } from "../checkpoint/companions.ts";
import type { Config } from "../checkpoint/config_value.ts";
import { type Module, readModules, transformerPath } from "../checkpoint/modules.ts";
import { unmapped } from "../errors.ts";

export interface Sentences {
  /** Undefined in a folder without modules.json. */
  readonly pooling: Pooling | undefined;
  readonly normalize: boolean;
  /** Tokens that the folder says to read at most. */
  readonly maxTokens: number | undefined;
  /** The text is made lower case before the tokenizer gets it. */
  readonly lowercase: boolean;
  readonly query: string;
  readonly passage: string;
  readonly notes: readonly string[];
}

/** Names under which folders keep the prompt of a passage. */
const passageNames = ["passage", "document", "corpus"];

export async function readSentences(companions: Companions): Promise<Sentences> {
  const modules = await readModules(companions);
  const inner = transformerPath(modules);
  const at = inner === "" ? "" : `${inner}/`;
  const settings = await companions.object(`${at}sentence_bert_config.json`);
  const limit = settings?.get("max_seq_length");
  const notes: string[] = [];
  const prompts = promptsOf(await companions.object("config_sentence_transformers.json"), notes);
  return {
    ...(await vectorsOf(modules, companions)),
    maxTokens: typeof limit === "number" && limit > 0 ? Math.trunc(limit) : undefined,
    lowercase: settings?.get("do_lower_case") === true,
    ...prompts,
    notes,
  };
}

async function vectorsOf(
  modules: readonly Module[] | undefined,
  companions: Companions,
): Promise<Pick<Sentences, "pooling" | "normalize">> {
  if (!modules) return { pooling: undefined, normalize: false };
  const [, pooling, ...others] = modules;
  const normalize = others[0]?.type === "Normalize";
  const strange = [pooling, ...others.slice(normalize ? 1 : 0)].find(
    (module, index) => module?.type !== (index === 0 ? "Pooling" : undefined),
  );
  if (!pooling || strange) {
    throw unmapped(
      `modules.json lists ${strange ? `a ${strange.type}` : "no Pooling"}; a Transformer, a Pooling and ` +
        "at most a Normalize are supported, in this order",
    );
  }
  const path = `${pooling.path}/config.json`;
  const config = await companions.object(path);
  if (!config) throw unmapped(`modules.json names a Pooling, and ${path} is not there`);
  return { pooling: poolingOf(path, config), normalize };
}

/** Old files have a flag for each mode, newer ones name the mode. */
function poolingOf(path: string, config: Config): Pooling {
  const named = config.get("pooling_mode");
  const flags = [...config]
    .filter(([key, value]) => key.startsWith("pooling_mode_") && value === true)
    .map(([key]) => key.slice("pooling_mode_".length));
  const modes = typeof named === "string" ? [named] : flags;
  const [mode] = modes;
  if (modes.length !== 1 || mode === undefined) {
    throw unmapped(`${path} names ${modes.length} ways of pooling; one is expected`);
  }
  if (config.get("include_prompt") === false) {
    throw unmapped(`${path} leaves the prompt out of pooling, which is not supported`);
  }
  const known: Readonly<Record<string, Pooling>> = {
    mean: "mean",
    mean_tokens: "mean",
    cls: "cls",
    cls_token: "cls",
    lasttoken: "last",
  };
  const pooling = Object.hasOwn(known, mode) ? known[mode] : undefined;
  if (pooling) return pooling;
  throw unmapped(`${path} pools by ${quote(mode)}; mean and cls are supported`);
}

function promptsOf(
  config: Config | undefined,
  notes: string[],
): Pick<Sentences, "query" | "passage"> {
  const prompts = config?.get("prompts");
  const texts = new Map<string, string>();
  if (prompts instanceof Map) {
    for (const [name, text] of prompts) if (typeof text === "string") texts.set(name, text);
  }
  const usual = config?.get("default_prompt_name");
  const otherwise = (typeof usual === "string" ? texts.get(usual) : undefined) ?? "";
  const passageName = passageNames.find((name) => texts.has(name));
  const used = ["query", passageName, usual];
  const unused = [...texts].filter(([name, text]) => text !== "" && !used.includes(name));
  if (unused.length > 0) {
    const names = unused.slice(0, 10).map(([name]) => quote(name));
    notes.push(`prompts that are neither a query's nor a passage's, left out: ${names.join(", ")}`);
  }
  return {
    query: texts.get("query") ?? otherwise,
    passage: (passageName && texts.get(passageName)) ?? otherwise,
  };
}

// Finds the weights and the configuration in the object that was saved, and gives the weights their plain names.
import type { QragError } from "../../base/errors.ts";
import { quote } from "../../base/quote.ts";
import { invalid } from "../errors.ts";
import { type Config, configFromPickle, membersOf } from "./config_value.ts";
import { InertRecord, PersistentId, type Pickled } from "./pickle_values.ts";
import { maximumTensors, type SourceTensor } from "./source_tensor.ts";
import type { TorchFile } from "./torch.ts";

export interface StateDict {
  readonly tensors: ReadonlyMap<string, SourceTensor>;
  readonly config: Config | undefined;
  /** Under which key the configuration was found. */
  readonly configSource: string;
  readonly notes: readonly string[];
}

/** Where training scripts put the weights, the most telling name first; the last is Q-RAG's. */
const weightKeys = [
  "model_state",
  "model_state_dict",
  "state_dict",
  "model",
  "module",
  "weights",
  "critic",
];
/** Where they put the configuration. */
const configKeys = [
  "model_cfg",
  "model_config",
  "model_args",
  "config",
  "cfg",
  "args",
  "hparams",
  "hyper_parameters",
];
/** Parts of names that wrappers add: torch.compile, DataParallel, FSDP, activation checkpointing. */
const wrapperParts: ReadonlySet<string> = new Set([
  "_orig_mod",
  "module",
  "_fsdp_wrapped_module",
  "_checkpoint_wrapped_module",
]);

export function findStateDict(file: TorchFile): StateDict {
  const root = membersOf(file.value);
  if (!root) throw invalid("the file holds no dict; save a dict with the weights in it");
  const notes: string[] = [];
  const key = weightKeys.find((name) => holdsTensors(membersOf(root.get(name))));
  const weights = key === undefined ? root : membersOf(root.get(key))!;
  if (key === undefined && !holdsTensors(root)) throw noWeights(root);
  notes.push(
    key === undefined ? "the weights are the whole file" : `the weights are under "${key}"`,
  );
  if (file.foreignNames.length > 0) {
    const names = file.foreignNames.slice(0, 10).map(quote).join(", ");
    notes.push(`names of Python code in the file, none of it imported or run: ${names}`);
  }
  const found = findConfig(root);
  return {
    tensors: stripWrappers(openAll(file, weights, notes), notes),
    config: found?.config,
    configSource: found?.key ?? "",
    notes,
  };
}

function noWeights(root: ReadonlyMap<Pickled, Pickled>): QragError {
  const modules = weightKeys.filter((name) => membersOf(root.get(name))?.has("_modules"));
  if (modules.length > 0 || root.has("_modules")) {
    return invalid(
      "the file holds a whole module; save its weights: torch.save(model.state_dict(), p)",
    );
  }
  const keys = [...root.keys()].slice(0, 10).map((key) => quote(String(key)));
  return invalid(
    `no weights were found: none of ${weightKeys.join(", ")} is a dict of tensors. ` +
      `The file's keys are ${keys.join(", ") || "none"}`,
  );
}

/** A dict of tensors has at least one; a record that is no mapping and knows a storage is one. */
function holdsTensors(members: ReadonlyMap<Pickled, Pickled> | undefined): boolean {
  if (!members) return false;
  for (const value of members.values()) if (isTensor(value)) return true;
  return false;
}

function isTensor(value: Pickled): boolean {
  return (
    value instanceof InertRecord &&
    value.args.some((arg) => arg instanceof PersistentId || isWrapped(arg))
  );
}

function isWrapped(value: Pickled): boolean {
  return value instanceof InertRecord && value.args.some((arg) => arg instanceof PersistentId);
}

function openAll(
  file: TorchFile,
  weights: ReadonlyMap<Pickled, Pickled>,
  notes: string[],
): SourceTensor[] {
  if (weights.size > maximumTensors) {
    throw invalid(`it has ${weights.size} weights; at most ${maximumTensors} are read`);
  }
  const tensors: SourceTensor[] = [];
  const others: string[] = [];
  for (const [key, value] of weights) {
    if (typeof key !== "string") throw invalid("the dict of weights has a key that is not text");
    const tensor = file.tensor(key, value);
    if (tensor) tensors.push(tensor);
    else others.push(key);
  }
  if (others.length > 0) {
    notes.push(
      `entries that are not tensors, left out: ${others.slice(0, 10).map(quote).join(", ")}`,
    );
  }
  return tensors;
}

/** Names without the parts that wrappers added, wherever they stand. */
export function stripWrappers(
  tensors: Iterable<SourceTensor>,
  notes: string[],
): ReadonlyMap<string, SourceTensor> {
  const stripped = new Map<string, SourceTensor>();
  const removed = new Set<string>();
  for (const tensor of tensors) {
    const parts = tensor.name.split(".");
    const kept = parts.filter((part) => !wrapperParts.has(part));
    for (const part of parts) if (wrapperParts.has(part)) removed.add(part);
    const name = kept.join(".");
    if (stripped.has(name)) {
      throw invalid(`without what wrappers add, two tensors are named ${quote(name)}`);
    }
    stripped.set(name, { ...tensor, name });
  }
  if (removed.size > 0) notes.push(`taken out of the names: ${[...removed].join(", ")}`);
  return stripped;
}

function findConfig(
  root: ReadonlyMap<Pickled, Pickled>,
): { key: string; config: Config } | undefined {
  for (const key of configKeys) {
    const members = membersOf(root.get(key));
    if (members && members.size > 0) return { key, config: configFromPickle(members) };
  }
  return undefined;
}

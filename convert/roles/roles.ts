// Gives every tensor of a checkpoint its role: by name, or as settled by hand. What has none is an error that lists it.
import { QragError } from "../../base/errors.ts";
import { quote } from "../../base/quote.ts";
import type { SourceTensor } from "../checkpoint/source_tensor.ts";
import { unmapped } from "../errors.ts";
import type { Named } from "./named.ts";

/** Decisions by hand: a source tensor's name to the role it has, in GGUF's names, or to "drop". */
export type RoleMap = ReadonlyMap<string, string>;

export interface Dropped {
  readonly name: string;
  readonly reason: string;
}

export interface Roles<Kind extends string = string> {
  /** Tensors outside of the blocks, by kind. */
  readonly model: ReadonlyMap<Kind, SourceTensor>;
  /** The tensors of each block, by its number. */
  readonly blocks: readonly ReadonlyMap<Kind, SourceTensor>[];
  /** Kept in the file under these names, never read. */
  readonly router: ReadonlyMap<string, SourceTensor>;
  readonly dropped: readonly Dropped[];
}

const routerPrefix = "router.";
const dropWord = "drop";
/** A list that is longer says nothing more. */
const listed = 20;

/** How a family reads names. */
export interface NameReader<Kind extends string> {
  /** What a tensor's name says, if anything. GGUF's names are among those it knows. */
  readName(name: string, shape: readonly number[]): Named<Kind> | undefined;
  /** A kind as messages put it. */
  inWords(kind: Kind): string;
  /** What has no place in the family, for the error that lists tensors without a role. */
  readonly foreign: string;
}

export function assignRoles<Kind extends string>(
  tensors: ReadonlyMap<string, SourceTensor>,
  family: NameReader<Kind>,
  map: RoleMap = new Map(),
): Roles<Kind> {
  for (const name of map.keys()) {
    if (!tensors.has(name)) {
      throw new QragError(
        "INPUT_INVALID",
        `the map names ${quote(name)}, which is not in the checkpoint`,
      );
    }
  }
  const model = new Map<Kind, SourceTensor>();
  const blocks = new Map<number, Map<Kind, SourceTensor>>();
  const router = new Map<string, SourceTensor>();
  const dropped: Dropped[] = [];
  const unknown: string[] = [];
  for (const [name, tensor] of tensors) {
    const role = map.get(name);
    const named =
      role === undefined ? family.readName(name, tensor.shape) : readRole(family, name, role);
    if (!named) unknown.push(`${quote(name)} [${tensor.shape.join(", ")}]`);
    else if ("drop" in named) dropped.push({ name, reason: named.drop });
    else if ("router" in named) router.set(named.router, tensor);
    else {
      const place = named.block === undefined ? model : blockOf(blocks, named.block);
      const other = place.get(named.kind);
      if (other) throw sameRole(other.name, name, family.inWords(named.kind));
      place.set(named.kind, tensor);
    }
  }
  if (unknown.length > 0) throw unknownTensors(unknown, family.foreign);
  return { model, blocks: inOrder(blocks), router, dropped };
}

/** A role by hand is a GGUF name, such as "blk.0.attn_q.weight". */
function readRole<Kind extends string>(
  family: NameReader<Kind>,
  name: string,
  role: string,
): Named<Kind> {
  if (role === dropWord) return { drop: "dropped by the map" };
  if (role.startsWith(routerPrefix)) return { router: role.slice(routerPrefix.length) };
  const named = family.readName(role, []);
  if (named && "kind" in named) return named;
  throw new QragError(
    "INPUT_INVALID",
    `the map gives ${quote(name)} the role ${quote(role)}; expected "${dropWord}" or a GGUF name ` +
      'such as "blk.0.attn_q.weight"',
  );
}

function blockOf<Kind>(
  blocks: Map<number, Map<Kind, SourceTensor>>,
  number: number,
): Map<Kind, SourceTensor> {
  const block = blocks.get(number) ?? new Map<Kind, SourceTensor>();
  blocks.set(number, block);
  return block;
}

function sameRole(first: string, second: string, role: string): QragError {
  return unmapped(`${quote(first)} and ${quote(second)} both look like ${role}; use --map`);
}

function unknownTensors(unknown: readonly string[], foreign: string): QragError {
  const more = unknown.length > listed ? `\n  and ${unknown.length - listed} more` : "";
  const list = unknown.slice(0, listed).map((line) => `  ${line}`);
  return unmapped(
    `${unknown.length} tensors have no known role:\n${list.join("\n")}${more}\n` +
      `${foreign} ` +
      'If a tensor does, give its role with --map names.json: {"its.name": "blk.0.attn_q.weight"}; ' +
      'if it can be left out, {"its.name": "drop"}.',
  );
}

function inOrder<Kind>(
  blocks: ReadonlyMap<number, ReadonlyMap<Kind, SourceTensor>>,
): ReadonlyMap<Kind, SourceTensor>[] {
  return Array.from({ length: blocks.size }, (_, number) => {
    const block = blocks.get(number);
    if (block) return block;
    throw unmapped(`the checkpoint has ${blocks.size} blocks, but none with number ${number}`);
  });
}

// Gives every tensor of a checkpoint its role: by name, or as settled by hand. What has none is an error that lists it.
import { QragError } from "../../base/errors.ts";
import { quote } from "../../base/quote.ts";
import type { SourceTensor } from "../checkpoint/source_tensor.ts";
import { unmapped } from "../errors.ts";
import { type Kind, type Named, readName } from "./names.ts";

/** Decisions by hand: a source tensor's name to the role it has, in GGUF's names, or to "drop". */
export type RoleMap = ReadonlyMap<string, string>;

export interface Dropped {
  readonly name: string;
  readonly reason: string;
}

export interface Roles {
  /** Tensors outside of the blocks. */
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

export function assignRoles(
  tensors: ReadonlyMap<string, SourceTensor>,
  map: RoleMap = new Map(),
): Roles {
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
    const named = map.has(name) ? readRole(name, map.get(name)!) : readName(name, tensor.shape);
    if (!named) unknown.push(`${quote(name)} [${tensor.shape.join(", ")}]`);
    else if ("drop" in named) dropped.push({ name, reason: named.drop });
    else if ("router" in named) router.set(named.router, tensor);
    else if (named.block === undefined) place(model, named.kind, name, tensor);
    else {
      const block = blocks.get(named.block) ?? new Map<Kind, SourceTensor>();
      blocks.set(named.block, block);
      place(block, named.kind, name, tensor);
    }
  }
  if (unknown.length > 0) throw unknownTensors(unknown);
  return { model, blocks: inOrder(blocks), router, dropped };
}

/** A role by hand is a GGUF name, such as "blk.0.attn_q.weight"; those are one of the families. */
function readRole(name: string, role: string): Named {
  if (role === dropWord) return { drop: "dropped by the map" };
  if (role.startsWith(routerPrefix)) return { router: role.slice(routerPrefix.length) };
  const named = readName(role, []);
  if (named && "kind" in named) return named;
  throw new QragError(
    "INPUT_INVALID",
    `the map gives ${quote(name)} the role ${quote(role)}; expected "${dropWord}" or a GGUF name ` +
      'such as "blk.0.attn_q.weight"',
  );
}

function place(
  roles: Map<Kind, SourceTensor>,
  kind: Kind,
  name: string,
  tensor: SourceTensor,
): void {
  const other = roles.get(kind);
  if (other) {
    throw unmapped(`${quote(other.name)} and ${quote(name)} both look like ${kind}; use --map`);
  }
  roles.set(kind, tensor);
}

function unknownTensors(unknown: readonly string[]): QragError {
  const more = unknown.length > listed ? `\n  and ${unknown.length - listed} more` : "";
  const list = unknown.slice(0, listed).map((line) => `  ${line}`);
  return unmapped(
    `${unknown.length} tensors have no known role:\n${list.join("\n")}${more}\n` +
      "Biases, learned positions, experts and norms inside attention do not belong to this architecture. " +
      'If a tensor does, give its role with --map names.json: {"its.name": "blk.0.attn_q.weight"}; ' +
      'if it can be left out, {"its.name": "drop"}.',
  );
}

function inOrder(
  blocks: ReadonlyMap<number, ReadonlyMap<Kind, SourceTensor>>,
): ReadonlyMap<Kind, SourceTensor>[] {
  return Array.from({ length: blocks.size }, (_, number) => {
    const block = blocks.get(number);
    if (block) return block;
    throw unmapped(`the checkpoint has ${blocks.size} blocks, but none with number ${number}`);
  });
}

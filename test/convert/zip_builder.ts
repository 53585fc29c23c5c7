// Builds zip archives byte by byte, sound ones and, through overrides of single fields, every kind of broken one.
import { crc32 } from "../../convert/checkpoint/crc32.ts";

/** Fields of the two headers of an entry; what is not given is as it should be. */
export interface HeaderFields {
  signature?: number;
  flags?: number;
  method?: number;
  crc?: number;
  stored?: number;
  size?: number;
  name?: Uint8Array;
  extra?: Uint8Array;
  comment?: Uint8Array;
  disk?: number;
  offset?: number;
}

export interface BuiltEntry {
  name: string;
  data: Uint8Array;
  /** Sizes behind the data, as torch.save writes them; "wide" for those of 8 bytes. */
  descriptor?: boolean | "wide";
  descriptorBytes?: Uint8Array;
  local?: HeaderFields;
  central?: HeaderFields;
  before?: Uint8Array;
  after?: Uint8Array;
}

export interface EndFields {
  count?: number;
  here?: number;
  length?: number;
  offset?: number;
  disk?: number;
  commentLength?: number;
}

export interface BuildOptions {
  /** With a 64-bit end record and locator, as torch.save writes them. */
  wide?: boolean;
  end?: EndFields;
  end64?: EndFields & { signature?: number; recordLength?: number; at?: number; disks?: number };
  beforeDirectory?: Uint8Array;
  beforeEnd?: Uint8Array;
  after?: Uint8Array;
}

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

/** Little-endian fields: [bytes, value] each. */
export function fields(...list: [number, number][]): Uint8Array {
  const bytes = new Uint8Array(list.reduce((sum, [width]) => sum + width, 0));
  let at = 0;
  for (const [width, value] of list) {
    let rest = BigInt(value);
    for (let i = 0; i < width; i++, rest >>= 8n) bytes[at++] = Number(rest & 0xffn);
  }
  return bytes;
}

export function zip64Extra(...values: number[]): Uint8Array {
  return fields(
    [2, 1],
    [2, 8 * values.length],
    ...values.map((value): [number, number] => [8, value]),
  );
}

export function buildZip(entries: readonly BuiltEntry[], options: BuildOptions = {}): Uint8Array {
  const parts: Uint8Array[] = [];
  const central: Uint8Array[] = [];
  let size = 0;
  const add = (part: Uint8Array) => {
    parts.push(part);
    size += part.length;
  };
  for (const entry of entries) {
    add(entry.before ?? new Uint8Array());
    const offset = size;
    add(localHeader(entry));
    add(entry.data);
    add(descriptorOf(entry));
    add(entry.after ?? new Uint8Array());
    central.push(centralHeader(entry, offset));
  }
  add(options.beforeDirectory ?? new Uint8Array());
  const directoryOffset = size;
  const directory = concat(central);
  add(directory);
  add(options.beforeEnd ?? new Uint8Array());
  const facts = { count: entries.length, length: directory.length, offset: directoryOffset };
  if (options.wide) add(end64(facts, size, options.end64 ?? {}));
  const end = {
    here: options.end?.count ?? facts.count,
    disk: 0,
    commentLength: 0,
    ...facts,
    ...options.end,
  };
  add(
    fields(
      [4, 0x06054b50],
      [4, end.disk],
      [2, end.here],
      [2, end.count],
      [4, end.length],
      [4, end.offset],
      [2, end.commentLength],
    ),
  );
  add(options.after ?? new Uint8Array());
  return concat(parts);
}

type Facts = { count: number; length: number; offset: number };

function end64(
  facts: Facts,
  at: number,
  overrides: NonNullable<BuildOptions["end64"]>,
): Uint8Array {
  const value = {
    here: facts.count,
    signature: 0x06064b50,
    recordLength: 44,
    at,
    disk: 0,
    disks: 1,
    ...facts,
    ...overrides,
  };
  return fields(
    [4, value.signature],
    [8, value.recordLength],
    [2, 0x031e],
    [2, 45],
    [8, value.disk],
    [8, value.here],
    [8, value.count],
    [8, value.length],
    [8, value.offset],
    [4, 0x07064b50],
    [4, 0],
    [8, value.at],
    [4, value.disks],
  );
}

function localHeader(entry: BuiltEntry): Uint8Array {
  const open = Boolean(entry.descriptor);
  const name = entry.local?.name ?? bytesOf(entry.name);
  const extra = entry.local?.extra ?? new Uint8Array();
  const field = {
    signature: 0x04034b50,
    flags: open ? 0x0808 : 0x0800,
    method: 0,
    crc: open ? 0 : crc32(entry.data),
    stored: open ? 0 : entry.data.length,
    size: open ? 0 : entry.data.length,
    ...entry.local,
  };
  return concat([
    fields(
      [4, field.signature],
      [2, 0],
      [2, field.flags],
      [2, field.method],
      [4, 0],
      [4, field.crc],
      [4, field.stored],
      [4, field.size],
      [2, name.length],
      [2, extra.length],
    ),
    name,
    extra,
  ]);
}

function descriptorOf({ descriptor, descriptorBytes, data }: BuiltEntry): Uint8Array {
  if (descriptorBytes) return descriptorBytes;
  if (!descriptor) return new Uint8Array();
  const width = descriptor === "wide" ? 8 : 4;
  return fields([4, 0x08074b50], [4, crc32(data)], [width, data.length], [width, data.length]);
}

function centralHeader(entry: BuiltEntry, offset: number): Uint8Array {
  const name = entry.central?.name ?? bytesOf(entry.name);
  const extra = entry.central?.extra ?? new Uint8Array();
  const comment = entry.central?.comment ?? new Uint8Array();
  const field = {
    signature: 0x02014b50,
    flags: entry.descriptor ? 0x0808 : 0x0800,
    method: 0,
    crc: crc32(entry.data),
    stored: entry.data.length,
    size: entry.data.length,
    disk: 0,
    offset,
    ...entry.central,
  };
  return concat([
    fields(
      [4, field.signature],
      [4, 0],
      [2, field.flags],
      [2, field.method],
      [4, 0],
      [4, field.crc],
      [4, field.stored],
      [4, field.size],
      [2, name.length],
      [2, extra.length],
      [2, comment.length],
      [2, field.disk],
      [6, 0],
      [4, field.offset],
    ),
    name,
    extra,
    comment,
  ]);
}

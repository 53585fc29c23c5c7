// Reads a pickle without running it: the opcodes of protocols 2 to 5 that torch.save emits, over a machine that
// has no callables. What Python would import and call becomes an inert record of its name and arguments.
import { PickleMachine, pickleLimits } from "./pickle_machine.ts";
import {
  InertRecord,
  PersistentId,
  type Pickled,
  PickledGlobal,
  PickledSet,
  PickledTuple,
} from "./pickle_values.ts";

export interface Unpickled {
  readonly value: Pickled;
  /** Every module.name the pickle mentions. */
  readonly globals: ReadonlySet<string>;
}

type Step = (machine: PickleMachine) => void;

const protoOpcode = 0x80;
const stopOpcode = 0x2e;

/** The allow-list: what each opcode does. */
const steps: ReadonlyMap<number, Step> = new Map<number, Step>([
  [0x95, (m) => m.frame()], // FRAME

  [0x4e, (m) => m.push(null)], // NONE
  [0x88, (m) => m.push(true)], // NEWTRUE
  [0x89, (m) => m.push(false)], // NEWFALSE
  [0x4b, (m) => m.push(m.byte())], // BININT1
  [0x4d, (m) => m.push(m.uint16())], // BININT2
  [0x4a, (m) => m.push(m.int32())], // BININT
  [0x8a, (m) => m.push(m.integer(m.byte()))], // LONG1
  [0x8b, (m) => m.push(m.integer(m.uint32()))], // LONG4
  [0x47, (m) => m.push(m.float64())], // BINFLOAT
  [0x8c, (m) => m.push(m.string(m.byte()))], // SHORT_BINUNICODE
  [0x58, (m) => m.push(m.string(m.uint32()))], // BINUNICODE
  [0x8d, (m) => m.push(m.string(m.length64()))], // BINUNICODE8
  [0x43, (m) => m.pushObject(m.take(m.byte()))], // SHORT_BINBYTES
  [0x42, (m) => m.pushObject(m.take(m.uint32()))], // BINBYTES
  [0x8e, (m) => m.pushObject(m.take(m.length64()))], // BINBYTES8
  [0x96, (m) => m.pushObject(m.take(m.length64()))], // BYTEARRAY8

  [0x29, (m) => m.pushObject(new PickledTuple([]))], // EMPTY_TUPLE
  [0x85, (m) => pushTuple(m, 1)], // TUPLE1
  [0x86, (m) => pushTuple(m, 2)], // TUPLE2
  [0x87, (m) => pushTuple(m, 3)], // TUPLE3
  [0x74, (m) => m.pushObject(new PickledTuple(m.popToMark()))], // TUPLE
  [0x5d, (m) => m.pushObject([])], // EMPTY_LIST
  [0x61, (m) => append(m, [m.pop()])], // APPEND
  [0x65, (m) => append(m, m.popToMark())], // APPENDS
  [0x7d, (m) => m.pushObject(new Map())], // EMPTY_DICT
  [0x73, (m) => setItems(m, [m.pop(), m.pop()].reverse())], // SETITEM
  [0x75, (m) => setItems(m, m.popToMark())], // SETITEMS
  [0x8f, (m) => m.pushObject(new PickledSet([]))], // EMPTY_SET
  [0x90, addItems], // ADDITEMS
  [0x91, (m) => m.pushObject(new PickledSet(m.popToMark()))], // FROZENSET

  [0x28, (m) => m.mark()], // MARK
  [0x30, (m) => void m.pop()], // POP
  [0x31, (m) => void m.popToMark()], // POP_MARK
  [0x68, (m) => m.push(m.get(m.byte()))], // BINGET
  [0x6a, (m) => m.push(m.get(m.uint32()))], // LONG_BINGET
  [0x71, (m) => m.put(m.byte())], // BINPUT
  [0x72, (m) => m.put(m.uint32())], // LONG_BINPUT
  [0x94, (m) => m.memoize()], // MEMOIZE

  [0x63, (m) => m.global(m.line(), m.line())], // GLOBAL, the only one of protocol 2 to name a class
  [0x93, stackGlobal], // STACK_GLOBAL
  [0x51, (m) => m.pushObject(new PersistentId(m.pop()))], // BINPERSID
  [0x52, makeRecord], // REDUCE
  [0x81, makeRecord], // NEWOBJ
  [0x92, makeRecordWithNames], // NEWOBJ_EX
  [0x62, build], // BUILD
]);

/** Opcodes that other writers use, by name for the message. */
const refused: ReadonlyMap<number, string> = new Map([
  [0x49, "INT"],
  [0x4c, "LONG"],
  [0x46, "FLOAT"],
  [0x53, "STRING"],
  [0x54, "BINSTRING"],
  [0x55, "SHORT_BINSTRING"],
  [0x56, "UNICODE"],
  [0x64, "DICT"],
  [0x67, "GET"],
  [0x69, "INST"],
  [0x6c, "LIST"],
  [0x6f, "OBJ"],
  [0x70, "PUT"],
  [0x32, "DUP"],
  [0x50, "PERSID"],
  [0x80, "PROTO"],
  [0x82, "EXT1"],
  [0x83, "EXT2"],
  [0x84, "EXT4"],
  [0x97, "NEXT_BUFFER"],
  [0x98, "READONLY_BUFFER"],
]);

export function readPickle(bytes: Uint8Array): Unpickled {
  const machine = new PickleMachine(bytes);
  if (bytes.length > pickleLimits.bytes) {
    throw machine.error(`it has ${bytes.length} bytes; at most ${pickleLimits.bytes} are read`);
  }
  const opening = machine.opcode();
  const protocol = opening === protoOpcode ? machine.byte() : undefined;
  if (protocol === undefined || protocol < 2 || protocol > 5) {
    throw machine.error("it does not begin with protocol 2, 3, 4 or 5");
  }
  for (let count = 0; count < pickleLimits.opcodes; count++) {
    const code = machine.opcode();
    if (code === stopOpcode) return { value: machine.finish(), globals: machine.globals };
    const step = steps.get(code);
    if (!step) {
      const name = refused.get(code) ?? `0x${code.toString(16)}`;
      throw machine.error(`opcode ${name} is not one that torch.save writes`);
    }
    step(machine);
  }
  throw machine.error(`it has more than ${pickleLimits.opcodes} opcodes`);
}

function pushTuple(machine: PickleMachine, count: number): void {
  const items: Pickled[] = [];
  for (let i = 0; i < count; i++) items.push(machine.pop());
  machine.pushObject(new PickledTuple(items.reverse()));
}

function append(machine: PickleMachine, items: Pickled[]): void {
  const target = machine.top();
  let list: Pickled[];
  if (Array.isArray(target)) list = target;
  else if (target instanceof InertRecord) list = target.items ??= [];
  else throw machine.error("it appends to something that is not a list");
  for (const item of items) list.push(item);
}

/** `pairs`: key, value, key, value ... The later of two equal keys wins, as in Python. */
function setItems(machine: PickleMachine, pairs: Pickled[]): void {
  const target = machine.top();
  let entries: Map<Pickled, Pickled>;
  if (target instanceof Map) entries = target;
  else if (target instanceof InertRecord) entries = target.entries ??= new Map();
  else throw machine.error("it sets an item of something that is not a dict");
  if (pairs.length % 2 !== 0) throw machine.error("it sets a key without a value");
  for (let i = 0; i < pairs.length; i += 2) {
    const key = pairs[i]!;
    if (Array.isArray(key) || key instanceof Map || key instanceof PickledSet) {
      throw machine.error("a dict has a key that cannot be one");
    }
    entries.set(key, pairs[i + 1]!);
  }
}

function addItems(machine: PickleMachine): void {
  const items = machine.popToMark();
  const target = machine.top();
  if (!(target instanceof PickledSet)) {
    throw machine.error("it adds to something that is not a set");
  }
  for (const item of items) target.items.push(item);
}

function stackGlobal(machine: PickleMachine): void {
  const name = machine.pop();
  machine.global(machine.pop(), name);
}

/** REDUCE and NEWOBJ: Python would call a callable, or a class's __new__. */
function makeRecord(machine: PickleMachine): void {
  const args = machine.pop();
  const maker = machine.pop();
  if (!(maker instanceof PickledGlobal) || !(args instanceof PickledTuple)) {
    throw machine.error("it makes an object of something that is not a class and a tuple");
  }
  machine.pushObject(new InertRecord(maker, args.items));
}

/** NEWOBJ_EX: the same with named arguments, which are kept as the last one. */
function makeRecordWithNames(machine: PickleMachine): void {
  const names = machine.pop();
  const args = machine.pop();
  const maker = machine.pop();
  const sound =
    maker instanceof PickledGlobal && args instanceof PickledTuple && names instanceof Map;
  if (!sound)
    throw machine.error("it makes an object of something that is not a class, a tuple and a dict");
  machine.pushObject(new InertRecord(maker, [...args.items, names]));
}

function build(machine: PickleMachine): void {
  const state = machine.pop();
  const target = machine.top();
  if (!(target instanceof InertRecord)) {
    throw machine.error("it sets the state of something that has none");
  }
  if (target.state !== undefined) throw machine.error("it sets the state of an object twice");
  target.state = state;
}

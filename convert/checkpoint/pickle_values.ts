// What a pickle can stand for here: plain data, and inert records of everything else.

/** A Python list is an array, a dict is a Map; both may contain themselves. */
export type Pickled =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Pickled[]
  | Map<Pickled, Pickled>
  | PickledTuple
  | PickledSet
  | PickledGlobal
  | PersistentId
  | InertRecord;

export class PickledTuple {
  readonly items: readonly Pickled[];
  constructor(items: readonly Pickled[]) {
    this.items = items;
  }
}

export class PickledSet {
  readonly items: Pickled[];
  constructor(items: Pickled[]) {
    this.items = items;
  }
}

/** The name of something in a Python module. Only ever a name: nothing is looked up. */
export class PickledGlobal {
  readonly module: string;
  readonly name: string;
  constructor(module: string, name: string) {
    this.module = module;
    this.name = name;
  }
  get path(): string {
    return `${this.module}.${this.name}`;
  }
}

/** A reference to something outside the pickle: torch's storages. */
export class PersistentId {
  readonly id: Pickled;
  constructor(id: Pickled) {
    this.id = id;
  }
}

/** An object that Python would have made by calling `maker` with `args`. Here nothing is called. */
export class InertRecord {
  readonly maker: PickledGlobal;
  readonly args: readonly Pickled[];
  /** What Python would have handed to __setstate__, or put into __dict__. */
  state: Pickled | undefined = undefined;
  /** Items appended, for subclasses of list. */
  items: Pickled[] | undefined = undefined;
  /** Items set, for subclasses of dict. */
  entries: Map<Pickled, Pickled> | undefined = undefined;
  constructor(maker: PickledGlobal, args: readonly Pickled[]) {
    this.maker = maker;
    this.args = args;
  }
}

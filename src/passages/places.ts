// Where an index of a text lies in its file: the byte and the line.

export interface Place {
  readonly byte: number;
  /** From 1. */
  readonly line: number;
}

/** Asked for indices in ascending order, it reads the text once. */
export class Places {
  readonly #text: string;
  #index = 0;
  #byte = 0;
  #line = 1;

  constructor(text: string) {
    this.#text = text;
  }

  at(index: number): Place {
    const passed = this.#text.slice(this.#index, index);
    this.#byte += Buffer.byteLength(passed);
    this.#line += passed.match(/\r\n?|\n/g)?.length ?? 0;
    this.#index = index;
    return { byte: this.#byte, line: this.#line };
  }
}

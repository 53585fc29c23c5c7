// Where indices of a text lie in its file: the byte and the line.

export interface Place {
  readonly byte: number;
  /** From 1. */
  readonly line: number;
}

/** The places of `indices`, which may come in any order; the text is read once. */
export function placesIn(text: string, indices: Iterable<number>): Map<number, Place> {
  const places = new Map<number, Place>();
  let last = 0;
  let byte = 0;
  let line = 1;
  for (const index of [...new Set(indices)].sort((a, b) => a - b)) {
    const passed = text.slice(last, index);
    byte += Buffer.byteLength(passed);
    line += passed.match(/\r\n?|\n/g)?.length ?? 0;
    last = index;
    places.set(index, { byte, line });
  }
  return places;
}

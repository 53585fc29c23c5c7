// Whole numbers in ascending order, found by halves.

/** The place of the first number that is not below `value`; behind the last where all are. */
export function placeIn(ascending: Uint32Array, value: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

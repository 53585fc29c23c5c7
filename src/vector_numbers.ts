// A vector as the numbers that JSON is given.

/** Nine digits give every float back; JavaScript would write up to seventeen. */
export function vectorNumbers(vector: Float32Array): number[] {
  return Array.from(vector, (value) => Number(value.toPrecision(9)));
}

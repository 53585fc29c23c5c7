// How far a contender's answers lie from its reference's.

type Rows = readonly (readonly number[])[];

/**
 * Root mean square of the differences, over the spread of what was expected: what all texts have in common, which says
 * nothing of any, does not make answers look alike. NaN if there are more or fewer of them.
 */
export function deviationFrom(expected: Rows, given: Rows): number {
  const width = expected[0]?.length;
  const sameShape = (row: readonly number[], i: number) =>
    row.length === width && given[i]!.length === width;
  if (given.length !== expected.length || !expected.every(sameShape)) return Number.NaN;
  const mean = expected[0]!.map(
    (_, column) => sum(expected, (row) => row[column]!) / expected.length,
  );
  const squares = (other: (row: number, column: number) => number) =>
    sum(expected.keys(), (row) =>
      sum(mean.keys(), (column) => (expected[row]![column]! - other(row, column)) ** 2),
    );
  return Math.sqrt(
    squares((row, column) => given[row]![column]!) / squares((_, column) => mean[column]!),
  );
}

function sum<T>(items: Iterable<T>, value: (item: T) => number): number {
  let total = 0;
  for (const item of items) total += value(item);
  return total;
}

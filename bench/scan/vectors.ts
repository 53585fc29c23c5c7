// Rows of vectors in clusters, as texts on many subjects are, and queries from the same clusters.
import type { Segment } from "../../native/contract.ts";
import { quantize } from "../../src/store/quantize.ts";
import { fillRandom } from "../published.ts";

export interface Vectors {
  readonly dimensions: number;
  /** As float32, of length 1, end to end. */
  readonly matrix: Float32Array;
  readonly segments: readonly Segment[];
  /** The first row of each segment among all, and the number of rows. */
  readonly firsts: readonly number[];
  readonly queries: readonly Float32Array[];
}

export interface VectorsOptions {
  readonly rows: number;
  readonly dimensions: number;
  readonly queries: number;
  readonly segmentRows: number;
  readonly clusterRows: number;
}

/**
 * A row is its cluster's centre and noise of 0.5 to 1.5 times that length: in a cluster cosines are between about 0.3
 * and 0.8, and near 0 across clusters.
 */
export function makeVectors({
  rows,
  dimensions,
  queries,
  segmentRows,
  clusterRows,
}: VectorsOptions): Vectors {
  const clusters = Math.ceil(rows / clusterRows);
  const centres = fillRandom(new Float32Array(clusters * dimensions), 1, 1);
  const finish = (vector: Float32Array, index: number) => {
    const cluster = (Math.imul(index, 2654435761) >>> 0) % clusters;
    const noise = 0.5 + ((Math.imul(index, 40503) >>> 0) % 1000) / 1000;
    let square = 0;
    for (let i = 0; i < dimensions; i++) {
      vector[i] = centres[cluster * dimensions + i]! + noise * vector[i]!;
      square += vector[i]! ** 2;
    }
    const length = Math.sqrt(square);
    for (let i = 0; i < dimensions; i++) vector[i]! /= length;
    return vector;
  };
  const row = (matrix: Float32Array, index: number) =>
    matrix.subarray(index * dimensions, (index + 1) * dimensions);
  const matrix = fillRandom(new Float32Array(rows * dimensions), 2, 1);
  for (let index = 0; index < rows; index++) finish(row(matrix, index), index);
  const asked = fillRandom(new Float32Array(queries * dimensions), 3, 1);
  const firsts = Array.from(
    { length: Math.ceil(rows / segmentRows) },
    (_, segment) => segment * segmentRows,
  );
  return {
    dimensions,
    matrix,
    segments: firsts.map((first) =>
      quantize(matrix.subarray(first * dimensions, (first + segmentRows) * dimensions), dimensions),
    ),
    firsts,
    queries: Array.from({ length: queries }, (_, index) => finish(row(asked, index), 7919 * index)),
  };
}

// The vectors of a store in memory: read once, and again where the file has changed.
import { cosineOf } from "../rounded_vector.ts";
import { placeIn } from "./ascending.ts";
import { isSet } from "./bitmap.ts";
import type { Columns } from "./columns.ts";
import type { Connection } from "./connection.ts";
import { readSegment, type StoredSegment, segmentNumbers } from "./segments.ts";
import type { Settings } from "./settings.ts";
import { skippedIn } from "./skips.ts";

/** Where a passage's vector is. */
export interface VectorPlace {
  readonly segment: StoredSegment;
  readonly row: number;
}

export class Vectors {
  #segments: StoredSegment[] = [];
  #generation = -1;

  /** Brings the segments up to the file's state; those that are known are not read again, but for what is skipped. */
  refresh(connection: Connection, columns: Columns, { model, generation }: Settings): void {
    if (!model) {
      this.#segments = [];
      return;
    }
    const known = new Map(
      generation === this.#generation ? this.#segments.map((each) => [each.number, each]) : [],
    );
    this.#segments = segmentNumbers(connection, generation).map((number) => {
      const segment = known.get(number);
      if (!segment) return readSegment(connection, columns, number, model);
      const { skip: _, ...rest } = segment;
      const skip = skippedIn(connection, columns, number, segment.passages.length);
      return { ...rest, ...(skip && { skip }) };
    });
    this.#generation = generation;
  }

  get segments(): readonly StoredSegment[] {
    return this.#segments;
  }

  /** The segments that have any of the passages `allowed`, which ascend, without their other rows. */
  only(allowed: Uint32Array): StoredSegment[] {
    return this.#segments.flatMap((segment) => {
      const { passages } = segment;
      const skip = new Uint8Array(Math.ceil(passages.length / 8)).fill(0xff);
      let kept = 0;
      let row = 0;
      for (let next = placeIn(allowed, passages[0] ?? 0); next < allowed.length; next++) {
        while (row < passages.length && passages[row]! < allowed[next]!) row++;
        if (row === passages.length) break;
        if (passages[row] !== allowed[next]) continue;
        if (segment.skip && isSet(segment.skip, row)) continue;
        skip[row >> 3]! &= ~(1 << (row & 7));
        kept++;
      }
      return kept > 0 ? [{ ...segment, skip }] : [];
    });
  }

  placeOf(passage: number): VectorPlace | undefined {
    for (const segment of this.#segments) {
      const { passages } = segment;
      if (passages.length === 0 || passages[0]! > passage || passages.at(-1)! < passage) continue;
      const row = placeIn(passages, passage);
      if (passages[row] === passage) return { segment, row };
    }
    return undefined;
  }
}

/** A copy: the segment's memory is not the caller's. */
export function vectorAt(place: VectorPlace, dimensions: number): Int8Array {
  return rowAt(place, dimensions).slice();
}

/** The cosine of two rows; scales cancel out. */
export function cosine(a: VectorPlace, b: VectorPlace, dimensions: number): number {
  return cosineOf(rowAt(a, dimensions), rowAt(b, dimensions)) ?? 0;
}

function rowAt({ segment, row }: VectorPlace, dimensions: number): Int8Array {
  return segment.vectors.subarray(row * dimensions, (row + 1) * dimensions);
}

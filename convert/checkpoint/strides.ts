// Strided views: which elements of a storage a PyTorch tensor is, and the same elements row by row.

/** All numbers count elements. */
export interface StridedView {
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** What is wrong with a view of a storage of `available` elements; undefined when nothing is. */
export function viewFault(view: StridedView, count: number, available: number): string | undefined {
  const { offset, shape, strides } = view;
  if (strides.length !== shape.length) return `${shape.length} sizes but ${strides.length} strides`;
  // A stride of 0 makes a huge tensor of a small storage; reading it would take memory the file never had.
  if (count > available) {
    return `${count} elements in a storage of ${available}; save tensor.contiguous() or tensor.clone()`;
  }
  if (offset > available || (count > 0 && lastElement(view) >= available)) {
    return `elements outside its storage of ${available}`;
  }
  return undefined;
}

/** The number of the last element of a view that is not empty. Infinite or inexact results are huge, as they should be. */
export function lastElement({ offset, shape, strides }: StridedView): number {
  return shape.reduce((last, size, axis) => last + (size - 1) * strides[axis]!, offset);
}

/** True when the elements follow each other row by row. Strides of axes of size 1 do not matter. */
export function isContiguous({ shape, strides }: StridedView): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return false;
    expected *= shape[axis]!;
  }
  return true;
}

/** The elements row by row. `values` begins at the view's offset. */
export function gather(
  values: Float32Array,
  { shape, strides }: StridedView,
  count: number,
): Float32Array {
  const result = new Float32Array(count);
  const rank = shape.length;
  const rowLength = shape[rank - 1]!;
  const step = strides[rank - 1]!;
  const place = new Array<number>(rank).fill(0);
  let base = 0;
  for (let at = 0; at < count; ) {
    for (let i = 0, from = base; i < rowLength; i++, from += step) result[at++] = values[from]!;
    for (let axis = rank - 2; axis >= 0; axis--) {
      base += strides[axis]!;
      place[axis]!++;
      if (place[axis]! < shape[axis]!) break;
      base -= place[axis]! * strides[axis]!;
      place[axis] = 0;
    }
  }
  return result;
}

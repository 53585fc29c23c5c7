// A pair of query and passage whose answer is known.

export interface LabelledRow {
  readonly query: string;
  readonly passage: string;
  readonly label: 0 | 1;
}

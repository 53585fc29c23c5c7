// How far a piece of work has come.

/** How far a call has come. */
export interface Progress {
  readonly done: number;
  readonly total: number;
}

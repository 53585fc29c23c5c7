// How far a piece of work has come.

/** How far a call has come. */
export interface Progress {
  readonly done: number;
  readonly total: number;
  /** Set while a model from a hub is downloaded or converted, before it is loaded. */
  readonly stage?: "download" | "convert";
}

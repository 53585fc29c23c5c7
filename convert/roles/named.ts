// What the name of a checkpoint's tensor says.

export type Named<Kind extends string = string> =
  /** The tensor's part in the model, in GGUF's words, and its block if it is in one. */
  | { readonly kind: Kind; readonly block: number | undefined }
  /** A tensor of a decision head: kept in the file under this name, never read. */
  | { readonly router: string }
  /** Not needed, for this reason. */
  | { readonly drop: string };

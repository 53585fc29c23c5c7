// What could not be read, and why.

export interface Unreadable {
  readonly path: string;
  readonly reason: string;
}

export type OnUnreadable = (found: Unreadable) => void;

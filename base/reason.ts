// What an error says of itself.

/** Node's fetch only says "fetch failed"; the reason is in the cause. */
export function reasonOf(error: unknown): string {
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(inner instanceof Error)) return String(inner);
  // Empty when several addresses were tried.
  return inner.message || (inner as NodeJS.ErrnoException).code || inner.name;
}

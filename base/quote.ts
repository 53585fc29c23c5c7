// Untrusted text, made safe for a message.

/** Untrusted text for a message: JSON-escaped and cut, so that it can neither flood nor forge a log line. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}...` : text);
}

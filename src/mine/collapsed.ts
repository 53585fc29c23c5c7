// A text on one line, so that where its lines break makes no difference.

export function collapsed(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

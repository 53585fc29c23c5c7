// Python's str.strip(), which the published gate's semantics call for; JavaScript's trim() differs in some characters.

const spaces =
  "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a" +
  "\u2028\u2029\u202f\u205f\u3000";

export function strip(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && spaces.includes(text[start]!)) start++;
  while (end > start && spaces.includes(text[end - 1]!)) end--;
  return text.slice(start, end);
}

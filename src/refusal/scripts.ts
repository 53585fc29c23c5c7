// Which scripts a text is written in: Unicode's own answer, letter by letter.

/** A letter of these scripts says as much as several of an alphabet's. */
const dense = /\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}/u;
const denseWeight = 3;

/**
 * Finds texts of which half or more is in other scripts than these, whose names were checked with their file. Letters
 * that all scripts share count as read.
 */
export function foreignScripts(scripts: readonly string[]): (text: string) => boolean {
  const names = [...scripts, "Common", "Inherited"];
  const read = names.map((name) => `\\p{Script_Extensions=${name}}`).join("|");
  const unread = new RegExp(`(?!${read})\\p{L}`, "gu");
  return (text) => {
    const others = text.match(unread);
    if (others === null) return false;
    const weights = others.map((letter) => (dense.test(letter) ? denseWeight : 1));
    const other = weights.reduce((sum, weight) => sum + weight, 0);
    const own = text.match(/\p{L}/gu)!.length - others.length;
    return other >= own;
  };
}

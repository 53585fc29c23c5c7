// Which scripts a text is written in: Unicode's own answer, letter by letter.
import { QragError } from "../../base/errors.ts";
import { quote } from "../../base/quote.ts";

/** A letter of these scripts says as much as several of an alphabet's. */
const dense = /\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}/u;
const denseWeight = 3;

/** Finds texts of which half or more is in other scripts than these. Letters that all scripts share count for none. */
export function foreignScripts(scripts: readonly string[]): (text: string) => boolean {
  const read = lettersOf([...scripts, "Common", "Inherited"]);
  return (text) => {
    let own = 0;
    let other = 0;
    for (const [letter] of text.matchAll(/\p{L}/gu)) {
      const weight = dense.test(letter) ? denseWeight : 1;
      if (read.test(letter)) own += weight;
      else other += weight;
    }
    return other > 0 && other >= own;
  };
}

function lettersOf(scripts: readonly string[]): RegExp {
  try {
    return new RegExp(scripts.map((name) => `\\p{Script_Extensions=${name}}`).join("|"), "u");
  } catch {
    const names = scripts.map(quote).join(", ");
    throw new QragError(
      "MODEL_INVALID",
      `qrag.scripts names a script that Unicode has not: ${names}`,
    );
  }
}

// Finds the tokens that answer: every id of the vocabulary that decodes to 0 or 1, white space aside.

import { QragError } from "../../base/errors.ts";
import type { Decision } from "../../gguf/architecture.ts";
import type { BackgroundTokenizer } from "../../native/tokenizer/background.ts";

/** What Python's str.strip() removes, which the reference semantics call for; JavaScript's trim() differs in some. */
const pythonSpaces =
  "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a" +
  "\u2028\u2029\u202f\u205f\u3000";

/** The tokens of "0" come first: llama.cpp's graph takes the maximum over each run of rows. */
export function findDecision(
  tokenizer: Pick<BackgroundTokenizer, "vocabularySize" | "decodeToken">,
  vocabularySize: number,
): Decision {
  if (tokenizer.vocabularySize > vocabularySize) {
    throw new QragError(
      "TOKENIZER_UNSUPPORTED",
      `tokenizer.json has token ids up to ${tokenizer.vocabularySize - 1}, but the checkpoint's embedding has ` +
        `${vocabularySize} rows: it is another model's tokenizer`,
    );
  }
  const texts = Array.from({ length: tokenizer.vocabularySize }, (_, id) =>
    strip(tokenizer.decodeToken(id)),
  );
  const tokenIds: number[] = [];
  const labels: ("0" | "1")[] = [];
  for (const digit of ["0", "1"] as const) {
    const ids = texts.flatMap((text, id) => (text === digit ? [id] : []));
    if (ids.length === 0) {
      throw new QragError(
        "TOKENIZER_UNSUPPORTED",
        `no token of tokenizer.json decodes to "${digit}", so the model cannot answer with it`,
      );
    }
    tokenIds.push(...ids);
    labels.push(...ids.map(() => digit));
  }
  return { kind: "decision", tokenIds, labels };
}

function strip(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && pythonSpaces.includes(text[start]!)) start++;
  while (end > start && pythonSpaces.includes(text[end - 1]!)) end--;
  return text.slice(start, end);
}

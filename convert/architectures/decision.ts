// Finds the tokens that answer: every id of the vocabulary that decodes to 0 or 1, white space aside.

import { QragError } from "../../base/errors.ts";
import { strip } from "../../base/strip.ts";
import type { Decision } from "../../gguf/architecture.ts";
import type { BackgroundTokenizer } from "../../native/tokenizer/background.ts";

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

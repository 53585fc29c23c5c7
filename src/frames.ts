// How a query and a passage become a model's input: put into a prompt, or as the pair that an encoder reads.
import type { Frame } from "../gguf/architecture.ts";
import { promptAround } from "../gguf/prompt.ts";
import type { BackgroundTokenizer } from "../native/tokenizer/background.ts";

/** One input, encoded. */
export interface Encoded {
  readonly tokens: Int32Array;
  /** Where the second text begins; absent where the model sees one text. */
  readonly second?: number;
}

export interface PairEncoder {
  /** UTF-16 units of an input beside its passage. */
  frameUnits(query: string): number;
  /** The query's part is encoded once for all passages. */
  encode(query: string, passages: readonly string[]): Promise<Encoded[]>;
}

type Tokenizer = Pick<BackgroundTokenizer, "encodeAfter" | "encodePairs">;

/** What the frame stands for that the model's file names; undefined for a model that reads one text at a time. */
export function pairEncoder(frame: Frame, tokenizer: Tokenizer): PairEncoder | undefined {
  switch (frame.kind) {
    case "prompt":
      return {
        frameUnits: (query) => promptAround(frame, query).join("").length,
        async encode(query, passages) {
          const [before, behind] = promptAround(frame, query);
          const tails = passages.map((passage) => passage + behind);
          return (await tokenizer.encodeAfter(before, tails)).map((tokens) => ({ tokens }));
        },
      };
    case "pair":
      return {
        frameUnits: (query) => query.length,
        encode: (query, passages) => tokenizer.encodePairs(query, passages),
      };
    case "text":
      return undefined;
  }
}

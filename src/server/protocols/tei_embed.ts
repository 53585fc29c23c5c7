// Text Embeddings Inference's /embed: vectors, and nothing else.
import { vectorNumbers } from "../../vector_numbers.ts";
import type { Embedding } from "../embedding.ts";
import type { Exchange } from "../exchange.ts";
import type { Fields } from "../fields.ts";
import { Problem } from "../problem.ts";
import { embeddedPieces, uses } from "./embedded.ts";

/** A text keeps its beginning: the other direction is refused. */
const directions = { Right: "right", right: "right" } as const;

export async function teiEmbed(
  exchange: Exchange,
  fields: Fields,
  embedding: Embedding,
): Promise<void> {
  const texts = fields.oneOrMore("inputs");
  const cut = fields.flag("truncate", true);
  fields.oneOf("truncation_direction", directions);
  const options = {
    as: fields.oneOf("prompt_name", uses),
    normalize: fields.flag("normalize", true),
    dimensions: fields.count("dimensions"),
    long: cut ? "cut" : "refuse",
  } as const;
  if (texts.length === 0) throw new Problem(400, "`inputs` cannot be empty");
  const { pieces } = await embeddedPieces(exchange, embedding, texts, options, (vector) =>
    JSON.stringify(vectorNumbers(vector)),
  );
  await exchange.send(`[${pieces.join(",")}]`, "application/json");
}

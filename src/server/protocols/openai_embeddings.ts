// OpenAI's /v1/embeddings: vectors as numbers, or as the base64 that its own clients ask for.
import { modelName } from "../../gate_info.ts";
import { vectorNumbers } from "../../vector_numbers.ts";
import type { Embedding } from "../embedding.ts";
import type { Exchange } from "../exchange.ts";
import type { Fields } from "../fields.ts";
import { Problem } from "../problem.ts";
import { embeddedPieces, uses } from "./embedded.ts";

const encodings = { float: vectorNumbers, base64: base64Floats } as const;

/** `input_type` says what the texts are, as other servers of this form have it; a long text is cut. */
export async function openAiEmbeddings(
  exchange: Exchange,
  fields: Fields,
  embedding: Embedding,
): Promise<void> {
  const texts = fields.oneOrMore("input");
  const asked = fields.text("model");
  const encoded = fields.oneOf("encoding_format", encodings) ?? vectorNumbers;
  const options = {
    as: fields.oneOf("input_type", uses),
    dimensions: fields.count("dimensions"),
  };
  if (texts.length === 0) throw new Problem(422, "Expected at least one text for input");
  const { pieces, tokens } = await embeddedPieces(
    exchange,
    embedding,
    texts,
    options,
    (vector, index) => JSON.stringify({ object: "embedding", index, embedding: encoded(vector) }),
  );
  // Clients compare it with what they asked for.
  const model = JSON.stringify(asked ?? modelName(embedding.embedder.info));
  const usage = JSON.stringify({ prompt_tokens: tokens, total_tokens: tokens });
  await exchange.send(
    `{"object":"list","data":[${pieces.join(",")}],"model":${model},"usage":${usage}}`,
    "application/json",
  );
}

/** Floats of 4 bytes, the lowest byte first. */
function base64Floats(vector: Float32Array): string {
  const bytes = Buffer.alloc(vector.length * 4);
  for (const [index, value] of vector.entries()) bytes.writeFloatLE(value, index * 4);
  return bytes.toString("base64");
}

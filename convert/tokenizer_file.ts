// The text of a checkpoint's tokenizer.json: the file that was named, the one beside the weights, or one made of vocab.txt.
import { basename, dirname } from "node:path";
import { QragError } from "../base/errors.ts";
import { tokenizerFromVocabulary } from "../native/tokenizer/from_vocabulary.ts";
import { Companions } from "./checkpoint/companions.ts";

export async function readTokenizerFile(
  path: string | undefined,
  companions: Companions,
): Promise<string> {
  if (path !== undefined) {
    const json = await textOf(new Companions(dirname(path)), basename(path));
    if (json !== undefined) return json;
    throw missing(`${path} cannot be read: there is no such file`);
  }
  const json = await textOf(companions, "tokenizer.json");
  if (json !== undefined) return json;
  const vocabulary = await textOf(companions, "vocab.txt");
  if (vocabulary !== undefined) {
    const config = await textOf(companions, "tokenizer_config.json");
    return tokenizerFromVocabulary(vocabulary, config === undefined ? undefined : parsed(config));
  }
  throw missing(
    `${companions.folder} holds neither tokenizer.json nor vocab.txt; ` +
      "pass the tokenizer.json that the checkpoint was trained with as --tokenizer",
  );
}

function missing(reason: string): QragError {
  return new QragError("TOKENIZER_UNSUPPORTED", reason);
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new QragError("TOKENIZER_UNSUPPORTED", "tokenizer_config.json is not JSON", {
      cause: error,
    });
  }
}

async function textOf(folder: Companions, name: string): Promise<string | undefined> {
  try {
    return await folder.text(name);
  } catch (error) {
    if (!(error instanceof QragError)) throw error;
    throw new QragError("TOKENIZER_UNSUPPORTED", `${folder.folder}: ${error.message}`, {
      cause: error,
    });
  }
}

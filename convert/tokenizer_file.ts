// The text of a checkpoint's tokenizer.json: the file that was named, or the one beside the weights.
import { basename, dirname } from "node:path";
import { QragError } from "../base/errors.ts";
import { Companions } from "./checkpoint/companions.ts";

const fileName = "tokenizer.json";

export async function readTokenizerFile(
  path: string | undefined,
  companions: Companions,
): Promise<string> {
  const folder = path === undefined ? companions : new Companions(dirname(path));
  const json = await textOf(folder, path === undefined ? fileName : basename(path));
  if (json !== undefined) return json;
  throw new QragError(
    "TOKENIZER_UNSUPPORTED",
    path === undefined
      ? `${folder.folder} holds no ${fileName}; pass the one the checkpoint was trained with as --tokenizer`
      : `${path} cannot be read: there is no such file`,
  );
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

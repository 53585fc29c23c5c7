// qrag pull: downloads a model from a Hugging Face compatible hub, and converts it, into the cache.
import { checkDestination, type Destination, writeTo } from "../../base/destination.ts";
import { fileSource } from "../../gguf/source.ts";
import { type Pulled, pull } from "../hub/pull.ts";
import { parseReference } from "../hub/reference.ts";
import { sizeText } from "./amounts.ts";
import { parseArguments, UsageError } from "./arguments.ts";
import { type Command, exitCodes } from "./command.ts";
import { conversionOf, conversionOptions } from "./convert.ts";
import { destinationOf } from "./destination.ts";
import type { Io } from "./io.ts";
import { loadingBar } from "./loading_bar.ts";
import { printable, tell, writeJson, writeLine } from "./output.ts";
import { notesText } from "./report.ts";
import { typeNames } from "./weight_type.ts";

const help = `Usage: qrag pull hf:OWNER/REPO[@REVISION][:FILE] [options]

Downloads a model from Hugging Face, converts it once, and prints the path of the GGUF file, which is kept in a cache:
--model hf:OWNER/REPO and loadGate("hf:OWNER/REPO") find it there without a network. If the repository has exactly one
GGUF file, that is the model; otherwise its weights are converted. FILE chooses a file. Every file is checked against
its digest. An interrupted download is resumed.

REVISION is a branch, a tag or a commit; default main. Pull again to get what a branch is now.

Options:
  -t, --type TYPE            ${typeNames}; default q8_0
      ...                    all other options of qrag convert but --tokenizer
  -o, --output FILE          copy the GGUF file to FILE, and print that path; - for standard output, and no path
      --force                replace FILE if it is there
      --json                 print {path, source, revision, commit, ...} as JSON
  -h, --help                 print this help

Environment:
  HF_ENDPOINT                another hub than https://huggingface.co
  HF_TOKEN                   a token for private and gated repositories
  QRAG_OFFLINE=1             never use the network (HF_HUB_OFFLINE=1 does the same)
  QRAG_CACHE                 the folder of the cache; qrag cache path prints the one in use

Example:
  qrag pull hf:cross-encoder/ms-marco-MiniLM-L6-v2
  qrag filter --model hf:cross-encoder/ms-marco-MiniLM-L6-v2 -q "capital of Germany" passages.jsonl
`;

export const command: Command = {
  help,
  async run(args, io) {
    const options = {
      ...conversionOptions,
      output: { type: "string", short: "o" },
      force: { type: "boolean" },
    } as const;
    const { values, positionals } = parseArguments(args, options, ["hf:OWNER/REPO"]);
    const { json = false, output: wanted, force = false, ...stated } = values;
    if (force && wanted === undefined) throw new UsageError("--force needs --output");
    const use = { option: "--output", json, binary: true };
    const output = wanted === undefined ? undefined : destinationOf(io, wanted, use);
    if (output !== undefined) checkDestination(output, force);
    const conversion = Object.keys(stated).length > 0 ? await conversionOf(stated, io) : undefined;
    const bar = loadingBar(io);
    const { env, signal } = io;
    const pulled = await pull(positionals[0]!, {
      ...{ env, conversion, signal },
      onProgress: bar.update,
    }).finally(bar.clear);
    if (output !== undefined) await copy(pulled.path, output, { force, signal });
    const path = typeof output === "object" ? undefined : (output ?? pulled.path);
    const { revision } = parseReference(positionals[0]!);
    if (json) await writeJson(io, { path, revision, ...facts(pulled) });
    else {
      tell(io, summary(pulled));
      if (path !== undefined) await writeLine(io, path);
    }
    return exitCodes.done;
  },
};

async function copy(
  from: string,
  to: Destination,
  { force, signal }: { readonly force: boolean } & Pick<Io, "signal">,
): Promise<void> {
  const source = await fileSource(from);
  const pieceBytes = 1024 * 1024;
  try {
    await writeTo(to, { force, signal }, async (sink) => {
      for (let at = 0; at < source.size; at += pieceBytes) {
        await sink.write(await source.read(at, Math.min(pieceBytes, source.size - at)));
      }
    });
  } finally {
    await source.close();
  }
}

function facts({ manifest, cached, downloaded, notes }: Pulled) {
  const { source, commit, endpoint, conversion, model } = manifest;
  const converted = conversion !== null;
  return { source, commit, endpoint, ...model, converted, cached, downloaded, notes };
}

function summary({ manifest, cached, downloaded, notes }: Pulled): string {
  const { source, commit, conversion, model } = manifest;
  const converted = conversion === null ? "" : ", converted";
  const how = cached ? "already in the cache" : `${sizeText(downloaded)} downloaded${converted}`;
  const at = `${printable(source)} at ${commit.slice(0, 12)}`;
  return `${notesText(notes)}${at}: ${how}, ${sizeText(model.bytes)}\n`;
}

// qrag serve: the gate, an embedder and a store behind HTTP, for clients of Cohere, Jina, OpenAI, Text Embeddings Inference or llama-server.
import { once } from "node:events";
import type { Gate } from "../gate.ts";
import { type LogEntry, logLine } from "../server/log.ts";
import type { ServerOptions } from "../server/options.ts";
import { serveGate } from "../server/server.ts";
import {
  gateOptions,
  modelHelp,
  modelOptions,
  oneOf,
  parseArguments,
  UsageError,
  wholeNumber,
} from "./arguments.ts";
import { type Command, exitCodes, withGate } from "./command.ts";
import type { Io } from "./io.ts";
import { printable, writeJson, writeLine } from "./output.ts";
import { storeOptions, withStoreParts } from "./store_options.ts";

const help = `Usage: qrag serve [options]

Answers rerank requests over HTTP until it is interrupted, and shows a page to try it at /.
Clients that speak Cohere (v1, v2), Jina, Text Embeddings Inference or llama-server need only another base URL.
With an embedding model it answers /embed (Text Embeddings Inference) and /v1/embeddings (OpenAI), with a store /search.

Options:
      --store FILE        a store of qrag index: adds /search
      --embedder PATH     an embedding model, hf:owner/repo, or package for the package's own: adds /embed and
                          /v1/embeddings; with --store it is also what searches by meaning, and its default is that of
                          qrag search
      --state-embedder PATH
                          what embeds questions, for a store that was filled with a pair
      --host HOST         address to listen on; default 127.0.0.1: this machine only
  -p, --port PORT         default 5757; 0 takes any free one
      --api-key KEY       clients have to send it as a bearer token; default: QRAG_API_KEY
      --cors ORIGIN       lets pages of this origin ask; may be given again; "*" lets all
      --allow-host NAME   a name by which the server is called; may be given again
      --max-body BYTES    of a request; default 4194304
      --max-documents N   of a request; default 1000
      --max-queue N       documents waiting, of all requests; more get 429; default 10000
      --timeout SECONDS   for a client to send a request and to take the answer; default 30
      --no-page           no page at /
      --log FORMAT        text, json or none, on standard error; default text
${modelHelp("print JSON: one line when it listens")}

Example:
  qrag serve --port 8080
  curl -s localhost:8080/v1/rerank -H 'content-type: application/json' \\
    -d '{"query": "capital of Germany", "documents": ["Berlin is the capital."]}'
`;

const logFormats = ["text", "json", "none"] as const;

export const command: Command = {
  help,
  async run(args, io) {
    const options = {
      ...modelOptions,
      ...storeOptions,
      host: { type: "string" },
      port: { type: "string", short: "p" },
      "api-key": { type: "string" },
      cors: { type: "string", multiple: true },
      "allow-host": { type: "string", multiple: true },
      "max-body": { type: "string" },
      "max-documents": { type: "string" },
      "max-queue": { type: "string" },
      timeout: { type: "string" },
      "no-page": { type: "boolean" },
      log: { type: "string", default: "text" },
    } as const;
    const { values } = parseArguments(args, options, []);
    const timeout = wholeNumber(values.timeout, "--timeout");
    const settings = {
      host: values.host,
      port: portOf(values.port),
      apiKey: values["api-key"] ?? (io.env.QRAG_API_KEY || undefined),
      cors: values.cors,
      hosts: values["allow-host"],
      maxBody: wholeNumber(values["max-body"], "--max-body"),
      maxDocuments: wholeNumber(values["max-documents"], "--max-documents"),
      maxQueue: wholeNumber(values["max-queue"], "--max-queue"),
      timeout: timeout === undefined ? undefined : timeout * 1000,
      page: values["no-page"] ? false : undefined,
      log: logTo(io, oneOf(values.log, logFormats, "--log")),
    };
    const { json = false } = values;
    await withStoreParts(io, values, (parts) =>
      withGate(io, gateOptions(values), (gate) => serve(io, gate, { ...settings, ...parts }, json)),
    );
    return exitCodes.done;
  },
};

/** Until it is interrupted. */
async function serve(io: Io, gate: Gate, options: ServerOptions, json: boolean): Promise<void> {
  const server = await serveGate(gate, options);
  try {
    const { url } = server;
    await (json ? writeJson(io, { url }) : writeLine(io, `listening on ${url}`));
    if (!io.signal.aborted) await once(io.signal, "abort");
  } finally {
    await server.close();
  }
}

function portOf(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,5}$/.test(value) && Number(value) <= 65_535) return Number(value);
  throw new UsageError(
    `expected a port from 0 to 65535 for --port but received "${printable(value)}"`,
  );
}

function logTo(
  { stderr }: Io,
  format: (typeof logFormats)[number],
): ((entry: LogEntry) => void) | undefined {
  if (format === "none") return undefined;
  return (entry) => stderr.write(format === "json" ? logLine(entry) : textLine(entry));
}

function textLine({
  time,
  method,
  path,
  status,
  milliseconds,
  documents,
  relevant,
  problem,
}: LogEntry): string {
  const all = documents === undefined ? "" : ` ${documents} documents`;
  const work = relevant === undefined ? all : ` ${relevant} of ${documents} relevant`;
  const why = problem === undefined ? "" : ` ${problem}`;
  return `${printable(`${time} ${method} ${path} ${status} ${milliseconds.toFixed(1)} ms${work}${why}`)}\n`;
}

// Picks the sub-command, runs it, and turns whatever comes out into an exit code.
import { QragError } from "../../base/errors.ts";
import { packageVersion } from "../../base/package_root.ts";
import { quote } from "../../base/quote.ts";
import { UsageError } from "./arguments.ts";
import { type Command, exitCodeOf, exitCodes } from "./command.ts";
import type { Io } from "./io.ts";
import { fitHelp } from "./layout.ts";
import { columnsOf, jsonText, printable, tell, write } from "./output.ts";

/** Why `Io.signal` was aborted, and what the command then exits with. */
export class Interrupt extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}

interface Entry {
  readonly summary: string;
  /** Loaded when asked for: `score` need not wait for the converter's code. */
  readonly load: () => Promise<{ command: Command }>;
}

const commands = new Map<string, Entry>([
  ["score", { summary: "is one passage relevant to a query?", load: () => import("./score.ts") }],
  ["filter", { summary: "keep the relevant lines", load: () => import("./filter.ts") }],
  ["rank", { summary: "sort lines by relevance", load: () => import("./rank.ts") }],
  ["index", { summary: "put documents into a store", load: () => import("./index_documents.ts") }],
  ["search", { summary: "find passages in a store", load: () => import("./search.ts") }],
  ["ask", { summary: "answer from a store, or refuse", load: () => import("./ask.ts") }],
  ["store", { summary: "look after a store", load: () => import("./store.ts") }],
  ["mine", { summary: "find what a store can teach a model", load: () => import("./mine.ts") }],
  ["convert", { summary: "turn a checkpoint into GGUF", load: () => import("./convert.ts") }],
  ["pull", { summary: "download a model from a hub", load: () => import("./pull.ts") }],
  ["cache", { summary: "list or prune pulled models", load: () => import("./cache.ts") }],
  ["quantize", { summary: "change a model's weight type", load: () => import("./quantize.ts") }],
  ["inspect", { summary: "show what is in a model file", load: () => import("./inspect.ts") }],
  ["embed", { summary: "turn lines into vectors", load: () => import("./embed.ts") }],
  ["serve", { summary: "rerank, embed and search over HTTP", load: () => import("./serve.ts") }],
  ["mcp", { summary: "tools for MCP clients", load: () => import("./mcp.ts") }],
  ["verify", { summary: "check a converted model", load: () => import("./verify.ts") }],
  ["eval", { summary: "measure a gate beside baselines", load: () => import("./eval.ts") }],
  [
    "calibrate",
    { summary: "find the offset for a precision", load: () => import("./calibrate.ts") },
  ],
  ["build", { summary: "compile the native part", load: () => import("./build.ts") }],
]);

const help = `Usage: qrag COMMAND [options]

Is this passage relevant to this query? 1 or 0, on the CPU, offline.

Commands:
${[...commands].map(([name, { summary }]) => `  ${name.padEnd(9)} ${summary}`).join("\n")}

qrag COMMAND --help explains a command; qrag --version prints the version.
Exit codes: 0 done, 1 not relevant (with --exit-code), 2 usage, 3 bad input or file, 4 internal error.

Example:
  qrag score "capital of Germany" "Berlin is the capital of Germany."
`;

export async function run(argv: readonly string[], io: Io): Promise<number> {
  const [name, ...args] = argv;
  const own = ownArguments(args);
  try {
    if (name === undefined) throw new UsageError("a command is missing");
    if (name === "--help" || name === "-h") return await print(io, help);
    if (name === "--version") return await print(io, `${packageVersion()}\n`);
    const entry = commands.get(name);
    if (!entry) {
      const known = [...commands.keys()].join(", ");
      throw new UsageError(`there is no command ${quote(name)}; there is ${known}`);
    }
    const { command } = await entry.load();
    if (own.includes("--help") || own.includes("-h")) return await print(io, command.help);
    return await command.run(args, io);
  } catch (error) {
    // What fails after an interrupt fails because of it.
    const cause: unknown = io.signal.aborted ? io.signal.reason : error;
    if (cause instanceof Interrupt) return cause.exitCode;
    return report(cause, name, own.includes("--json"), io);
  }
}

/** What follows "--" is text, even if it looks like an option. */
function ownArguments(args: string[]): string[] {
  const end = args.indexOf("--");
  return end < 0 ? args : args.slice(0, end);
}

async function print(io: Io, text: string): Promise<number> {
  await write(io, fitHelp(text, columnsOf(io.stdout)));
  return exitCodes.done;
}

function report(error: unknown, name: string | undefined, json: boolean, io: Io): number {
  const { code, message, exitCode } = explained(error, name);
  // A line at a time: only the line breaks of our own are to break the line.
  const text = message
    .split("\n")
    .map((line) => printable(line))
    .join("\n");
  if (json) io.stderr.write(`${jsonText({ error: { code, message } })}\n`);
  else tell(io, `qrag: ${text}\n`);
  return exitCode;
}

function explained(error: unknown, name: string | undefined) {
  if (error instanceof UsageError) {
    const command = commands.has(name ?? "") ? `qrag ${name}` : "qrag";
    const message = `${error.message}\nRun \`${command} --help\` for what it takes.`;
    return { code: "USAGE", message, exitCode: exitCodes.usage };
  }
  if (error instanceof QragError) {
    return { code: error.code, message: error.message, exitCode: exitCodeOf(error.code) };
  }
  const stack = error instanceof Error ? error.stack : String(error);
  const message = `Internal error, a defect of qrag's; please report it.\n${stack}`;
  return { code: "INTERNAL", message, exitCode: exitCodes.internal };
}

// The arguments of a command: parsed strictly, every mistake a UsageError.
import { type ParseArgsConfig, parseArgs } from "node:util";
import { quote } from "../../base/quote.ts";
import { unknownOption } from "../../base/unknown_option.ts";

/** The command line cannot be understood: exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

type Options = NonNullable<ParseArgsConfig["options"]>;

/** Options of every command; main.ts answers --help itself. */
const common = { help: { type: "boolean", short: "h" }, json: { type: "boolean" } } as const;

/** Options of the commands that load a model. */
export const modelOptions = {
  model: { type: "string", short: "m" },
  calibration: { type: "string" },
  "gate-embedder": { type: "string" },
  threads: { type: "string" },
} as const;
type ModelValues = { readonly [N in keyof typeof modelOptions]?: string | undefined };

/** Their help; `json` says what --json prints. */
export function modelHelp(json = "print JSON"): string {
  return `  -m, --model PATH    the GGUF file, or hf:owner/repo; default: QRAG_MODEL, then the installed model
      --calibration F a file of qrag calibrate: its offset decides in place of 0
      --gate-embedder PATH
                      the embedder that the gate asks where it is not sure; default: the package's; none: ask nobody
      --threads N     threads that compute
      --json          ${json}
  -h, --help          print this help`;
}

/** The options of loadGate that they stand for. */
export function gateOptions(values: ModelValues) {
  const { model, calibration } = values;
  const threads = wholeNumber(values.threads, "--threads");
  return { model, calibration, threads, embedder: gateEmbedder(values["gate-embedder"]) };
}

/** What --gate-embedder says. */
export function gateEmbedder(name: string | undefined): string | false | undefined {
  return name === "none" ? false : name;
}

/**
 * Splits `args` into options and between `least` and `names.length` positional arguments. `tokens` are the same in the
 * order in which they came.
 */
export function parseArguments<const O extends Options>(
  args: string[],
  options: O,
  names: readonly string[],
  least = names.length,
) {
  const { values, positionals, tokens } = parsed(args, options);
  if (positionals.length < least) {
    throw new UsageError(`${names[positionals.length]} is missing`);
  }
  const extra = positionals[names.length];
  if (extra !== undefined) {
    throw new UsageError(`unexpected argument ${quote(extra)}; quote a text that has spaces`);
  }
  return { values, positionals, tokens };
}

function parsed<const O extends Options>(args: string[], options: O) {
  const all = { ...common, ...options };
  const unknown = unknownOption(args, all);
  if (unknown !== undefined) throw new UsageError(unknown);
  try {
    return parseArgs({ args, options: all, allowPositionals: true, strict: true, tokens: true });
  } catch (error) {
    throw new UsageError((error as Error).message.replaceAll("\n", " "));
  }
}

export function required(value: string | undefined, name: string): string {
  if (value === undefined) throw new UsageError(`${name} is missing`);
  return value;
}

export function wholeNumber(value: string | undefined, name: string): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value) && Number(value) >= 1) return Number(value);
  throw new UsageError(`expected a whole number above 0 for ${name} but received ${quote(value)}`);
}

export function finiteNumber(value: string | undefined, name: string): number | undefined {
  if (value === undefined) return undefined;
  if (/^-?[\d.]+(e[+-]?\d+)?$/i.test(value) && Number.isFinite(Number(value))) return Number(value);
  throw new UsageError(`expected a number for ${name} but received ${quote(value)}`);
}

export function positiveNumber(value: string | undefined, name: string): number | undefined {
  if (value === undefined) return undefined;
  if (/^[\d.]+(e[+-]?\d+)?$/i.test(value) && Number(value) > 0) return Number(value);
  throw new UsageError(`expected a number above 0 for ${name} but received ${quote(value)}`);
}

export function oneOf<const T extends string>(
  value: string,
  choices: readonly T[],
  name: string,
): T {
  const choice = choices.find((each) => each === value);
  if (choice !== undefined) return choice;
  throw new UsageError(`expected ${choices.join(", ")} for ${name} but received ${quote(value)}`);
}

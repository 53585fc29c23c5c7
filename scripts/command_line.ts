// The options of the scripts and the bench: read, refused in a line, explained by --help.
import { type ParseArgsConfig, parseArgs } from "node:util";
import { unknownOption } from "../base/unknown_option.ts";

type Options = NonNullable<ParseArgsConfig["options"]>;

/** `usage` is what --help prints. Options that there are not end the process, as positional arguments do. */
export function optionsOf<const T extends Options>(usage: string, options: T) {
  return argumentsOf(usage, options, { positionals: false }).values;
}

/** The same where positional arguments may stand. */
export function argumentsOf<const T extends Options>(
  usage: string,
  options: T,
  { positionals: allowPositionals } = { positionals: true },
) {
  const args = process.argv.slice(2);
  if (args.some((word) => word === "--help" || word === "-h")) end(0, usage);
  const unknown = unknownOption(args, options);
  if (unknown !== undefined) end(2, `${unknown} (--help says which there are)`);
  try {
    return parseArgs({ options, allowPositionals });
  } catch (error) {
    // Node may go on with advice on positional arguments.
    return end(2, (error as Error).message.split(/\. |\n/)[0]!);
  }
}

/** A whole number of at least 1. */
export function countOption(name: string, value: string): number {
  if (/^[1-9]\d{0,8}$/.test(value)) return Number(value);
  const received = JSON.stringify(value);
  return end(2, `Expected a whole number of at least 1 for ${name} but received ${received}`);
}

export function end(code: 0 | 2, text: string): never {
  (code === 0 ? process.stdout : process.stderr).write(`${text}\n`);
  process.exit(code);
}

// The options of the bench's scripts: read, refused in a sentence, explained by --help.
import { type ParseArgsConfig, parseArgs } from "node:util";

type Options = NonNullable<ParseArgsConfig["options"]>;

/** `usage` is what --help prints. Options that there are not end the process, with a line that says so. */
export function optionsOf<const T extends Options>(usage: string, options: T) {
  if (process.argv.slice(2).some((word) => word === "--help" || word === "-h")) end(0, usage);
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    // Node goes on with advice on positional arguments, of which there are none.
    const [sentence] = (error as Error).message.split(". ");
    return end(2, `${sentence}\n\n${usage}`);
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

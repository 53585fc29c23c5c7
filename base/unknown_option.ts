// What a command line asks for that there is not, in a sentence; Node's own goes on with advice on positional arguments.
import { type ParseArgsConfig, parseArgs } from "node:util";
import { closest } from "./closest.ts";
import { quote } from "./quote.ts";

type Options = NonNullable<ParseArgsConfig["options"]>;

/** About the first option in `args` that is not in `options`; undefined when all are. */
export function unknownOption(args: readonly string[], options: Options): string | undefined {
  const known = new Set(Object.keys(options));
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true });
  const unknown = tokens.find((token) => token.kind === "option" && !known.has(token.name));
  if (unknown?.kind !== "option") return undefined;
  const { name, rawName, value } = unknown;
  const argument = args[unknown.index]!;
  if (value === undefined && /\s/.test(argument)) {
    return `${quote(argument)} reads like options; write -- before a text that begins with a dash`;
  }
  // One letter is near to nothing.
  const meant = rawName.startsWith("--") ? closest(name, [...known]) : undefined;
  const advice = meant === undefined ? "" : `; did you mean --${meant}?`;
  return `unknown option ${quote(rawName)}${advice}`;
}

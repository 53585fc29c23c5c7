// What --early-exit names: a JSON file with the row that guesses margins, as training writes it.
import { QragError } from "../../base/errors.ts";
import type { EarlyExit } from "../../gguf/architecture.ts";
import type { Io } from "./io.ts";
import { readJson } from "./json_file.ts";

/** Its shape; what the numbers may be, the format says. */
export async function readEarlyExit(
  io: Io,
  path: string | undefined,
): Promise<EarlyExit | undefined> {
  if (path === undefined) return undefined;
  const { blocks, below, weight, bias } = Object(await readJson(io, path)) as Record<
    string,
    unknown
  >;
  const numbers = [blocks, below, bias].every((value) => typeof value === "number");
  if (numbers && Array.isArray(weight) && weight.every((value) => typeof value === "number")) {
    return {
      ...{ blocks: blocks as number, below: below as number, bias: bias as number },
      weight: Float32Array.from(weight as number[]),
    };
  }
  throw new QragError(
    "INPUT_INVALID",
    `${path} is no JSON object of the numbers blocks, below and bias and the numbers of weight`,
  );
}

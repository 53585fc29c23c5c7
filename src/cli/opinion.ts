// What --second-opinion and --opinion say: whom a gate asks where it is not sure, and how much that counts.
import { QragError } from "../../base/errors.ts";
import { describeModel, type SecondOpinion } from "../../gguf/architecture.ts";
import { modelDigest, readModelFile } from "../model/files.ts";
import { finiteNumber, required, UsageError } from "./arguments.ts";

interface OpinionValues {
  readonly "second-opinion"?: string | undefined;
  readonly opinion?: string | undefined;
}

/** The embedder by the digest of its file; what the numbers may be, the format says. */
export async function opinionOf(
  { "second-opinion": path, opinion }: OpinionValues,
  signal: AbortSignal | undefined,
): Promise<SecondOpinion | undefined> {
  if (path === undefined && opinion === undefined) return undefined;
  const parts = required(opinion, "--opinion").split(",");
  const [weight, centre, within, ...more] = parts.map((part) => finiteNumber(part, "--opinion"));
  if (weight === undefined || centre === undefined || within === undefined || more.length > 0) {
    throw new UsageError("expected three numbers for --opinion, as in 4,0.56,2");
  }
  const embedder = await embedderDigest(required(path, "--second-opinion"), signal);
  return { embedder, weight, centre, within };
}

async function embedderDigest(path: string, signal: AbortSignal | undefined): Promise<string> {
  const { file } = await readModelFile(path, signal);
  if (describeModel(file).output.kind === "vector") return modelDigest(path, signal);
  throw new QragError(
    "MODEL_UNSUPPORTED",
    `${path} gives verdicts: a second opinion needs vectors`,
  );
}

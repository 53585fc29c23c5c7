// Decides many random pairs with the fast engine and with the unquantized reference, and counts where they differ.
import { appendFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { convertCheckpoint } from "../convert/convert.ts";
import { countOption, optionsOf } from "../scripts/command_line.ts";
import { type Gate, loadGate } from "../src/index.ts";
import { randomNumbers, writePublished } from "./published.ts";

const options = optionsOf(
  `Usage: npm run bench:agreement -- [options]

  --pairs N        default 1000
  --folder FOLDER  where files and margins are kept: a later run goes on where an earlier one ended
  --threads N      default 1`,
  {
    pairs: { type: "string", default: "1000" },
    folder: { type: "string", default: join(tmpdir(), "qrag-agreement") },
    threads: { type: "string", default: "1" },
  },
);
const { folder } = options;
const pairs = countOption("--pairs", options.pairs);
const threads = countOption("--threads", options.threads);

/** The same checkpoint in three types, and what four bits cost without our kernels. */
const contenders = {
  reference: { type: "F32", engine: "reference" },
  int8: { type: "Q8_0", engine: "fast" },
  "4-bit": { type: "Q4_0", engine: "fast" },
  "4-bit stock": { type: "Q4_0", engine: "reference" },
} as const;
type Name = keyof typeof contenders;
const names = Object.keys(contenders) as Name[];
type Margins = Record<Name, number>;

/** Passages that are judged against one query: the reference too computes what they share once. */
const passagesPerQuery = 50;
const longestPassage = 3;

/** The band is this many times the root mean square of the differences among the first tenth of the pairs. */
const bandWidth = 5;

async function makeModel(name: Name): Promise<string> {
  const { type } = contenders[name];
  const output = join(folder, `${type}.gguf`);
  if (existsSync(output)) return output;
  const checkpoint = join(folder, "checkpoint.pt");
  if (!existsSync(checkpoint)) await writePublished(folder);
  await convertCheckpoint({
    checkpoint,
    tokenizer: join(folder, "tokenizer.json"),
    output,
    type,
    // Random weights read no text better one way than another.
    rope: "interleaved",
    gateUp: "gate-first",
    proof: false,
  });
  return output;
}

/** A query and its passages, the same for the same number. */
function callOf(seed: number): { query: string; passages: string[] } {
  const random = randomNumbers(seed * 7919 + 1);
  const text = (words: number) =>
    Array.from({ length: words }, () =>
      Array.from({ length: 1 + Math.floor(random() * 7) }, () =>
        String.fromCharCode(97 + Math.floor(random() * 26)),
      ).join(""),
    ).join(" ");
  const passage = () => text(1 + Math.floor(random() * longestPassage));
  return { query: text(4), passages: Array.from({ length: passagesPerQuery }, passage) };
}

/** Judges what the file of results does not hold yet, and adds it call by call. */
async function judgeAll(results: string): Promise<Margins[]> {
  const known = existsSync(results) ? readFileSync(results, "utf8").trim().split("\n") : [];
  const margins = known.flatMap((line) => JSON.parse(line) as Margins[]);
  if (margins.length >= pairs) return margins.slice(0, pairs);
  const gates = {} as Record<Name, Gate>;
  for (const name of names) {
    const { engine } = contenders[name];
    gates[name] = await loadGate(await makeModel(name), { threads, engine });
  }
  console.error(`fast kernels: ${gates.int8.info.device}`);
  for (let call = known.length; margins.length < pairs; call++) {
    const { query, passages } = callOf(call);
    const judged = {} as Record<Name, number[]>;
    for (const name of names) {
      judged[name] = (await gates[name].judgeAll(query, passages)).map(({ margin }) => margin);
    }
    const rows = passages.map((_, i) => {
      return Object.fromEntries(names.map((name) => [name, judged[name][i]!])) as Margins;
    });
    appendFileSync(results, `${JSON.stringify(rows)}\n`);
    margins.push(...rows);
    if (call % 10 === 0) console.error(`${margins.length} of ${pairs} pairs`);
  }
  for (const gate of Object.values(gates)) await gate.dispose();
  return margins.slice(0, pairs);
}

const rootMeanSquare = (values: readonly number[]) =>
  Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0) / values.length);

const median = (values: readonly number[]) =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

/** How `name` decides beside `against`; false if a pair outside the band was decided otherwise. */
function compare(name: Name, against: Name, all: readonly Margins[]): boolean {
  // Random weights say 1 to nearly everything, or 0. Cut at the median margin, half the pairs are relevant, and as many
  // as can be lie near the cut.
  const cut = median(all.map((each) => each[against]));
  const differences = all.map((each) => each[name] - each[against]);
  const band = bandWidth * rootMeanSquare(differences.slice(0, Math.ceil(all.length / 10)));
  const isOutside = (each: Margins) => Math.abs(each[against] - cut) > band;
  const textOf = (pairs: readonly Margins[]) => {
    const rate = ((100 * wrongIn(pairs)) / Math.max(1, pairs.length)).toFixed(2);
    return `${pairs.length} pairs, ${wrongIn(pairs)} decided otherwise (${rate} %)`;
  };
  const wrongIn = (pairs: readonly Margins[]) =>
    pairs.filter((each) => each[name] > cut !== each[against] > cut).length;
  const outside = all.filter(isOutside);
  const inside = all.filter((each) => !isOutside(each));
  const spread = rootMeanSquare(all.map((each) => each[against] - cut));
  const largest = Math.max(...differences.map(Math.abs));
  console.log(
    `${name} against ${against}: band ${band.toFixed(3)}, largest difference ${largest.toFixed(3)}, ` +
      `margins lie ${spread.toFixed(3)} from the cut (root mean square)\n` +
      `  outside the band: ${textOf(outside)}\n  inside: ${textOf(inside)}`,
  );
  return wrongIn(outside) === 0;
}

mkdirSync(folder, { recursive: true });
const all = await judgeAll(join(folder, "margins.jsonl"));
const sound = [
  compare("int8", "reference", all),
  compare("4-bit", "reference", all),
  compare("4-bit", "4-bit stock", all),
];
if (sound.includes(false)) process.exitCode = 1;

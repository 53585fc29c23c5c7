// One contender, one process: answers each case once to be checked, then again and again to be timed. Prints JSON.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadTokenizer } from "../native/tokenizer.ts";
import { callsOf, cases } from "./cases.ts";
import { openContender } from "./contenders.ts";

export interface CaseResult {
  readonly case: string;
  readonly level: string;
  readonly threads: number;
  /** One sample a call, milliseconds, in order. */
  readonly samples: readonly number[];
  /** The first call's margins, to be compared with the other contenders'. */
  readonly margins: readonly number[];
}

const [name, folder, threads, rounds] = process.argv.slice(2);
const tokenizer = loadTokenizer(readFileSync(join(folder!, "tokenizer.json"), "utf8"));
const contender = await openContender(name!, folder!, Number(threads));
for (const each of cases) {
  // A batch is a hundred pairs: a few of them say as much.
  const count = each.passages === 1 ? Number(rounds) : Math.max(3, Math.ceil(Number(rounds) / 10));
  const [first, ...calls] = callsOf(each, count + 1, tokenizer);
  const margins = await contender.judge(first!);
  const samples: number[] = [];
  for (const call of calls) {
    const begun = performance.now();
    await contender.judge(call);
    samples.push(performance.now() - begun);
  }
  const { level } = contender;
  const result: CaseResult = {
    case: each.name,
    level,
    threads: contender.threads,
    samples,
    margins,
  };
  console.log(JSON.stringify(result));
}
await contender.close();

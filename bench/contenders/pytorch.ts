// PyTorch on the same checkpoint: a Python process that is given tokens and says margins, one line of JSON each.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { packageRoot } from "../../base/package_root.ts";
import { defaultSystem, defaultTemplate, renderPrompt } from "../../gguf/prompt.ts";
import { openTokenizer } from "../../native/tokenizer/background.ts";
import type { Contender } from "./contender.ts";

const python = "/usr/bin/python3";

export const torchInstalled = () =>
  spawnSync(python, ["-c", "import torch"], { timeout: 60_000 }).status === 0;

export async function openPytorch(folder: string, threads: number): Promise<Contender> {
  const tokenizerJson = readFileSync(join(folder, "tokenizer.json"), "utf8");
  const digits = ["0", "1"].map((digit) => JSON.parse(tokenizerJson).model.vocab[digit] as number);
  const tokenizer = openTokenizer(tokenizerJson);
  const script = join(packageRoot(), "bench", "peers", "decoder.py");
  const settings = [join(folder, "checkpoint.pt"), String(threads), ...digits.map(String)];
  const child = spawn(python, [script, ...settings], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error("the Python process ended");
    return JSON.parse(value);
  };
  const { version } = (await answer()) as { version: string };
  const prompt = { system: defaultSystem, template: defaultTemplate };
  return {
    build: `torch ${version}`,
    async answer({ query, passages }) {
      const margins: number[] = [];
      for (const passage of passages) {
        const [tokens] = await tokenizer.encode([renderPrompt(prompt, query, passage)]);
        child.stdin.write(`${JSON.stringify([...tokens!])}\n`);
        margins.push((await answer()) as number);
      }
      return margins;
    },
    async close() {
      tokenizer.dispose();
      const ended = once(child, "exit");
      child.stdin.end();
      await ended;
    },
  };
}

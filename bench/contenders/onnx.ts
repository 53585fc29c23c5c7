// onnxruntime-node: our own decoder on text, and cross-encoders of MiniLM's shapes beside it on made-up tokens.
import { readFileSync } from "node:fs";
import { defaultSystem, defaultTemplate, renderPrompt } from "../../gguf/prompt.ts";
import { openTokenizer } from "../../native/tokenizer/background.ts";
import { minilmShape } from "../encoders/shape.ts";
import { marginsOf, openEncoderSession } from "../onnx/encoder_session.ts";
import { int64, openSession, ortBuild } from "../onnx/runtime.ts";
import { randomNumbers } from "../published.ts";
import { inBatches } from "./batches.ts";
import type { Contender } from "./contender.ts";

/**
 * A pair is as many random tokens as ours has, whatever the texts are. That leaves WordPiece out of its time, and is in
 * its favour.
 */
export async function openMinilm(path: string, threads: number): Promise<Contender> {
  const session = await openEncoderSession(path, threads);
  const { vocabulary } = minilmShape(6);
  const random = randomNumbers(3);
  const pool = Int32Array.from({ length: 65_536 }, () => Math.floor(random() * vocabulary));
  let used = 0;
  const pairOf = (tokens: number) => {
    used = used + tokens > pool.length ? 0 : used;
    used += tokens;
    return { tokens: pool.subarray(used - tokens, used) };
  };
  const judge = inBatches(async (pairs: readonly { tokens: Int32Array }[]) =>
    marginsOf((await session.run(pairs)).outputs.logits!),
  );
  return {
    build: ortBuild(),
    answer: ({ tokens, passages }) => judge(passages.map(() => pairOf(tokens))),
    close: () => session.release(),
  };
}

/** Our decoder as an export would run: whole prompts, the longest of a batch sets the length, no shared prefix. */
export async function openDecoder(
  path: string,
  tokenizerPath: string,
  threads: number,
): Promise<Contender> {
  const session = await openSession(path, threads);
  const tokenizer = openTokenizer(readFileSync(tokenizerPath, "utf8"));
  const prompt = { system: defaultSystem, template: defaultTemplate };
  const judge = inBatches(async (prompts: readonly Int32Array[]) => {
    const length = Math.max(...prompts.map((tokens) => tokens.length));
    const ids = new BigInt64Array(prompts.length * length);
    for (const [i, tokens] of prompts.entries()) ids.set(Array.from(tokens, BigInt), i * length);
    const last = prompts.map((tokens, i) => BigInt(i * length + tokens.length - 1));
    const { logits } = await session.run({
      input_ids: int64(ids, [prompts.length, length]),
      last: int64(BigInt64Array.from(last), [prompts.length]),
    });
    return prompts.map((_, i) => logits!.data[2 * i + 1]! - logits!.data[2 * i]!);
  });
  return {
    build: ortBuild(),
    async answer({ query, passages }) {
      const prompts = passages.map((passage) => renderPrompt(prompt, query, passage));
      return judge(await tokenizer.encode(prompts));
    },
    async close() {
      tokenizer.dispose();
      await session.release();
    },
  };
}

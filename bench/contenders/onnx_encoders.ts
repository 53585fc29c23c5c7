// onnxruntime-node on encoders, given text: our tokenizer makes its tokens, which is faster than others would.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { openTokenizer } from "../../native/tokenizer/background.ts";
import type { Purpose } from "../encoders/shape.ts";
import {
  marginsOf,
  openEncoderSession,
  pooledStates,
  type Tokens,
} from "../onnx/encoder_session.ts";
import { ortBuild } from "../onnx/runtime.ts";
import { inBatches } from "./batches.ts";
import type { Contender } from "./contender.ts";

export async function openOnnxEncoder(
  folder: string,
  model: string,
  purpose: Purpose,
  threads: number,
): Promise<Contender> {
  const session = await openEncoderSession(join(folder, model), threads);
  const tokenizer = openTokenizer(readFileSync(join(folder, "tokenizer.json"), "utf8"));
  const work = async (inputs: readonly Tokens[]): Promise<(number | Float32Array)[]> => {
    const { outputs } = await session.run(inputs);
    if ("labels" in purpose) return marginsOf(outputs.logits!);
    const lengths = inputs.map(({ tokens }) => tokens.length);
    return pooledStates(outputs.last_hidden_state!, lengths, purpose.pooling);
  };
  const answer = inBatches(work);
  return {
    build: ortBuild(),
    async answer({ query, passages }) {
      if ("labels" in purpose) return answer(await tokenizer.encodePairs(query, passages));
      return answer((await tokenizer.encode(passages)).map((tokens) => ({ tokens })));
    },
    async close() {
      tokenizer.dispose();
      await session.release();
    },
  };
}

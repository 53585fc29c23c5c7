// node-llama-cpp's prebuilt engine on the same weights, with what speeds it up: the state of a common prefix is kept
// from prompt to prompt, and only two logits are asked for.
import type { LlamaContextSequence, Token } from "node-llama-cpp";
import { defaultSystem, defaultTemplate, renderPrompt } from "../../gguf/prompt.ts";
import type { Contender } from "./contender.ts";

const prompt = { system: defaultSystem, template: defaultTemplate };

/** Without a graphics card, and never built: what everybody gets who installs it. */
export async function loadLlama(path: string) {
  const { getLlama, LlamaLogLevel } = await import("node-llama-cpp");
  const llama = await getLlama({
    gpu: false,
    build: "never",
    progressLogs: false,
    logLevel: LlamaLogLevel.error,
  });
  return { llama, model: await llama.loadModel({ modelPath: path }) };
}

export async function openNodeLlamaCpp(path: string, threads: number): Promise<Contender> {
  const { llama, model } = await loadLlama(path);
  const context = await model.createContext({ contextSize: 1024, threads });
  const sequence = context.getSequence();
  const digits = ["0", "1"].map((digit) => model.tokenize(digit)[0]!);
  return {
    build: "prebuilt",
    async answer({ query, passages }) {
      const margins: number[] = [];
      for (const passage of passages) {
        const tokens = model.tokenize(renderPrompt(prompt, query, passage));
        const [zero, one] = await digitLogits(sequence, tokens, digits);
        margins.push(one! - zero!);
      }
      return margins;
    },
    close: () => llama.dispose(),
  };
}

async function digitLogits(
  sequence: LlamaContextSequence,
  tokens: Token[],
  digits: readonly Token[],
) {
  await sequence.adaptStateToTokens(tokens.slice(0, -1), false);
  const rest = tokens.slice(sequence.nextTokenIndex);
  const last = rest.pop()!;
  const results = await sequence.controlledEvaluate([
    ...rest,
    [last, { generateNext: { logits: { filter: { tokens: digits } } } }],
  ]);
  const { logits } = results.at(-1)!.next;
  return digits.map((digit) => logits!.get(digit)!);
}

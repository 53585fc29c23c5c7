// Who is timed: each contender judges a call and says its margins. One runs in a process, alone.
import { join } from "node:path";
import type { LlamaContextSequence, Token } from "node-llama-cpp";
import { defaultSystem, defaultTemplate, renderPrompt } from "../gguf/prompt.ts";
import { loadGate } from "../src/index.ts";
import type { Call } from "./cases.ts";

export interface Contender {
  /** The instruction set it says it uses. */
  readonly level: string;
  readonly threads: number;
  judge(call: Call): Promise<number[]>;
  close(): Promise<void>;
}

/** The files a contender may use: written by bench/run.ts. */
export const files = {
  q8: "qrag-q8_0.gguf",
  q4: "qrag-q4_0.gguf",
  llama: "llama-q8_0.gguf",
} as const;

async function qrag(path: string, threads: number, kernels: string): Promise<Contender> {
  const reference = kernels === "reference";
  if (!reference) process.env.QRAG_CPU = kernels;
  const gate = await loadGate(path, { threads, engine: reference ? "reference" : "fast" });
  return {
    level: gate.info.level,
    threads,
    async judge({ query, passages }) {
      return (await gate.judgeAll(query, passages)).map(({ margin }) => margin);
    },
    close: () => gate.dispose(),
  };
}

/** node-llama-cpp with what speeds it up: the state of a common prefix is kept from prompt to prompt. */
async function nodeLlamaCpp(path: string, threads: number): Promise<Contender> {
  const { getLlama, LlamaLogLevel } = await import("node-llama-cpp");
  const llama = await getLlama({
    gpu: false,
    build: "never",
    progressLogs: false,
    logLevel: LlamaLogLevel.error,
  });
  const model = await llama.loadModel({ modelPath: path });
  const context = await model.createContext({ contextSize: 1024, threads });
  const sequence = context.getSequence();
  const digits = ["0", "1"].map((digit) => model.tokenize(digit)[0]!);
  return {
    level: "prebuilt",
    threads,
    async judge({ query, passages }) {
      const margins: number[] = [];
      for (const passage of passages) {
        const tokens = model.tokenize(
          renderPrompt({ system: defaultSystem, template: defaultTemplate }, query, passage),
        );
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

/** A contender by its name in the results: qrag, qrag:q4, qrag:KERNELS, node-llama-cpp:q8_0. */
export function openContender(name: string, folder: string, threads: number): Promise<Contender> {
  if (name === "node-llama-cpp:q8_0") return nodeLlamaCpp(join(folder, files.llama), threads);
  const [, variant = ""] = name.split(":");
  if (variant === "q4") return qrag(join(folder, files.q4), threads, "");
  return qrag(join(folder, files.q8), threads, variant);
}

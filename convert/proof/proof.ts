// Proves the wiring of one checkpoint with the engine: prepares the text and the labelled rows, runs the candidates.

import type { LabelledRow } from "../../base/labelled_row.ts";
import { availableProcessors } from "../../base/processors.ts";
import type { Decision } from "../../gguf/architecture.ts";
import { type Prompt, renderPrompt } from "../../gguf/prompt.ts";
import type { BackgroundTokenizer } from "../../native/tokenizer/background.ts";
import type { DecoderParts } from "../architectures/decoder_parts.ts";
import type { ConvertProgress } from "../report.ts";
import type { RowCodec } from "../write/quantize.ts";
import { CandidateModels, type LabelledTokens } from "./measure.ts";
import { proofText } from "./proof_text.ts";
import { type Known, proveWiring, type WiringProof } from "./wiring.ts";

/** What is tried out, and on what. */
export interface Unproved {
  readonly parts: DecoderParts;
  readonly decision: Decision;
  readonly tokenizer: Pick<BackgroundTokenizer, "encode">;
  readonly prompt: Prompt;
  readonly known: Known;
}

export interface ProofOptions {
  readonly rows?: readonly LabelledRow[] | undefined;
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: ConvertProgress) => void) | undefined;
}

/** A wrong wiring shows within a hundred tokens; more only sharpen the numbers. */
const textTokens = 192;
/** Fewer say nothing about a difference of clearAccuracy; more would take minutes on two cores. */
const fewestRows = 20;
const maxRows = 40;

export async function prove(
  subject: Unproved,
  codec: RowCodec,
  options: ProofOptions,
): Promise<{ proof: WiringProof; notes: string[] }> {
  const { parts, decision, tokenizer, known } = subject;
  const { contextLength, vocabularySize } = parts.sizes;
  const notes: string[] = [];
  const rows = await labelledTokens(subject, options.rows ?? [], notes);
  const [encoded] = await tokenizer.encode([proofText]);
  const text = encoded!.subarray(0, textTokens);
  const { threads = spareThreads(), signal, onProgress } = options;
  const models = new CandidateModels(
    { parts, decision },
    { text, rows },
    { codec, threads, signal },
  );
  let done = 0;
  const proof = await proveWiring(known, Math.log(vocabularySize), async (wiring) => {
    signal?.throwIfAborted();
    const measurement = await models.measure(wiring);
    done++;
    onProgress?.({ stage: "prove", done, total: undefined });
    return measurement;
  });
  if (contextLength < textTokens) {
    notes.push(
      `the proof's text was read in pieces of ${contextLength} tokens, the length of the context`,
    );
  }
  return { proof, notes };
}

/** ggml's threads wait for each other in a loop, and lose far more than they win where one has no core to itself. */
function spareThreads(): number {
  return Math.max(1, availableProcessors() - 1);
}

async function labelledTokens(
  { tokenizer, prompt, parts }: Unproved,
  rows: readonly LabelledRow[],
  notes: string[],
): Promise<LabelledTokens[]> {
  const usable: LabelledTokens[] = [];
  for (const { query, passage, label } of rows) {
    if (usable.length === maxRows) break;
    const [tokens] = await tokenizer.encode([renderPrompt(prompt, query, passage)]);
    if (tokens && tokens.length <= parts.sizes.contextLength) {
      usable.push({ tokens, label: label === 1 ? "1" : "0" });
    }
  }
  const enough = usable.length >= fewestRows ? usable : [];
  if (enough.length < rows.length) {
    notes.push(
      `${enough.length} of ${rows.length} labelled rows were used for the proof: those that fit the context, ` +
        `at least ${fewestRows} and at most ${maxRows}`,
    );
  }
  return enough;
}

// The family of decoders that answer with a token: Llama and the many like it. What their names cannot tell is tried out.
import { QragError } from "../../base/errors.ts";
import { architectureNamed, type Hyperparameters } from "../../gguf/architecture.ts";
import { checkPrompt, defaultSystem, defaultTemplate, type Prompt } from "../../gguf/prompt.ts";
import { checkInput } from "../errors.ts";
import { knownWiring } from "../proof/known_wiring.ts";
import { prove } from "../proof/proof.ts";
import { type Known, statedWiring } from "../proof/wiring.ts";
import { assignRoles } from "../roles/roles.ts";
import { readConfigNumbers, refuseOtherArithmetic } from "./config_numbers.ts";
import { findDecision } from "./decision.ts";
import { decoderNames } from "./decoder_names.ts";
import { type DecoderParts, decoderParts } from "./decoder_parts.ts";
import { decoderVocabulary } from "./decoder_vocabulary.ts";
import type { Family, ModelPlan, Subject } from "./family.ts";
import { questions, type Wiring, wiredPieces } from "./wiring.ts";

const head = "output.weight";

export const decoder: Family = {
  name: "a decoder",
  options: ["layout", "keepLmHead", "prompt", "rows", "rope", "gateUp", "ropeBase", "proof"],
  recognises: () => true,
  plan,
};

async function plan(subject: Subject): Promise<ModelPlan> {
  const { tensors, config, tokenizerJson, options } = subject;
  const { system, template } = checkedPrompt(options.prompt);
  const roles = assignRoles(tensors, decoderNames, options.map);
  refuseOtherArithmetic(config);
  const stated = readConfigNumbers(config);
  const parts = decoderParts(roles, stated, options);
  const { vocabularySize } = parts.sizes;
  const tokenizer = subject.tokenizer();
  const decision = findDecision(tokenizer, vocabularySize);
  const frame = { kind: "prompt", system, template } as const;
  const vocabulary = decoderVocabulary(tokenizerJson, vocabularySize, frame);
  if (options.layout === "llama" && !vocabulary.metadata) {
    throw new QragError(
      "TOKENIZER_UNSUPPORTED",
      "llama.cpp has no tokenizer of the kind in tokenizer.json, so there is no llama layout of this model",
    );
  }
  const known = await knownWiring(options, stated, parts, tensors);
  const provisional: ModelPlan = {
    architecture: architectureNamed(options.layout ?? "qrag"),
    numbers: numbersOf(parts, decision.tokenIds.length, usual(known)),
    output: decision,
    frame,
    tiedEmbeddings: !parts.pieces.has(head),
    pieces: wiredPieces(parts, decision, usual(known)),
    router: options.layout === "llama" ? new Map() : roles.router,
    absent: absentTensors(parts, subject),
    dropped: roles.dropped,
    vocabulary: vocabulary.metadata,
    notes: [...parts.notes, ...vocabulary.notes],
  };
  return {
    ...provisional,
    async settle(codec) {
      const { proof, notes } =
        options.proof === false
          ? { proof: statedWiring(known), notes: [] }
          : await prove({ parts, decision, tokenizer, prompt: frame, known }, codec, options);
      return {
        ...provisional,
        numbers: numbersOf(parts, decision.tokenIds.length, proof.wiring),
        pieces: wiredPieces(parts, decision, proof.wiring),
        wiring: proof,
        notes: [...parts.notes, ...notes, ...vocabulary.notes],
      };
    },
  };
}

function checkedPrompt(prompt: Prompt = { system: defaultSystem, template: defaultTemplate }) {
  checkInput(() => checkPrompt(prompt));
  return prompt;
}

/** What is known, and the most usual answer to what is not. */
function usual(known: Known): Wiring {
  const { rope, gateUp, normEpsilon, ropeBase } = questions;
  return {
    rope: known.rope?.value ?? rope.answers[0]!,
    gateUp: known.gateUp?.value ?? gateUp.answers[0]!,
    normEpsilon: known.normEpsilon?.value ?? normEpsilon.answers[0]!,
    ropeBase: known.ropeBase?.value ?? ropeBase.answers[0]!,
  };
}

function numbersOf(
  { sizes }: DecoderParts,
  outputCount: number,
  { normEpsilon, ropeBase }: Pick<Wiring, "normEpsilon" | "ropeBase">,
): Hyperparameters {
  return { ...sizes, outputCount, normEpsilon, ropeFreqBase: ropeBase };
}

function absentTensors(
  { pieces }: DecoderParts,
  { options: { layout, keepLmHead } }: Subject,
): ReadonlyMap<string, string> {
  const absent = new Map<string, string>();
  if (!pieces.has(head)) absent.set(head, "tied to the token embedding");
  else if (layout !== "llama" && !keepLmHead) {
    absent.set(head, "scoring reads the decision rows only; --keep-lm-head keeps it");
  }
  if (!pieces.has("rope_freqs.weight")) absent.set("rope_freqs.weight", "the checkpoint has none");
  return absent;
}

// The proof of the wiring on checkpoints that PyTorch has trained and saved: it finds what they were trained with, and
// the files it leads to compute what PyTorch computes.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LabelledRow } from "../../base/labelled_row.ts";
import { readConfigNumbers } from "../../convert/architectures/config_numbers.ts";
import { findDecision } from "../../convert/architectures/decision.ts";
import { decoderNames } from "../../convert/architectures/decoder_names.ts";
import { decoderParts } from "../../convert/architectures/decoder_parts.ts";
import { openCheckpoint } from "../../convert/checkpoint/checkpoint.ts";
import { convertCheckpoint } from "../../convert/convert.ts";
import { prove } from "../../convert/proof/proof.ts";
import type { Known, WiringProof } from "../../convert/proof/wiring.ts";
import { assignRoles } from "../../convert/roles/roles.ts";
import { describeModel } from "../../gguf/architecture.ts";
import { readGguf } from "../../gguf/read.ts";
import { fileSource } from "../../gguf/source.ts";
import { addon } from "../../native/loader.ts";
import { openModel } from "../../native/model.ts";
import { openTokenizer } from "../../native/tokenizer/background.ts";
import {
  type CheckpointName,
  checkpointNames,
  checkpointPath,
  golden,
  tokenizerJson,
  tokenizerPath,
} from "../fixtures.ts";

const tokenizer = openTokenizer(tokenizerJson("bytelevel"));
afterAll(() => tokenizer.dispose());
const trainedWith = { normEpsilon: 1e-5, ropeBase: 10_000 };

const all: Known = {
  rope: { value: "interleaved", by: "--rope" },
  gateUp: { value: "gate-first", by: "--gate-up" },
  normEpsilon: { value: 1e-5, by: "--norm-eps" },
  ropeBase: { value: 10_000, by: "--rope-base" },
};

/** The accuracy of the candidate that was taken. */
function accuracyOf({ table, wiring }: WiringProof): number {
  return table.find((row) => JSON.stringify(row.wiring) === JSON.stringify(wiring))!.accuracy!;
}

/** The proof with nothing known but what is given, whatever the checkpoint's configuration says. */
async function proofOf(name: CheckpointName, known: Known, rows: readonly LabelledRow[] = []) {
  const checkpoint = await openCheckpoint(checkpointPath(name));
  try {
    const roles = assignRoles(checkpoint.tensors, decoderNames);
    const parts = decoderParts(roles, readConfigNumbers(checkpoint.config));
    const decision = findDecision(tokenizer, parts.sizes.vocabularySize);
    const prompt = { system: "", template: "{query}{passage}" };
    const subject = { parts, decision, tokenizer, prompt, known };
    return await prove(subject, addon(), { threads: 1, rows });
  } finally {
    await checkpoint.close();
  }
}

describe("prove", () => {
  it("finds everything that a checkpoint was trained with", async () => {
    const { proof } = await proofOf("llama", {});
    expect(proof.wiring).toEqual({ rope: "half", gateUp: "gate-first", ...trainedWith });
    const { proof: other } = await proofOf("meta", {});
    expect(other.wiring).toEqual({ rope: "interleaved", gateUp: "gate-first", ...trainedWith });
    expect(other.warnings).toEqual([]);
  });

  it("warns when what is stated is wrong", async () => {
    const { proof } = await proofOf("llama", { rope: { value: "interleaved", by: "--rope" } });
    expect(proof.wiring.rope).toBe("interleaved");
    expect(proof.warnings.join()).toMatch(/clearly better with half/);
  });

  it("counts labelled rows that are answered right", async () => {
    const texts = Array.from({ length: 24 }, (_, i) => ({ query: `${i}`, passage: "It rains." }));
    const { proof: first } = await proofOf(
      "meta",
      all,
      texts.map((text) => ({ ...text, label: 1 })),
    );
    const ones = accuracyOf(first);
    const { proof: second } = await proofOf(
      "meta",
      all,
      texts.map((text) => ({ ...text, label: 0 })),
    );
    expect(accuracyOf(second)).toBeCloseTo(1 - ones);
  });

  it("makes nothing of a few rows", async () => {
    const { proof, notes } = await proofOf("meta", all, [{ query: "a", passage: "b", label: 1 }]);
    expect(accuracyOf(proof)).toBe(undefined);
    expect(notes.join()).toContain("0 of 1 labelled rows");
  });
});

describe("a converted checkpoint", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "qrag-proof-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it.each(checkpointNames)("%s computes what PyTorch computes", async (name) => {
    const output = join(folder, `${name}.gguf`);
    const report = await convertCheckpoint({
      checkpoint: checkpointPath(name),
      tokenizer: tokenizerPath("bytelevel"),
      output,
      type: "F32",
      threads: 1,
    });
    expect(report.wiring!.warnings).toEqual([]);
    const expected = golden(name);
    expect(report.numbers).toEqual(expected.numbers);
    const tokenIds = expected.decision.map(({ id }) => id);
    expect(report.model.output).toMatchObject({ kind: "decision", tokenIds });

    const source = await fileSource(output);
    const { numbers, tensors } = describeModel(await readGguf(source));
    const streams = tensors.map(({ name, type, shape, offset, byteLength }) => {
      const chunks = async function* () {
        yield await source.read(offset, byteLength);
      };
      return { name, type, shape, chunks };
    });
    const model = await openModel("qrag", numbers, streams, { threads: 1 });
    for (const { tokens, decisionLogits } of expected.prompts) {
      const ends = Int32Array.of(0, tokens.length);
      const logits = await model.score(Int32Array.from(tokens), ends, "decision");
      for (const [row, logit] of logits.entries()) {
        expect(Math.abs(logit - decisionLogits[row]!)).toBeLessThan(1e-4);
      }
    }
    model.dispose();
    await source.close();
  });

  it("says what became of every tensor of a training checkpoint", async () => {
    const report = await convertCheckpoint({
      checkpoint: checkpointPath("nano"),
      tokenizer: tokenizerPath("bytelevel"),
      output: join(folder, "report.gguf"),
      type: "Q8_0",
      threads: 1,
    });
    expect(report.wiring!.settledBy).toEqual({
      rope: "measured",
      gateUp: "measured",
      normEpsilon: "norm_eps",
      ropeBase: "rope_base",
    });
    expect(report.dropped.map(({ name }) => name)).toEqual([
      "transformer.h.0.attn.rotary.inv_freq",
      "transformer.h.1.attn.rotary.inv_freq",
      "mtp_heads.0.weight",
      "mtp_heads.1.weight",
    ]);
    expect(report.tensors.slice(-2).map(({ name }) => name)).toEqual([
      "router.decision_head.weight",
      "router.decision_head.bias",
    ]);
    expect(report.notes.join("\n")).toContain("FinanceDecoderConfig");
    expect(report.notes.join("\n")).toContain("_orig_mod");
  });
});

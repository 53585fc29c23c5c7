// fastembed's answers on a small model, in a process of its own: its onnxruntime is another version than transformers.js's.
import { rm } from "node:fs/promises";
import { expect, it } from "vitest";
import { openFastembed } from "../../bench/contenders/fastembed.ts";
import { installLine, peerInstalled } from "../../bench/contenders/installed.ts";
import { deviationFrom } from "../../bench/deviation.ts";
import { answersOf, smallEncoder } from "./small_encoder.ts";

it.skipIf(!peerInstalled("fastembed"))(
  `fastembed gives the reference's vectors (skipped where it is not installed: ${installLine})`,
  async () => {
    const { folder, calls, expected } = await smallEncoder({ pooling: "cls" });
    const fastembed = await openFastembed(folder, "onnx/model.onnx");
    expect(deviationFrom(expected, await answersOf(fastembed, calls))).toBeLessThan(1e-3);
    await rm(folder, { recursive: true });
  },
);

// What is known of the wiring before anything is tried: from the command line, the configuration, names and buffers.

import { quote } from "../../base/quote.ts";
import type { ConfigNumbers } from "../architectures/config_numbers.ts";
import type { DecoderParts } from "../architectures/decoder_parts.ts";
import type { GateUpOrder, RopeOrder } from "../architectures/wiring.ts";
import type { SourceTensor } from "../checkpoint/source_tensor.ts";
import { unmapped } from "../errors.ts";
import type { Known } from "./wiring.ts";

/** What the command line states. */
export interface StatedWiring {
  readonly rope?: RopeOrder | undefined;
  readonly gateUp?: GateUpOrder | undefined;
  readonly normEps?: number | undefined;
  readonly ropeBase?: number | undefined;
}

export async function knownWiring(
  stated: StatedWiring,
  config: ConfigNumbers,
  parts: DecoderParts,
  tensors: ReadonlyMap<string, SourceTensor>,
): Promise<Known> {
  const { interleaved } = config;
  const fromField = (number: "normEpsilon" | "ropeBase") => {
    const found = config.numbers.get(number);
    return found && { value: found.value, by: found.field };
  };
  const table = await baseOfTable(tensors, parts.sizes.ropeDimensionCount);
  return {
    rope: stated.rope
      ? { value: stated.rope, by: "--rope" }
      : interleaved && { value: interleaved.value ? "interleaved" : "half", by: interleaved.field },
    gateUp: stated.gateUp
      ? { value: stated.gateUp, by: "--gate-up" }
      : parts.gateUpNamed
        ? { value: "gate-first", by: "tensor names" }
        : undefined,
    normEpsilon: stated.normEps
      ? { value: stated.normEps, by: "--norm-eps" }
      : fromField("normEpsilon"),
    ropeBase: stated.ropeBase
      ? { value: stated.ropeBase, by: "--rope-base" }
      : agreed(fromField("ropeBase"), table),
  };
}

type Base = Known["ropeBase"];

/** The configuration and a saved table must mean the same base. */
function agreed(field: Base, table: Base): Base {
  if (field && table && Math.abs(field.value - table.value) > tableTolerance * field.value) {
    throw unmapped(
      `the configuration's ${field.by} is ${field.value}, but ${quote(table.by)} was made with ${table.value}; ` +
        "settle it with --rope-base",
    );
  }
  return field ?? table;
}

/** The relative error of a table saved in half precision. */
const tableTolerance = 2e-3;

/** The base of a saved rotary table inv_freq, which is base^(-2i / dimensions). */
async function baseOfTable(
  tensors: ReadonlyMap<string, SourceTensor>,
  dimensions: number,
): Promise<Base> {
  const half = dimensions / 2;
  for (const [name, tensor] of tensors) {
    if (!name.endsWith("inv_freq") || tensor.shape.join() !== String(half) || half < 2) continue;
    const table = await tensor.read();
    const exact = table[half - 1]! ** (-half / (half - 1));
    const value = Math.round(exact);
    const fits = table.every((entry, index) => {
      const expected = value ** (-index / half);
      return Math.abs(entry - expected) <= tableTolerance * expected;
    });
    if (!fits) {
      throw unmapped(
        `the frequencies in ${quote(name)} are no powers of one base; scaled ones are not supported`,
      );
    }
    return { value, by: name };
  }
  return undefined;
}

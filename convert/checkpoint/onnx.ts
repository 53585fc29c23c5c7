// An ONNX file as a checkpoint: its weights under PyTorch's names, and what its graph says in place of a configuration.
import type { ByteSource } from "../../gguf/source.ts";
import { invalid } from "../errors.ts";
import type { Config } from "./config_value.ts";
import { checkGraph, configOf, namedWeights } from "./onnx_graph.ts";
import type { SourceTensor } from "./source_tensor.ts";

/** Protocol buffers end at 2 GiB. */
const maxBytes = 2 ** 31 - 1;

/** The first bytes: field 1, a small version, and another field. */
export function looksLikeOnnx(head: Uint8Array): boolean {
  const [key = 0, version = 0, next = 0] = head;
  return key === 0x08 && version < 0x40 && next !== 0;
}

export async function readOnnxWeights(source: ByteSource): Promise<{
  tensors: ReadonlyMap<string, SourceTensor>;
  graphConfig: Config;
  notes: string[];
}> {
  if (source.size > maxBytes) throw invalid("an ONNX file is smaller than 2 GiB");
  // Loaded only now: it needs the ES module "pbf", which a CommonJS program on an old Node 20 cannot load.
  const { readOnnx } = await import("./onnx_proto.ts");
  const model = readOnnx(await source.read(0, source.size));
  checkGraph(model);
  const tensors = namedWeights(model);
  const renamed = [...model.initializers.keys()].filter((name) => !tensors.has(name)).length;
  return {
    tensors,
    graphConfig: await configOf(model),
    notes: [
      `exported by ${model.producer || "an unnamed program"}; ${renamed} tensors named by the graph, or constants of it`,
    ],
  };
}

// The custom architecture entry `qrag`, by name: its tables, the check of a file against them, the metadata of a new file.
export { type FileDescription, llamaMetadata, modelMetadata } from "./compose.ts";
export { describeModel, type ModelDescription, type TypeShare } from "./describe.ts";
export { describeLlamaModel, isLlamaLayout } from "./llama_layout.ts";
export {
  type Decision,
  decisionTensor,
  type ExpectedTensor,
  expectedTensors,
  type Hyperparameters,
  type KeyRow,
  keyTable,
  type ModelMetadata,
  rerankTemplateKey,
  type TensorRow,
  tensorTable,
} from "./tables.ts";

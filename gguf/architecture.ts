// The models that files hold, by name: their description, the check of a file against its architecture, a new file's metadata.
export {
  type Architecture,
  type Decision,
  type EarlyExit,
  type ExpectedTensor,
  expectedTensors,
  type Frame,
  type Hyperparameters,
  type KeyRow,
  type ModelMetadata,
  type Output,
  type Pooling,
  type SecondOpinion,
  type TensorRow,
} from "./architectures/architecture.ts";
export { bert } from "./architectures/bert.ts";
export { llama } from "./architectures/llama.ts";
export { decisionTensor, qrag } from "./architectures/qrag.ts";
export {
  architectureNamed,
  architectures,
  engineArchitectures,
} from "./architectures/registry.ts";
export { modelMetadata, type NewModel } from "./compose.ts";
export {
  checkNumbers,
  describeModel,
  keyTable,
  type ModelDescription,
  rerankTemplateKey,
  type TypeShare,
} from "./describe.ts";
export { checkExit } from "./early_exit.ts";
export { checkScripts } from "./scripts.ts";
export { checkOpinion } from "./second_opinion.ts";

// The public names of qrag.
export { type ErrorCode, errorCodes, QragError } from "../base/errors.ts";
export type { Progress } from "../base/progress.ts";
export type { DecisionToken, Gate, GateInfo, Ranked } from "./gate.ts";
export { loadGate } from "./load.ts";
export type {
  FilterOptions,
  Gpu,
  JudgeAllOptions,
  JudgeOptions,
  LoadOptions,
  Passage,
  RankOptions,
} from "./options.ts";
export type { Verdict } from "./verdict.ts";

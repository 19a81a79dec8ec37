export { withoutDeadToken } from "./dead-token.ts";
export type { DeadTokenOptions } from "./dead-token.ts";
export { askAccess, collectEvidence, readGateMode } from "./evidence.ts";
export type { AccessHub, CollectOptions } from "./evidence.ts";
export { editDistance, nearNames } from "./near-names.ts";
export { AT_ONCE } from "./patience.ts";
export { pageOf } from "./next-steps.ts";
export { sharpenRefusal } from "./refusal-hint.ts";
export type { SharpenOptions } from "./refusal-hint.ts";
export { decideAccess } from "./verdict.ts";
export { waitForAccess } from "./wait.ts";
export type { WaitEvent, WaitOptions, WaitOutcome } from "./wait.ts";
export type {
  AccessCause,
  AccessEvidence,
  AccessNeed,
  AccessSubject,
  AccessVerdict,
  Account,
  AccountReading,
  GateMode,
  HubReading,
  MisspeltReason,
  MissingReason,
  NextStep,
  PolicyReason,
  ScopeReason,
  TokenFacts,
  VerdictKind,
} from "./types.ts";

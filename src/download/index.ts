export { applyPlan } from "./apply-plan.ts";
export type { ApplyOptions } from "./apply-plan.ts";
export { fetchFile } from "./file.ts";
export { planFetch } from "./plan-fetch.ts";
export type { PlanFetchOptions } from "./plan-fetch.ts";
export { fetchSnapshot } from "./snapshot.ts";
export { compilePattern, compileSelection } from "./patterns.ts";
export { planSnapshot } from "./plan.ts";
export type { Selection } from "./patterns.ts";
export type { MissingContent, PlanOptions, Presence, SnapshotPlan, WantedEntry } from "./plan.ts";
export type {
  DownloadEvent,
  DownloadPlan,
  DownloadResult,
  FetchedEntry,
  FetchOptions,
  Gated,
  PlannedEntry,
  SnapshotOptions,
  Transport,
} from "./types.ts";

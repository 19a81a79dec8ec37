export { fetchFile } from "./file.ts";
export { fetchSnapshot } from "./snapshot.ts";
export { compilePattern, compileSelection } from "./patterns.ts";
export { planSnapshot } from "./plan.ts";
export type { Selection } from "./patterns.ts";
export type { MissingContent, PlanOptions, Presence, SnapshotPlan, WantedEntry } from "./plan.ts";
export type { DownloadEvent, DownloadResult, FetchedEntry, FetchOptions, Gated, SnapshotOptions } from "./types.ts";

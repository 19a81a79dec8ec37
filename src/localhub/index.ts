export { startLocalhub } from "./server.ts";
export { defaultSeed } from "./seed.ts";
export { loadSeed, parseSeed } from "./seed-read.ts";
export { parseFaultRule } from "./fault-rule.ts";
export { Cut } from "./faults.ts";
export { HUB_QUOTAS } from "./rate-limit.ts";

export type { Localhub, LocalhubOptions } from "./server.ts";
export type { Seed, SeedCommit, SeedContent, SeedOrg, SeedRepo, SeedToken, SeedUser } from "./seed.ts";
export type { SeedClient, SeedOauth } from "./oauth/seed.ts";
export type { Journal, JournalEntry } from "./journal.ts";
export type { Fault } from "./faults.ts";
export type { FaultEffects, FaultMatch, FaultRule } from "./fault-rule.ts";
export type { HubRequest, HubResponse } from "./http.ts";
export type { Hub } from "./model.ts";
export type { Quotas } from "./rate-limit.ts";

export { collectNetwork } from "./collect-network.ts";
export type { NetworkOptions } from "./collect-network.ts";
export { collect } from "./collect.ts";
export type { CollectOptions } from "./collect.ts";
export type { Evidence, NetworkEvidence } from "./evidence.ts";
export { examine } from "./examine.ts";
export { AREAS, FINDING_CODES } from "./finding.ts";
export type { Area, Finding, FindingCode, Fix, FixAction, PlacedFinding, Severity } from "./finding.ts";

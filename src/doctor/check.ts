import type { Evidence } from "./evidence.ts";
import type { Area, Finding } from "./finding.ts";

/** One thing that can be wrong, looked for in what was collected. Asks nobody, changes nothing. */
export interface Check {
  readonly area: Area;
  readonly find: (evidence: Evidence) => readonly Finding[];
}

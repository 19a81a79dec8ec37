import type { Check } from "./check.ts";
import { CACHE_CHECKS } from "./checks-cache.ts";
import { ENVIRONMENT_CHECKS } from "./checks-environment.ts";
import { GIT_CHECKS } from "./checks-git.ts";
import { LOGIN_CHECKS } from "./checks-logins.ts";
import { NETWORK_CHECKS } from "./checks-network.ts";
import { PLACE_CHECKS } from "./checks-places.ts";
import { PROGRAM_CHECKS } from "./checks-program.ts";
import { TOKEN_CHECKS } from "./checks-token.ts";
import type { Evidence } from "./evidence.ts";
import type { PlacedFinding, Severity } from "./finding.ts";

/** Every check. Within a severity this is the order of the report: what keeps most from working comes first. */
export const CHECKS: readonly Check[] = [
  ...LOGIN_CHECKS,
  ...ENVIRONMENT_CHECKS,
  ...PLACE_CHECKS,
  ...TOKEN_CHECKS,
  ...NETWORK_CHECKS,
  ...GIT_CHECKS,
  ...PROGRAM_CHECKS,
  ...CACHE_CHECKS,
];

const RANK: Readonly<Record<Severity, number>> = { error: 0, warning: 1, note: 2 };

/** What the evidence shows, the most important first. */
export function examine(evidence: Evidence): readonly PlacedFinding[] {
  const found = CHECKS.flatMap(({ area, find }) => find(evidence).map((finding) => ({ ...finding, area })));
  return found.toSorted((a, b) => RANK[a.severity] - RANK[b.severity]);
}

import { canAdmin, canSee, canWrite, gateReason, policyReason } from "./access.ts";
import type { Caller } from "./access.ts";
import type { Commit } from "./git-objects.ts";
import { decodeSegment } from "./http.ts";
import type { Hub } from "./model.ts";
import { findRepo, resolveRevision } from "./model.ts";
import {
  disabled,
  gateRefusal,
  policyRefusal,
  repoNotFound,
  revisionNotFound,
  signInFirst,
  writeRefused,
} from "./refusals.ts";
import type { Call } from "./router.ts";
import type { Repo } from "./types.ts";

/** Thrown when the id is a former name or has another casing. */
export class Redirected extends Error {
  readonly location: string;
  constructor(location: string) {
    super(location);
    this.location = location;
  }
}

/**
 * The repo a route is about, after all the checks that come before looking at a revision, in the Hub's order: seen at
 * all, policy of the organisation, canonical name, disabled, permission, gate.
 * `gate`: the caller must have passed the gate. `need`: besides reading.
 */
export function openRepo(call: Call, options: { gate: boolean; need?: "write" | "admin" }): Repo {
  const { hub, caller, params } = call;
  const anonymous = caller.kind === "anonymous" || caller.kind === "invalid";
  const hit = findRepo(hub, params.type, params.id);
  if (!hit || !canSee(hub, caller, hit.repo)) throw repoNotFound(anonymous);
  const { repo } = hit;
  const policy = policyReason(hub, caller, repo);
  if (policy) throw policyRefusal(policy);
  if (!hit.exact) throw new Redirected(withCanonicalId(call, repo));
  // A disabled repo looks missing to the anonymous, and refuses everybody else.
  if (repo.disabled) throw anonymous ? repoNotFound(true) : disabled();
  if (options.need) requireRight(hub, caller, repo, options.need);
  const reason = options.gate ? gateReason(hub, caller, repo) : undefined;
  if (reason) throw gateRefusal(repo, reason, hub.origins.hub);
  return repo;
}

export function requireRight(hub: Hub, caller: Caller, repo: Repo, need: "write" | "admin"): void {
  if (caller.kind === "anonymous" || caller.kind === "invalid") throw signInFirst();
  if (!(need === "write" ? canWrite : canAdmin)(hub, caller, repo)) throw writeRefused();
}

function withCanonicalId(call: Call, repo: Repo): string {
  const { start, count, suffix } = call.params.idAt;
  const { segments, target } = call.request;
  const id = repo.id.split("/").map(encodeURIComponent).join("/") + suffix;
  const path = [...segments.slice(0, start), id, ...segments.slice(start + count)].join("/");
  const question = target.indexOf("?");
  return `/${path}${question < 0 ? "" : target.slice(question)}`;
}

export function commitOf(hub: Hub, repo: Repo, revision: string): Commit {
  const commit = resolveRevision(hub, repo, revision);
  if (!commit) throw revisionNotFound(revision);
  return commit;
}

/**
 * Splits encoded segments into revision and path. A revision with slashes should come as one segment (`refs%2Fpr%2F1`),
 * but some clients leave the slashes bare, so the longest beginning that names a ref counts too.
 */
export function splitRevision(hub: Hub, repo: Repo, rest: readonly string[]): { revision: string; path: string } {
  const decoded = rest.map(decodeSegment);
  const at = (count: number): { revision: string; path: string } => ({
    revision: decoded.slice(0, count).join("/"),
    path: decoded
      .slice(count)
      .filter((segment) => segment !== "")
      .join("/"),
  });
  const first = at(1);
  if (decoded.length < 2 || resolveRevision(hub, repo, first.revision)) return first;
  for (let count = Math.min(decoded.length, 6); count > 1; count--) {
    if (resolveRevision(hub, repo, at(count).revision)) return at(count);
  }
  return decoded[0] === "refs" && decoded.length >= 3 ? at(3) : first;
}

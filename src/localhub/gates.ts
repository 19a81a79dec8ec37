import type { Hub } from "./model.ts";
import { badRequest, notFound } from "./refusals.ts";
import type { Refusal } from "./refusals.ts";
import type { AccessRequest, AccessStatus, Repo, User } from "./types.ts";
import { singular } from "./types.ts";

/** The life of a request for access to a gated repo. */

export function notGated(repo: Repo): Refusal {
  return badRequest(`${singular(repo.type)} ${repo.id} is not gated`, "RepoNotGated");
}

export function requestOf(repo: Repo, user: User): AccessRequest | undefined {
  return repo.access.find((one) => one.user === user.name);
}

/** Asks for access. Only a first request, or one after a reset, changes anything. */
export function askAccess(hub: Hub, repo: Repo, user: User, fields: Record<string, unknown>): void {
  const old = requestOf(repo, user);
  if (old && old.status !== "reset") return;
  const request: AccessRequest = {
    user: user.name,
    status: repo.gated === "auto" ? "accepted" : "pending",
    timestamp: hub.now(),
    fields,
  };
  repo.access = [...repo.access.filter((one) => one !== old), request];
}

/**
 * Moves a request to another status.
 * @throws Refusal 404 when there is none, or it has that status already.
 */
export function reviewAccess(
  hub: Hub,
  repo: Repo,
  user: User,
  status: AccessStatus,
  rejectionReason: string | undefined,
): void {
  const request = requestOf(repo, user);
  if (!request || request.status === status) throw notFound("No access request found matching your criteria");
  request.status = status;
  delete request.rejectionReason;
  if (status === "pending") {
    delete request.reviewedAt;
    return;
  }
  request.reviewedAt = hub.now();
  if (rejectionReason !== undefined) request.rejectionReason = rejectionReason;
}

/** Lets a user in without a request. */
export function grantAccess(hub: Hub, repo: Repo, user: User, by: string): void {
  const old = requestOf(repo, user);
  if (old?.status === "accepted") throw badRequest("That user already has access to the repo");
  const at = hub.now();
  const request: AccessRequest = {
    ...old,
    user: user.name,
    status: "accepted",
    timestamp: old?.timestamp ?? at,
    reviewedAt: at,
    grantedBy: by,
  };
  repo.access = [...repo.access.filter((one) => one !== old), request];
}

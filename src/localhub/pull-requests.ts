import type { Caller } from "./access.ts";
import { commitOf, openRepo, requireRight } from "./guard.ts";
import type { Commit } from "./git-objects.ts";
import type { Hub } from "./model.ts";
import { resolveRevision } from "./model.ts";
import { badRequest, Refusal, revisionNotFound, signInFirst } from "./refusals.ts";
import type { Call } from "./router.ts";
import type { Repo } from "./types.ts";
import { webPrefix } from "./types.ts";

/** Where an upload goes: on top of a branch, or on top of a commit into a new pull request. */
export type Target = { repo: Repo; base: Commit; ref: string | undefined };

/**
 * The repo and the place for an upload, after all checks. Whoever may read may open a pull request and go on with one
 * of their own; everything else needs write permission.
 * @throws Refusal, also when the revision is a tag or a commit, where nothing can be put on top.
 */
export function openForUpload(call: Call, revision: string, createPr: boolean): Target {
  const { hub, caller } = call;
  const repo = openRepo(call, { gate: true });
  if (caller.kind === "anonymous" || caller.kind === "invalid") throw signInFirst();
  if (createPr) {
    if (repo.discussionsDisabled) throw new Refusal(403, "Discussions are disabled for this repo");
    return { repo, base: commitOf(hub, repo, revision), ref: undefined };
  }
  const ref = branchRef(repo, revision);
  if (!isOwnPullRequest(repo, ref, caller)) requireRight(hub, caller, repo, "write");
  if (ref === undefined) {
    if (!resolveRevision(hub, repo, revision)) throw revisionNotFound(revision);
    throw badRequest(`Cannot commit to ${revision}: it is not a branch`);
  }
  return { repo, base: commitOf(hub, repo, ref), ref };
}

/** The ref that a commit to this revision moves: a branch by its name, or a pull request by its ref. */
function branchRef(repo: Repo, revision: string): string | undefined {
  const branch = `refs/heads/${revision === "HEAD" ? "main" : revision}`;
  if (Object.hasOwn(repo.refs, branch)) return branch;
  return /^refs\/(?:heads|pr)\//.test(revision) && Object.hasOwn(repo.refs, revision) ? revision : undefined;
}

function isOwnPullRequest(repo: Repo, ref: string | undefined, caller: Caller): boolean {
  if (ref === undefined || caller.kind !== "user") return false;
  return repo.pullRequests?.[ref] === caller.user.name;
}

/** Opens a pull request with this commit; returns the address of its page. */
export function openPullRequest(hub: Hub, repo: Repo, commit: string, caller: Caller): string {
  const numbers = Object.keys(repo.refs).map((ref) => Number(/^refs\/pr\/(\d+)$/.exec(ref)?.[1] ?? 0));
  const number = Math.max(0, ...numbers) + 1;
  const ref = `refs/pr/${number}`;
  repo.refs[ref] = commit;
  if (caller.kind === "user") repo.pullRequests = { ...repo.pullRequests, [ref]: caller.user.name };
  return `${hub.origins.hub}/${webPrefix(repo.type)}${repo.id}/discussions/${number}`;
}

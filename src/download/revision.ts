import { checkCommit } from "../cache/index.ts";
import { NetworkError } from "../core/errors.ts";
import type { Gated } from "./types.ts";

/** What the Hub says about a revision, as much as a download needs. */
export interface ResolvedRevision {
  /** 40 lower-case hex digits. */
  readonly commit: string;
  /** How the repo is gated; undefined where the answer did not say. */
  readonly gated: Gated | undefined;
}

/**
 * Narrows the answer of `GET /api/{type}s/{id}/revision/{revision}`.
 * @throws NetworkError `ERR_HF_BAD_ANSWER` it holds no commit
 * @throws IntegrityError `ERR_HF_UNSAFE_NAME` the commit is none, so it must not become a path
 */
export function readRevision(body: unknown, revision: string): ResolvedRevision {
  const answer = typeof body === "object" && body !== null ? body : {};
  const sha = "sha" in answer ? answer.sha : undefined;
  if (typeof sha !== "string") {
    throw new NetworkError("ERR_HF_BAD_ANSWER", `The answer about revision '${revision}' names no commit.`, {
      hint: "Check that HF_ENDPOINT names a Hub, and that no proxy changes its answers.",
    });
  }
  return { commit: checkCommit(sha), gated: "gated" in answer ? readGated(answer.gated) : undefined };
}

function readGated(value: unknown): Gated | undefined {
  return value === false || value === "auto" || value === "manual" ? value : undefined;
}

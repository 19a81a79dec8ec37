import { headerSafe } from "./http.ts";
import type { Repo } from "./types.ts";
import { singular, webPrefix } from "./types.ts";

/** A "no" of the Hub. Thrown anywhere below the handler, which writes it as JSON or text as the route wants. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string | undefined;
  readonly headers: Record<string, string>;
  readonly extra: Record<string, unknown>;

  /** `extra`: further fields of the JSON body. */
  constructor(
    status: number,
    message: string,
    options: { code?: string; headers?: Record<string, string>; extra?: Record<string, unknown> } = {},
  ) {
    super(message);
    this.status = status;
    this.code = options.code;
    this.extra = options.extra ?? {};
    this.headers = {
      ...(options.code === undefined ? {} : { "X-Error-Code": options.code }),
      "X-Error-Message": headerSafe(message),
      ...(status === 401 ? { "WWW-Authenticate": 'Bearer realm="Authentication required", charset="UTF-8"' } : {}),
      ...options.headers,
    };
  }
}

export function badToken(): Refusal {
  return new Refusal(401, "Invalid credentials in Authorization header");
}

export function signInFirst(): Refusal {
  return new Refusal(401, "Invalid username or password.");
}

/**
 * The repo is missing or may not be seen; the two must look the same. Anonymous callers get a 401. The code beside it
 * is there because Python tells the case apart without it only on https.
 */
export function repoNotFound(anonymous: boolean): Refusal {
  return anonymous
    ? new Refusal(401, "Invalid username or password.", { code: "RepoNotFound" })
    : new Refusal(404, "Repository not found", { code: "RepoNotFound" });
}

export function revisionNotFound(revision: string): Refusal {
  return new Refusal(404, `Invalid rev id: ${revision}`, { code: "RevisionNotFound" });
}

/** `commit` lets clients remember that the file is absent at that commit. */
export function entryNotFound(commit: string | undefined, message = "Entry not found"): Refusal {
  const headers = commit === undefined ? {} : { "X-Repo-Commit": commit };
  return new Refusal(404, message, { code: "EntryNotFound", headers });
}

export function disabled(): Refusal {
  return new Refusal(403, "Access to this resource is disabled.");
}

export function writeRefused(): Refusal {
  return new Refusal(403, "You have read access but not the required permissions for this operation");
}

export function notFound(message: string): Refusal {
  return new Refusal(404, message);
}

export function badRequest(message: string, code?: string): Refusal {
  return new Refusal(400, message, code === undefined ? {} : { code });
}

/** A validation error the way the Hub prints it, one line for the problem and one for the place. */
export function invalid(problem: string, at: string): Refusal {
  return badRequest(`✖ ${problem}${at === "" ? "" : `\n  → at ${at}`}`);
}

export function pageNotFound(): Refusal {
  return new Refusal(404, "Sorry, we can't find the page you are looking for.");
}

export type GateReason = "anonymous" | "none" | "pending" | "rejected" | "reset" | "token";

export function gateRefusal(repo: Repo, reason: GateReason, hubUrl: string): Refusal {
  const what = `${singular(repo.type)} ${repo.id}`;
  const page = `${hubUrl}/${webPrefix(repo.type)}${repo.id}`;
  const gated = (status: number, message: string): Refusal => new Refusal(status, message, { code: "GatedRepo" });
  switch (reason) {
    case "anonymous":
      return gated(
        401,
        `Access to ${what} is restricted. You must have access to it and be authenticated to access it. Please log in.`,
      );
    case "none":
      return gated(
        403,
        `Access to ${what} is restricted and you are not in the authorized list. Visit ${page} to ask for access.`,
      );
    case "pending":
      return gated(403, `Your request to access ${what} is awaiting a review from the repo authors.`);
    case "rejected":
      return gated(403, `Your request to access ${what} has been rejected by the repo's authors.`);
    case "reset":
      return gated(
        403,
        `Your request to access ${what} has been reset by the repo's authors. Visit ${page} to submit a new request.`,
      );
    case "token":
      // No code: Python shows the sentence itself for this one.
      return new Refusal(
        403,
        "Please enable access to public gated repositories in your fine-grained token settings to view this repository.",
      );
  }
}

export type PolicyReason = "pending" | "denied" | "revoked";

export function policyRefusal(reason: PolicyReason): Refusal {
  return new Refusal(
    403,
    reason === "revoked"
      ? "Your token has been revoked by the organization administrator, you can no longer access organization resources. Please contact them for more information."
      : "Due to the organization token policy, your token needs to be approved by the organization before you can access this resource.",
  );
}

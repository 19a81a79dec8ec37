import type { Repo } from "../core/repo.ts";
import { lacksGatedRead, ownerOf, restrictionOf, standingOf, tokenCovers } from "./account.ts";
import * as next from "./next-steps.ts";
import type { AccessVerdict, Account, NextStep, PolicyReason, ScopeReason } from "./types.ts";
import { named, refusedFor } from "./verdict-parts.ts";
import type { Refused } from "./verdict-parts.ts";

/** The account may, and the token does not let it. */
export function scopeVerdict(
  evidence: Refused,
  repo: Repo,
  account: Account | undefined,
  certain = true,
): AccessVerdict {
  const reason = scopeReason(evidence, repo, account);
  const token = tokenName(evidence, account);
  const message = {
    "gated-read": `${token} may not read gated repos such as ${named(repo)}.`,
    "this-repo": `${token} does not reach ${named(repo)}.`,
    write: `${token} may read ${named(repo)}, but not write to it.`,
  }[reason];
  const doubt = certain ? "" : " Or the repo does not exist: to this token both look the same.";
  return refusedFor(
    { kind: "scope-missing", reason },
    "ERR_HF_SCOPE_MISSING",
    message + doubt,
    step(evidence, repo, account, reason),
    certain,
  );
}

function scopeReason({ need, answer }: Refused, repo: Repo, account: Account | undefined): ScopeReason {
  if (need === "write") return "write";
  if (/gated repo/i.test(answer.said)) return "gated-read";
  if (answer.said === "" && account !== undefined && lacksGatedRead(account, repo) && !isMine(account, repo)) {
    return "gated-read";
  }
  return "this-repo";
}

function isMine(account: Account, repo: Repo): boolean {
  return standingOf(account, repo) !== "stranger";
}

function tokenName({ token }: Refused, account: Account | undefined): string {
  const name = account?.token?.name;
  const kind = account?.token?.permissions !== undefined ? "fine-grained token" : "token";
  if (name !== undefined) return `The ${kind} '${name}'`;
  return token.kind === "used" ? `The ${kind} from ${token.source}` : `The ${kind}`;
}

/** No more than what is missing: the least token that will do. */
function step(evidence: Refused, repo: Repo, account: Account | undefined, reason: ScopeReason): NextStep {
  if (reason === "gated-read") {
    return next.newToken(
      evidence,
      next.GATED_READ,
      'Tick "Read access to contents of all public gated repos you can access" in its settings, or make a token that has it:',
    );
  }
  const own = account !== undefined && standingOf(account, repo) === "owner";
  const ticked = own ? (reason === "write" ? next.OWN_WRITE : next.OWN_READ) : undefined;
  const right = reason === "write" ? "write" : "read";
  const fineGrained = account === undefined || account.token?.permissions !== undefined;
  // A token of the old kind has one role for all, and keeps it.
  const words = fineGrained
    ? `Add ${repo.id} to the token's repositories with the right to ${right}, or make a token that has it:`
    : `A token with the role '${account.token?.role ?? "read"}' can't be given more. Make one that may ${right} ${repo.id}:`;
  return next.newToken(evidence, ticked, words);
}

/** A rule of the organisation that owns the repo keeps the token out. */
export function policyVerdict(
  evidence: Refused,
  repo: Repo,
  account: Account | undefined,
  certain = true,
): AccessVerdict {
  const reason = policyReason(evidence, repo, account);
  const org = ownerOf(repo) || "the organisation";
  const message = POLICY[reason].replaceAll("{org}", org).replaceAll("{token}", tokenName(evidence, account));
  return refusedFor(
    { kind: "organisation-policy", reason },
    "ERR_HF_ORG_POLICY",
    certain ? message : `${message} Or the repo does not exist: both look the same from outside.`,
    policyStep(evidence, org, reason, repo, account),
    certain && reason !== "unknown",
  );
}

const POLICY: Record<PolicyReason, string> = {
  approval: "{token} waits for an administrator of {org}, or was denied: the Hub tells both in the same words.",
  revoked: "An administrator of {org} has revoked this token for the organisation. {token} is still good elsewhere.",
  "fine-grained-only": "{org} lets in fine-grained tokens alone, and this is another kind.",
  sso: "{org} wants its members to sign in by single sign-on first.",
  mfa: "{org} wants its members to have two-factor authentication.",
  ip: "{org} lets in its own networks alone, and this is another one.",
  unknown: "A rule of {org} keeps this token out.",
};

function policyReason({ answer }: Refused, repo: Repo, account: Account | undefined): PolicyReason {
  const { said } = answer;
  if (/revoked/i.test(said)) return "revoked";
  if (/fine-grained/i.test(said)) return "fine-grained-only";
  if (/approv/i.test(said)) return "approval";
  const told = account === undefined ? undefined : restrictionOf(account, repo);
  if (told !== undefined) return told;
  if (/\bsso\b|single sign/i.test(said)) return "sso";
  return /two-factor|\b2fa\b|\bmfa\b/i.test(said) ? "mfa" : "unknown";
}

function policyStep(
  evidence: Refused,
  org: string,
  reason: PolicyReason,
  repo: Repo,
  account: Account | undefined,
): NextStep {
  const tokens = `${evidence.endpoint}/settings/tokens`;
  switch (reason) {
    case "fine-grained-only": {
      const covered = account !== undefined && tokenCovers(account, repo, "read") === "yes";
      const words = covered ? "Make a fine-grained token:" : `Make a fine-grained token that may read ${org}:`;
      return next.newToken(evidence, next.GATED_READ, words);
    }
    case "revoked":
      return { text: `Make a new token at ${tokens} and ask an administrator of ${org} to approve it.`, url: tokens };
    case "sso": {
      const url = `${evidence.endpoint}/${org}`;
      return { text: `Sign in to the organisation in a browser: ${url}`, url };
    }
    case "mfa": {
      const url = `${evidence.endpoint}/settings/authentication`;
      return { text: `Switch it on at ${url}`, url };
    }
    case "ip":
      return { text: `Go through the organisation's network (VPN), or ask an administrator of ${org}.` };
    default:
      return {
        text: `Ask an administrator of ${org} to approve the token; its state is shown at ${tokens}`,
        url: tokens,
      };
  }
}

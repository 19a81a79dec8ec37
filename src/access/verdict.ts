import type { Repo } from "../core/repo.ts";
import { lacksGatedRead, ownerOf, restrictionOf, standingOf, tokenCovers } from "./account.ts";
import { safeText } from "../core/errors.ts";
import { deadToken, unreachable, withheld } from "./call-verdict.ts";
import { missingVerdict } from "./missing.ts";
import * as next from "./next-steps.ts";
import { policyVerdict, scopeVerdict } from "./permission.ts";
import type { AccessEvidence, AccessVerdict, Account, HubReading } from "./types.ts";
import { accountOf, allowed, named, refusedFor, repoOf } from "./verdict-parts.ts";
import type { Refused } from "./verdict-parts.ts";

/**
 * What the evidence says. Pure: it asks nobody, and the same evidence gives the same verdict. Where two causes look
 * alike from outside, `certain` is false and the message says so.
 */
export function decideAccess(evidence: AccessEvidence): AccessVerdict {
  const { answer, token } = evidence;
  // Where nobody is asked, no token is the trouble.
  const off = answer.kind === "refused" && answer.error.code === "ERR_HF_OFFLINE";
  if (token.kind === "withheld" && !off) return withheld(evidence, token.error);
  if (answer.kind === "readable") return readable(evidence, answer.at);
  return refused({ ...evidence, answer });
}

function readable(evidence: AccessEvidence, at: Repo | undefined): AccessVerdict {
  const { subject, need, token, answer, anonymous } = evidence;
  const { repo } = subject;
  const may = need === "read" ? "read" : "write to";
  if (at !== undefined && at.id !== repo.id) {
    const cased = at.id.toLowerCase() === repo.id.toLowerCase();
    const why = cased ? `${named(repo)} is written ${at.id}` : `${named(repo)} is called ${at.id} now`;
    const reason = cased ? "wrong-case" : "renamed";
    const step = { text: `Use the name ${next.spoken(at)}.` };
    return allowed({ kind: "misspelt", reason, names: [at] }, `${why}; you may ${may} it.`, step);
  }
  if (need === "write") {
    return allowed({ kind: "ok" }, `You may write to ${named(repo)}.`, next.again("Nothing is in the way."));
  }
  return allowed(
    { kind: "ok" },
    `You may read ${named(repo)}${openness(token.kind === "used" ? anonymous : answer)}.`,
    next.download(evidence, repo),
  );
}

function openness(anonymous: HubReading | undefined): string {
  if (anonymous === undefined) return "";
  if (anonymous.kind === "readable") return "; it is public";
  if (anonymous.error.code === "ERR_HF_GATED_SIGN_IN") return "; it is gated, and you have access";
  return anonymous.error.code === "ERR_HF_PRIVATE_OR_MISSING" ? "; it is private, and you have access" : "";
}

function refused(evidence: Refused): AccessVerdict {
  const { need, token } = evidence;
  const { error } = evidence.answer;
  const repo = repoOf(evidence);
  const account = accountOf(evidence);
  if (need === "write" && token.kind === "none" && (error.status === 401 || error.status === 403)) {
    const message = `Nobody writes to ${named(repo)} without signing in.`;
    return refusedFor({ kind: "not-signed-in" }, "ERR_HF_NOT_SIGNED_IN", message, next.signIn(evidence, "Sign in:"));
  }
  switch (error.code) {
    case "ERR_HF_GATED_SIGN_IN":
      return signInAtGate(evidence, repo);
    case "ERR_HF_GATED_REPO":
    case "ERR_HF_GATED_RESET":
      return gateNotRequested(evidence, repo, account);
    case "ERR_HF_GATED_PENDING":
      return refusedFor(
        { kind: "gate-pending" },
        error.code,
        `${who(account)} asked to read ${named(repo)}; its authors have not decided yet.`,
        next.waitAtGate(evidence, repo),
      );
    case "ERR_HF_GATED_REJECTED":
      return refusedFor(
        { kind: "gate-rejected" },
        error.code,
        `The authors of ${named(repo)} have rejected ${whose(account)} request.`,
        next.look(evidence, repo, "Only its authors can change that; how to reach them is said at"),
      );
    case "ERR_HF_SCOPE_MISSING":
      return scopeVerdict(evidence, repo, account);
    case "ERR_HF_ORG_POLICY":
      return policyVerdict(evidence, repo, account);
    case "ERR_HF_REPO_DISABLED":
      return refusedFor(
        { kind: "disabled" },
        error.code,
        `${named(repo)} has been disabled by the Hub; nobody can read it at present.`,
        next.look(evidence, repo, "Its page may say why:"),
      );
    case "ERR_HF_FORBIDDEN":
      return forbidden(evidence, repo, account);
    case "ERR_HF_INVALID_TOKEN":
      return deadToken(evidence, error);
    case "ERR_HF_NOT_SIGNED_IN":
      return refusedFor({ kind: "not-signed-in" }, error.code, error.message, next.signIn(evidence, "Sign in:"));
    case "ERR_HF_PRIVATE_OR_MISSING":
    case "ERR_HF_REPO_NOT_FOUND":
    case "ERR_HF_ENTRY_NOT_FOUND":
    case "ERR_HF_REVISION_NOT_FOUND":
      return missingVerdict(evidence, repo, account);
    default:
      return unreachable(evidence, error);
  }
}

function who(account: Account | undefined): string {
  return account === undefined ? "You have" : `${account.name} has`;
}

function whose(account: Account | undefined): string {
  return account === undefined ? "your" : `${account.name}'s`;
}

function signInAtGate(evidence: Refused, repo: Repo): AccessVerdict {
  const { token } = evidence;
  const { code } = evidence.answer.error;
  const message = `${named(repo)} is gated, and nobody is signed in.`;
  if (token.kind === "none" && token.keptBack !== undefined) {
    const text = `Unset HF_HUB_DISABLE_IMPLICIT_TOKEN, which keeps the token of ${token.keptBack} back.`;
    return refusedFor({ kind: "not-signed-in" }, code, message, { text });
  }
  const login = next.signIn(evidence, "Sign in:");
  const url = next.pageOf(evidence, repo);
  const step = { ...login, url, text: `${login.text}, then ask for access at ${url}` };
  return refusedFor({ kind: "not-signed-in" }, code, message, step);
}

function gateNotRequested(evidence: Refused, repo: Repo, account: Account | undefined): AccessVerdict {
  const { code } = evidence.answer.error;
  const step = next.askAtGate(evidence, repo, account?.name);
  if (code === "ERR_HF_GATED_RESET") {
    const message = `The authors of ${named(repo)} have reset ${whose(account)} request; a new one is needed.`;
    return refusedFor({ kind: "gate-not-requested", reason: "reset" }, code, message, step);
  }
  const message = `${named(repo)} is gated, and ${account?.name ?? "your account"} has not asked for access.`;
  // The Hub may ask for both; once access is given, the token would still stand in the way.
  const both = account !== undefined && lacksGatedRead(account, repo);
  const more = both ? " This fine-grained token may not read gated repos either." : "";
  return refusedFor({ kind: "gate-not-requested" }, code, message + more, step, !both);
}

/** A 403 that says nothing, or only that the right to write is missing: whoami tells which of the causes it is. */
function forbidden(evidence: Refused, repo: Repo, account: Account | undefined): AccessVerdict {
  const { need, answer, anonymous } = evidence;
  if (account !== undefined) {
    if (restrictionOf(account, repo) !== undefined) return policyVerdict(evidence, repo, account);
    const mine = standingOf(account, repo) !== "stranger";
    // Of a stranger's repo a fine-grained token reads what is public, and behind a gate what its switch allows.
    const shut = anonymous?.kind === "refused" && anonymous.error.code === "ERR_HF_GATED_SIGN_IN";
    const gated = shut || evidence.gate !== undefined;
    if (mine ? tokenCovers(account, repo, need) === "no" : gated && lacksGatedRead(account, repo)) {
      return scopeVerdict(evidence, repo, account);
    }
  }
  const { code } = answer.error;
  if (need === "write") {
    const message = `${account?.name ?? "Your account"} may read ${named(repo)}, but not write to it.`;
    const step = next.look(evidence, repo, `Ask ${ownerOf(repo) || "its owner"} for the right to write:`);
    return refusedFor({ kind: "forbidden" }, code, message, step);
  }
  const said = answer.said === "" ? "" : ` It says: ${safeText(answer.said, 300)}`;
  const message = `The Hub refuses ${named(repo)} and nothing tells why.${said}`;
  const command = next.run("auth whoami", evidence);
  const step = { text: `See what this token may do: ${command}`, command };
  return refusedFor({ kind: "forbidden" }, code, message, step, false);
}

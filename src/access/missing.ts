import type { Repo } from "../core/repo.ts";
import { ownerOf, restrictionOf, standingOf, tokenCovers } from "./account.ts";
import { otherTypes } from "./names.ts";
import * as next from "./next-steps.ts";
import { policyVerdict, scopeVerdict } from "./permission.ts";
import type { AccessVerdict, Account, MisspeltReason } from "./types.ts";
import { hasMoved, named, refusedFor } from "./verdict-parts.ts";
import type { Refused } from "./verdict-parts.ts";

/**
 * The Hub gives one answer for a repo that is not there and one that is hidden. What can tell them apart: names that
 * exist, and what whoami says of the account and its token.
 */
export function missingVerdict(evidence: Refused, repo: Repo, account: Account | undefined): AccessVerdict {
  const { answer, near = [], subject } = evidence;
  const { code } = answer.error;
  if (code === "ERR_HF_REVISION_NOT_FOUND" || code === "ERR_HF_ENTRY_NOT_FOUND") {
    const reason = code === "ERR_HF_REVISION_NOT_FOUND" ? "no-such-revision" : "no-such-file";
    const thing =
      reason === "no-such-revision" ? `revision '${subject.revision ?? ""}'` : `file '${subject.path ?? ""}'`;
    return refusedFor(
      { kind: "private-or-missing", reason },
      code,
      `You may read ${named(repo)}, but it has no ${thing}.`,
      next.look(evidence, repo, "See what it has:"),
    );
  }
  if (near.length > 0) return misspelt(evidence, repo, near);
  if (account !== undefined && standingOf(account, repo) !== "stranger") return within(evidence, repo, account);
  if (hasMoved(evidence)) return hidden(evidence, repo, account);
  if (account === undefined) {
    const { token } = evidence;
    const check = `Check the spelling at ${evidence.endpoint}${otherType(evidence, repo)}.`;
    const step =
      token.kind === "none"
        ? next.signIn(evidence, `${check} If it is private, sign in:`)
        : { text: `${check} If it is private, ask ${ownerOf(repo) || "its owner"} to let you in.` };
    return refusedFor(
      { kind: "private-or-missing", reason: "unknown" },
      code,
      `${named(repo)} does not exist, or is private: from outside both look the same.`,
      step,
      false,
    );
  }
  return refusedFor(
    { kind: "private-or-missing", reason: "unknown" },
    code,
    `${named(repo)} does not exist, or is hidden from ${account.name}: the Hub answers both in the same way.`,
    {
      text: `Check the spelling at ${evidence.endpoint}${otherType(evidence, repo)}; if it is private, ask ${ownerOf(repo) || "its owner"} to let ${account.name} in.`,
    },
    false,
  );
}

/** The commonest mistake of all, in the types that were not looked for. */
function otherType({ askedTypes = [] }: Refused, repo: Repo): string {
  const left = otherTypes(repo).filter((type) => !askedTypes.includes(type));
  if (left.length === 0) return "";
  const names = left.map((type) => next.spoken({ type, id: repo.id }));
  return `, or call it ${names.join(" or ")} if it is a ${left.join(" or a ")}`;
}

/** It is there, so only who may see it is the question. */
function hidden(evidence: Refused, repo: Repo, account: Account | undefined): AccessVerdict {
  const { answer, subject, token } = evidence;
  const who = account?.name ?? (token.kind === "none" ? "whoever is not signed in" : "your account");
  const step =
    token.kind === "none"
      ? next.signIn(evidence, "If it is private, sign in:")
      : { text: `Ask ${ownerOf(repo) || "its owner"} to let ${account?.name ?? "you"} in.` };
  return refusedFor(
    { kind: "private-or-missing", reason: "hidden" },
    answer.error.code,
    `${named(repo)} exists (${subject.repo.id} leads to it), but is hidden from ${who}: it is private, or switched off.`,
    step,
    false,
  );
}

/** The namespace is the account's own, or one of its organisations: it would see the repo if the token let it. */
function within(evidence: Refused, repo: Repo, account: Account): AccessVerdict {
  const { code } = evidence.answer.error;
  const exists = hasMoved(evidence);
  if (restrictionOf(account, repo) !== undefined) return policyVerdict(evidence, repo, account, exists);
  const covers = tokenCovers(account, repo, "read");
  if (covers === "no") return scopeVerdict(evidence, repo, account, exists);
  if (exists) return hidden(evidence, repo, account);
  const owner = ownerOf(repo);
  // A member's role may hide a repo that is there; the owner sees all that the token lets it see.
  const sure = covers === "yes" && standingOf(account, repo) === "owner";
  const message = sure
    ? `${named(repo)} does not exist: ${account.name} sees all repos of its own, and this is none of them.`
    : `${named(repo)} does not exist, or is hidden from ${account.name}, who belongs to ${owner}.`;
  const url = `${evidence.endpoint}/${owner}`;
  return refusedFor(
    { kind: "private-or-missing", reason: sure ? "missing" : "unknown" },
    code,
    message,
    { text: `See what there is: ${url}${otherType(evidence, repo)}`, url },
    sure,
  );
}

function misspelt(evidence: Refused, repo: Repo, near: readonly Repo[]): AccessVerdict {
  const [first = repo] = near;
  const bare = ownerOf(repo) === "";
  const sameName = bare ? first.type !== repo.type : first.id === repo.id;
  const sameLetters = first.id.toLowerCase() === repo.id.toLowerCase();
  const reason: MisspeltReason = sameName ? "other-type" : sameLetters ? "wrong-case" : "close-name";
  const names = near.map((one) => next.spoken(one)).join(", ");
  const owner = bare ? "A repo is named with its owner. " : "";
  const message =
    reason === "other-type"
      ? `There is no ${named(repo)} to see, but a ${first.type} of that name.`
      : reason === "wrong-case"
        ? `There is no ${named(repo)} to see; it is written ${first.id}.`
        : `${owner}There is no ${named(repo)} to see. Names that exist: ${names}.`;
  const command = next.run(`access ${next.spoken(first)}`, evidence);
  return refusedFor(
    { kind: "misspelt", reason, names: near },
    evidence.answer.error.code,
    reason === "close-name" && !bare ? `${message} (Or it is private.)` : message,
    { text: `If you mean ${next.spoken(first)}: ${command}`, command },
    reason === "wrong-case",
  );
}

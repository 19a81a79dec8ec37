import { beginSentence, safeText } from "../core/errors.ts";
import type { HfErrorCode } from "../core/errors.ts";
import type { Repo } from "../core/repo.ts";
import type { AccessCause, AccessEvidence, AccessVerdict, Account, HubReading, NextStep } from "./types.ts";

/** An evidence whose answer is a refusal. */
export type Refused = AccessEvidence & { readonly answer: Extract<HubReading, { kind: "refused" }> };

/** The repo that the verdict is about: the one that answered, where it has another name. */
export function repoOf({ answer, subject }: AccessEvidence): Repo {
  return answer.at ?? subject.repo;
}

/** The Hub led on to a repo of another name, which proves that there is one: whatever refuses it now. */
export function hasMoved({ answer, subject }: AccessEvidence): boolean {
  return answer.at !== undefined && answer.at.id !== subject.repo.id;
}

export function accountOf({ account }: AccessEvidence): Account | undefined {
  return account?.kind === "known" ? account.account : undefined;
}

export function allowed(cause: AccessCause, message: string, next: NextStep): AccessVerdict {
  return { ...cause, allowed: true, certain: true, code: undefined, ...plain(message, next) };
}

/** @param certain false where another cause would look the same */
export function refusedFor(
  cause: AccessCause,
  code: HfErrorCode,
  message: string,
  next: NextStep,
  certain = true,
): AccessVerdict {
  return { ...cause, allowed: false, certain, code, ...plain(message, next) };
}

/** Names of accounts and tokens, and what the Hub said, are a server's words: they may hold a token or an escape sequence. */
function plain(message: string, next: NextStep): { readonly message: string; readonly next: NextStep } {
  return { message: beginSentence(safeText(message, 2000)), next: { ...next, text: safeText(next.text, 2000) } };
}

/** `model acme/tiny` */
export function named(repo: Repo): string {
  return `${repo.type} ${repo.id}`;
}

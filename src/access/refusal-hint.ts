import { AccessError, isHfError, NotFoundError, TokenError } from "../core/errors.ts";
import type { HfError } from "../core/errors.ts";
import { askNames } from "./evidence.ts";
import type { AccessHub } from "./evidence.ts";
import type { AccessEvidence, AccessSubject, Account, TokenFacts } from "./types.ts";
import { decideAccess } from "./verdict.ts";

export interface SharpenOptions {
  readonly token: TokenFacts;
  readonly whoami?: (() => Promise<Account>) | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A refusal with the cause and the next step that `hf access` would give; `cause` is the verdict's kind, where nothing
 * else was behind the error. Asks at most one more question, and only where its answer can change the step: the account
 * behind a 403, the names that exist beside one that does not. Any other error comes back as it is.
 */
export async function sharpenRefusal(
  error: unknown,
  hub: AccessHub,
  subject: AccessSubject,
  options: SharpenOptions,
): Promise<unknown> {
  if (!isHfError(error) || !isRefusal(error)) return error;
  const { token, now, signal } = options;
  // What can't be asked now makes the verdict poorer, not wrong.
  const more = await askMore(error, hub, subject, options).catch(() => ({}));
  if (signal?.aborted === true) return error;
  const evidence: AccessEvidence = {
    subject,
    need: "read",
    endpoint: hub.endpoint,
    now,
    token,
    // The message quotes the Hub where its words matter.
    answer: { kind: "refused", error, at: subject.repo, said: error.message },
    ...more,
  };
  const verdict = decideAccess(evidence);
  // Where the verdict says more than the message, a person should read both.
  const tells = verdict.kind === "misspelt" || verdict.kind === "token-expired" || verdict.code !== error.code;
  return dressed(error, verdict.kind, tells ? `${verdict.message} ${verdict.next.text}` : verdict.next.text);
}

const REFUSALS = [AccessError, NotFoundError, TokenError];
/** What is asked for is not in a repo that the caller may read. */
const PARTS = new Set(["ERR_HF_ENTRY_NOT_FOUND", "ERR_HF_REVISION_NOT_FOUND"]);

/** Whether a Hub said it: a token that was never sent has its own words already. */
function isRefusal(error: HfError): boolean {
  return error.status !== undefined && REFUSALS.some((kind) => error instanceof kind) && !PARTS.has(error.code);
}

async function askMore(
  error: HfError,
  hub: AccessHub,
  subject: AccessSubject,
  { token, whoami, signal }: SharpenOptions,
): Promise<Partial<AccessEvidence>> {
  switch (error.code) {
    case "ERR_HF_REPO_NOT_FOUND":
    case "ERR_HF_PRIVATE_OR_MISSING":
      return { near: await askNames(hub, subject.repo, 1, signal) };
    case "ERR_HF_FORBIDDEN":
    case "ERR_HF_SCOPE_MISSING":
    case "ERR_HF_ORG_POLICY":
    case "ERR_HF_GATED_REPO":
    case "ERR_HF_GATED_RESET":
      if (token.kind !== "used" || whoami === undefined) return {};
      return { account: { kind: "known", account: await whoami() } };
    default:
      return {};
  }
}

function dressed(error: HfError, kind: string, hint: string): HfError {
  const { code, message, requestId, status } = error;
  const options = {
    hint,
    cause: error.cause ?? kind,
    ...(requestId === undefined ? {} : { requestId }),
    ...(status === undefined ? {} : { status }),
  };
  if (error instanceof NotFoundError) {
    return new NotFoundError(
      code,
      message,
      error.commit === undefined ? options : { ...options, commit: error.commit },
    );
  }
  return error instanceof TokenError ? new TokenError(code, message, options) : new AccessError(code, message, options);
}

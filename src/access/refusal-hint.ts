import { AccessError, isHfError, NotFoundError, TokenError } from "../core/errors.ts";
import type { HfError } from "../core/errors.ts";
import { askNames } from "./evidence.ts";
import type { AccessHub } from "./evidence.ts";
import type { AccessEvidence, AccessSubject, Account, AccountReading, TokenFacts } from "./types.ts";
import { decideAccess } from "./verdict.ts";

export interface SharpenOptions {
  readonly token: TokenFacts;
  readonly whoami?: (() => Promise<Account>) | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A refusal with the next step that `hf access` would give. Asks at most one more question, and only where its answer
 * can change the step: the account behind a 403, the names that exist beside one that does not. Anything else, and
 * everything that fails meanwhile, comes back as it is.
 */
export async function sharpenRefusal(
  error: unknown,
  hub: AccessHub,
  subject: AccessSubject,
  options: SharpenOptions,
): Promise<unknown> {
  if (
    !isHfError(error) ||
    !(error instanceof AccessError || error instanceof NotFoundError || error instanceof TokenError)
  ) {
    return error;
  }
  const { token, now, signal } = options;
  const more = await ask(error, hub, subject, options).catch(() => undefined);
  if (signal?.aborted === true || more === undefined) return error;
  const evidence: AccessEvidence = {
    subject,
    need: "read",
    endpoint: hub.endpoint,
    now,
    token,
    answer: { kind: "refused", error, at: subject.repo, said: error.message },
    ...more,
  };
  const verdict = decideAccess(evidence);
  // The verdict must be of the very refusal that came: its code is what programs read.
  if (verdict.code !== error.code && verdict.kind !== "scope-missing" && verdict.kind !== "organisation-policy")
    return error;
  const doubt = verdict.kind === "misspelt" || verdict.code !== error.code ? `${verdict.message} ` : "";
  return withHint(error, doubt + verdict.next.text);
}

async function ask(
  error: HfError,
  hub: AccessHub,
  subject: AccessSubject,
  { token, whoami, signal }: SharpenOptions,
): Promise<Partial<AccessEvidence> | undefined> {
  switch (error.code) {
    case "ERR_HF_REPO_NOT_FOUND":
    case "ERR_HF_PRIVATE_OR_MISSING": {
      const near = await askNames(hub, subject.repo, 1, signal);
      return near.length === 0 ? undefined : { near };
    }
    case "ERR_HF_FORBIDDEN":
    case "ERR_HF_SCOPE_MISSING":
    case "ERR_HF_ORG_POLICY": {
      if (token.kind !== "used" || whoami === undefined) return undefined;
      const account: AccountReading = { kind: "known", account: await whoami() };
      return { account };
    }
    case "ERR_HF_GATED_REPO":
    case "ERR_HF_GATED_RESET":
    case "ERR_HF_GATED_PENDING":
    case "ERR_HF_GATED_SIGN_IN":
    case "ERR_HF_INVALID_TOKEN":
      return {};
    default:
      return undefined;
  }
}

function withHint(error: HfError, hint: string): HfError {
  const { code, message, cause, requestId, status } = error;
  const options = {
    hint,
    ...(cause === undefined ? {} : { cause }),
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

import { redact } from "./redact.ts";
import { plainText } from "./terminal-text.ts";

/** Every code an error of this library can carry. Part of the public face: a code is added, never renamed. */
export type HfErrorCode =
  // usage
  | "ERR_HF_USAGE"
  | "ERR_HF_INVALID_REPO_ID"
  | "ERR_HF_INVALID_REVISION"
  | "ERR_HF_INVALID_ENDPOINT"
  | "ERR_HF_NO_TERMINAL"
  | "ERR_HF_TOKEN_NAME"
  // the token
  | "ERR_HF_NOT_SIGNED_IN"
  | "ERR_HF_INVALID_TOKEN"
  | "ERR_HF_ORG_TOKEN"
  | "ERR_HF_TOKEN_REFUSED"
  | "ERR_HF_OIDC"
  | "ERR_HF_TOKEN_ENDPOINT"
  | "ERR_HF_INSECURE_ENDPOINT"
  | "ERR_HF_NOT_REVOKED"
  // access
  | "ERR_HF_GATED_SIGN_IN"
  | "ERR_HF_GATED_REPO"
  | "ERR_HF_GATED_PENDING"
  | "ERR_HF_GATED_REJECTED"
  | "ERR_HF_GATED_RESET"
  | "ERR_HF_SCOPE_MISSING"
  | "ERR_HF_ORG_POLICY"
  | "ERR_HF_REPO_DISABLED"
  | "ERR_HF_FORBIDDEN"
  | "ERR_HF_NOT_READ_ONLY"
  // not found
  | "ERR_HF_PRIVATE_OR_MISSING"
  | "ERR_HF_REPO_NOT_FOUND"
  | "ERR_HF_REVISION_NOT_FOUND"
  | "ERR_HF_ENTRY_NOT_FOUND"
  // disk
  | "ERR_HF_NO_SPACE"
  | "ERR_HF_DISK"
  | "ERR_HF_STORE_UNREADABLE"
  | "ERR_HF_TOKEN_FILE"
  | "ERR_HF_KEYCHAIN"
  | "ERR_HF_LOCK_TIMEOUT"
  // integrity
  | "ERR_HF_INTEGRITY"
  | "ERR_HF_UNSAFE_NAME"
  // network
  | "ERR_HF_NETWORK"
  | "ERR_HF_TIMEOUT"
  | "ERR_HF_TLS"
  | "ERR_HF_PROXY"
  | "ERR_HF_REDIRECT"
  | "ERR_HF_BAD_ANSWER"
  | "ERR_HF_HUB_DOWN"
  | "ERR_HF_HTTP"
  | "ERR_HF_CONFLICT"
  | "ERR_HF_RATE_LIMITED"
  | "ERR_HF_OFFLINE"
  // the rest
  | "ERR_HF_GIT"
  | "ERR_HF_COMMAND_NOT_FOUND"
  | "ERR_HF_COMMAND_NOT_RUN"
  | "ERR_HF_INTERRUPTED"
  | "ERR_HF_INTERNAL";

export interface HfErrorOptions {
  /** What to do next: one sentence, with the command or address. */
  readonly hint?: string;
  readonly cause?: unknown;
  /** The Hub's id of the request, for its support. */
  readonly requestId?: string;
  /** HTTP status, where an answer is behind the error. */
  readonly status?: number;
}

/**
 * The base of every error that callers may want to catch. Message, hint and cause are redacted and made plain while
 * the error is built, so that no later print can leak a token.
 */
export class HfError extends Error {
  readonly code: HfErrorCode;
  readonly hint: string | undefined;
  readonly requestId: string | undefined;
  readonly status: number | undefined;

  constructor(code: HfErrorCode, message: string, options: HfErrorOptions = {}) {
    const cause = options.cause === undefined ? undefined : redactedCause(options.cause);
    super(safeText(message, 2000), cause === undefined ? undefined : { cause });
    this.code = code;
    this.hint = options.hint === undefined ? undefined : safeText(options.hint, 2000);
    this.requestId = options.requestId === undefined ? undefined : safeText(options.requestId, 100);
    this.status = options.status;
  }

  override get name(): string {
    return this.constructor.name;
  }
}

/** Wrong arguments: a flag, a name, an id. */
export class UsageError extends HfError {}
/** No token, a bad one, or one that must not be sent there. */
export class TokenError extends HfError {}
/** Signed in or not, the Hub does not let this caller read or write. */
export class AccessError extends HfError {}
/** The repo, revision or entry is not there, or is hidden from this caller. */
export class NotFoundError extends HfError {
  /** The commit that was looked at, where the Hub named it. It is the Hub's word: check it before it becomes a path. */
  readonly commit: string | undefined;

  constructor(code: HfErrorCode, message: string, options: HfErrorOptions & { readonly commit?: string } = {}) {
    super(code, message, options);
    this.commit = options.commit;
  }
}
/** A file of this machine could not be read, written or locked. */
export class DiskError extends HfError {}
/** Bytes or names from the network that are not what they must be. Nothing of them was kept. */
export class IntegrityError extends HfError {}
/** The Hub could not be reached, or did not answer as a Hub. */
export class NetworkError extends HfError {}
/** The Hub asks to wait. */
export class RateLimitError extends HfError {
  /** Seconds until the Hub takes requests again, where it said so. */
  readonly retryAfter: number | undefined;

  constructor(message: string, options: HfErrorOptions & { readonly retryAfter?: number } = {}) {
    super("ERR_HF_RATE_LIMITED", message, options);
    this.retryAfter = options.retryAfter;
  }
}
/** The network is switched off and the cache does not have it. */
export class OfflineError extends HfError {}

export function isHfError(error: unknown): error is HfError {
  return error instanceof HfError;
}

/** The system's code of an error (`ENOENT`, `ECONNRESET`), also of the first cause that has one. */
export function systemCode(error: unknown): string | undefined {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    if ("code" in at && typeof at.code === "string") return at.code;
  }
  return undefined;
}

const DISK_FULL = new Set(["ENOSPC", "EDQUOT"]);

/**
 * An error of the file system as a coded error that names the path and the next step.
 * @param doing what was being done, as in "write the token file"
 */
export function diskError(error: unknown, doing: string, path: string): HfError {
  if (error instanceof HfError) return error;
  const code = systemCode(error);
  if (code !== undefined && DISK_FULL.has(code)) {
    return new DiskError("ERR_HF_NO_SPACE", `No space left to ${doing}: ${path}`, {
      cause: error,
      hint: "Free some space, or point HF_HOME (or --cache-dir) to a larger disk.",
    });
  }
  const why = code ?? (error instanceof Error ? error.message : String(error));
  return new DiskError("ERR_HF_DISK", `Could not ${doing}: ${path} (${why})`, { cause: error, hint: diskHint(code) });
}

function diskHint(code: string | undefined): string {
  if (code === "EROFS")
    return "The file system is read-only. Set HF_HOME (or --cache-dir) to a folder that you may write to.";
  if (code === "EACCES" || code === "EPERM")
    return "Check the owner and mode of the folder, or set HF_HOME to one that is yours.";
  if (code === "EISDIR" || code === "ENOTDIR" || code === "EEXIST")
    return "Something of the wrong kind is at that path. Move it away and try again.";
  return "Check the path and the disk, then try again.";
}

/**
 * Text for people: without secrets, without control characters, cut. Redacted twice, because a secret may hold a
 * character that `plainText` takes away, and a server may have put one into a secret.
 */
export function safeText(text: string, maxLength = 500): string {
  return plainText(redact(plainText(redact(text), Infinity)), maxLength);
}

/** Keeps the kind, system code and stack of a cause, without the secrets that its text may hold. */
function redactedCause(cause: unknown): unknown {
  if (cause instanceof HfError) return cause;
  if (!(cause instanceof Error)) return redact(String(cause));
  const copy = new Error(redact(cause.message));
  copy.name = cause.name;
  if (cause.stack !== undefined) copy.stack = redact(cause.stack);
  if ("code" in cause && typeof cause.code === "string") Object.assign(copy, { code: cause.code });
  if (cause.cause !== undefined) copy.cause = redactedCause(cause.cause);
  return copy;
}

import { errorEntry } from "./error-table.ts";
import type { HfErrorCode } from "./error-table.ts";
import { redact } from "./redact.ts";
import { systemCode } from "./system-code.ts";
import { plainText } from "./terminal-text.ts";

export { systemCode };
export type { HfErrorCode };

export interface HfErrorOptions {
  /** What to do next: one sentence, with the command or address. @default what the table says of the code */
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
  /** What to do next. */
  readonly hint: string;
  readonly requestId: string | undefined;
  readonly status: number | undefined;

  constructor(code: HfErrorCode, message: string, options: HfErrorOptions = {}) {
    const cause = options.cause === undefined ? undefined : redactedCause(options.cause);
    super(beginSentence(safeText(message, 2000)), cause === undefined ? undefined : { cause });
    this.code = code;
    this.hint = safeText(options.hint ?? errorEntry(code).next.replaceAll("`", ""), 2000);
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
      hint: "Free some space, or name a place on a larger disk: HF_HOME, --cache-dir or --local-dir.",
    });
  }
  const why = code ?? (error instanceof Error ? error.message : String(error));
  return new DiskError("ERR_HF_DISK", `Could not ${doing}: ${path} (${why})`, { cause: error, hint: diskHint(code) });
}

function diskHint(code: string | undefined): string {
  if (code === "EROFS")
    return "The file system is read-only. Name a place that you may write to: HF_HOME, --cache-dir or --local-dir.";
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

/** Begins with a capital where it begins with a word of ours; the name of a file, a host or an account stays as it is. */
export function beginSentence(text: string): string {
  return /^(?:model|dataset|space|kernel) /.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text;
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

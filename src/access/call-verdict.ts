import type { HfError } from "../core/errors.ts";
import { NetworkError, RateLimitError, systemCode } from "../core/errors.ts";
import { DEFAULT_ENDPOINT } from "../core/settings.ts";
import * as next from "./next-steps.ts";
import type { AccessEvidence, AccessVerdict, NextStep, TokenFacts } from "./types.ts";
import { refusedFor } from "./verdict-parts.ts";

/** What a verdict that is about no repo takes. */
export type CallEvidence = Pick<AccessEvidence, "endpoint" | "now" | "token"> &
  Partial<Pick<AccessEvidence, "account" | "anonymous" | "answer">>;

/**
 * The verdict of a refusal that is not about a repo, as that of whoami: the token, the way to the Hub, the Hub itself.
 * Undefined for one of any other kind. Pure.
 */
export function decideCall(evidence: CallEvidence, error: HfError): AccessVerdict | undefined {
  if (error.code === "ERR_HF_OFFLINE") return unreachable(evidence, error);
  if (evidence.token.kind === "withheld") return withheld(evidence, evidence.token.error);
  if (error.code === "ERR_HF_INVALID_TOKEN") return deadToken(evidence, error);
  if (error.code === "ERR_HF_NOT_SIGNED_IN") {
    const step = { text: error.hint };
    return refusedFor({ kind: "not-signed-in" }, error.code, error.message, step);
  }
  if (NOT_SENT.has(error.code)) return withheld({ ...evidence, token: withheldBy(error) }, error);
  return NO_ANSWER.has(error.code) ? unreachable(evidence, error) : undefined;
}

/** A token that is there, or was asked for, and did not travel. */
const NOT_SENT: ReadonlySet<string> = new Set([
  "ERR_HF_TOKEN_REFUSED",
  "ERR_HF_TOKEN_ENDPOINT",
  "ERR_HF_INSECURE_ENDPOINT",
  "ERR_HF_OIDC",
]);

/** Codes that say nothing of any repo. */
const NO_ANSWER: ReadonlySet<string> = new Set([
  "ERR_HF_RATE_LIMITED",
  "ERR_HF_OFFLINE",
  "ERR_HF_NETWORK",
  "ERR_HF_TIMEOUT",
  "ERR_HF_PROXY",
  "ERR_HF_TLS",
  "ERR_HF_BAD_ANSWER",
  "ERR_HF_REDIRECT",
  "ERR_HF_HUB_DOWN",
  "ERR_HF_HTTP",
]);

function withheldBy(error: HfError): TokenFacts {
  return { kind: "withheld", source: "the token's source", error, shadows: [] };
}

export function withheld(evidence: CallEvidence, error: HfError): AccessVerdict {
  const step: NextStep = { text: error.hint };
  const note = publicNote(evidence);
  if (error.code === "ERR_HF_TOKEN_ENDPOINT" || error.code === "ERR_HF_INSECURE_ENDPOINT") {
    return refusedFor({ kind: "wrong-endpoint" }, error.code, `${error.message}${note}`, step);
  }
  return refusedFor({ kind: "token-invalid" }, error.code, `${error.message}${note}`, step);
}

/** What nobody in particular may do, where that was asked because of the token. */
function publicNote({ anonymous, answer, token }: CallEvidence): string {
  const open = token.kind === "withheld" ? answer : anonymous;
  if (open === undefined) return "";
  if (open.kind === "readable") return " The repo itself is public: without a token it can be read.";
  return open.error.code === "ERR_HF_GATED_SIGN_IN" ? " The repo is gated, so a token that works is needed." : "";
}

export function deadToken(evidence: CallEvidence, { code }: HfError): AccessVerdict {
  const { token, now, account } = evidence;
  const source = token.kind === "used" ? token.source : "the token's source";
  const step = next.replaceToken(evidence, source);
  const note = publicNote(evidence);
  const expiresAt = token.kind === "used" ? token.expiresAt : undefined;
  if (expiresAt !== undefined && expiresAt.getTime() <= now) {
    const day = expiresAt.toISOString().slice(0, 10);
    return refusedFor({ kind: "token-expired" }, code, `The token from ${source} ended on ${day}.${note}`, step);
  }
  if (account?.kind === "known") {
    const message = `The Hub knows the token from ${source} (${account.account.name}), and yet refuses it for files.${note}`;
    return refusedFor({ kind: "token-invalid" }, code, message, step, false);
  }
  const message = `The Hub does not know the token from ${source}: mistyped, revoked or expired.${note}`;
  return refusedFor({ kind: "token-invalid" }, code, message, step);
}

const NO_WAY_OUT = new Set(["ENOTFOUND", "EAI_AGAIN", "ENETUNREACH", "EHOSTUNREACH", "ENETDOWN", "EADDRNOTAVAIL"]);

/** No answer of a Hub: the network is off on this side, or something is wrong on the other. */
export function unreachable({ endpoint }: CallEvidence, error: HfError): AccessVerdict {
  const { code, message, hint, status } = error;
  const step = { text: hint ?? "Try again in some minutes." };
  if (error instanceof RateLimitError) {
    const { retryAfter } = error;
    const cause = { kind: "rate-limited" as const, ...(retryAfter === undefined ? {} : { retryAfter }) };
    return refusedFor(cause, code, message, step);
  }
  if (code === "ERR_HF_OFFLINE") return refusedFor({ kind: "offline" }, code, message, step);
  // A Hub says of every 404 what it is that is missing. Its storage does not: that one's refusals are of another class.
  const bare = code === "ERR_HF_HTTP" && !(error instanceof NetworkError) && (status === 404 || status === 405);
  const stranger = code === "ERR_HF_BAD_ANSWER" || bare;
  if (stranger && endpoint !== DEFAULT_ENDPOINT) {
    const words = `${message} Is ${endpoint} a Hub?`;
    const check = { text: "Check HF_ENDPOINT and --endpoint. Without them https://huggingface.co is asked." };
    return refusedFor({ kind: "wrong-endpoint" }, "ERR_HF_BAD_ANSWER", words, check, false);
  }
  const ours =
    code === "ERR_HF_PROXY" ||
    code === "ERR_HF_TLS" ||
    code === "ERR_HF_BAD_ANSWER" ||
    (code === "ERR_HF_NETWORK" && NO_WAY_OUT.has(systemCode(error.cause) ?? ""));
  // A refused or broken connection may be this side's firewall as well as the Hub.
  const certain = code === "ERR_HF_HUB_DOWN" || (ours && code !== "ERR_HF_BAD_ANSWER");
  return refusedFor({ kind: ours ? "offline" : "hub-down" }, code, message, step, certain);
}

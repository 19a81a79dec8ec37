import { AccessError, HfError, isHfError, NetworkError, NotFoundError } from "../core/errors.ts";
import { OfflineError, RateLimitError, TokenError } from "../core/errors.ts";
import type { HfErrorOptions } from "../core/errors.ts";
import { ownerOf } from "./account.ts";
import { decideCall } from "./call-verdict.ts";
import { askGateMode } from "./evidence.ts";
import type { AccessHub } from "./evidence.ts";
import { askNames, hintedType } from "./names.ts";
import type {
  AccessEvidence,
  AccessNeed,
  AccessSubject,
  AccessVerdict,
  Account,
  GateMode,
  TokenFacts,
} from "./types.ts";
import { run, spoken } from "./next-steps.ts";
import { decideAccess } from "./verdict.ts";

export interface SharpenOptions {
  readonly token: TokenFacts;
  readonly whoami?: (() => Promise<Account>) | undefined;
  /** @default "read" */
  readonly need?: AccessNeed | undefined;
  /** How the repo's gate lets people in, where that is known already. */
  readonly gate?: GateMode | undefined;
  /** Files that were asked for; their names may tell what kind of repo is meant. */
  readonly files?: readonly string[] | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A refusal with the code, the cause and the next step that `hf access` would give; `cause` is the verdict's kind. Asks
 * at most one more question, and only where its answer can change the verdict or the step. What no verdict is about (a
 * full disk, a wrong argument, damaged bytes) comes back as it is.
 * @param subject undefined: the call was about no repo
 */
export async function sharpenRefusal(
  error: unknown,
  hub: AccessHub,
  subject: AccessSubject | undefined,
  options: SharpenOptions,
): Promise<unknown> {
  if (!isHfError(error)) return error;
  const { token, now, need = "read", gate, signal } = options;
  const call = decideCall({ token, now, endpoint: hub.endpoint }, error);
  if (call !== undefined) return dressed(error, call);
  if (subject === undefined || !isRefusal(error)) return error;
  // What can't be asked now makes the verdict poorer, not wrong.
  const more = await askMore(error, hub, subject, options).catch(() => ({}));
  if (signal?.aborted === true) return error;
  const evidence: AccessEvidence = {
    subject,
    need,
    endpoint: hub.endpoint,
    now,
    token,
    answer: { kind: "refused", error, at: subject.repo, said: wordsIn(error) },
    ...(gate === undefined ? {} : { gate }),
    ...more,
  };
  const verdict = decideAccess(evidence);
  const more404 = verdict.kind === "private-or-missing" && isUnseen(error) && !("near" in more);
  // The one question went to the account.
  const names = more404
    ? ` Names that are close are looked for by: ${run(`access ${spoken(subject.repo)}`, evidence)}`
    : "";
  return dressed(error, verdict, names);
}

/** What is asked for is there, or the Hub says that it is not. */
function isRefusal(error: HfError): boolean {
  return error instanceof AccessError || error instanceof NotFoundError;
}

function isUnseen({ code }: HfError): boolean {
  return code === "ERR_HF_REPO_NOT_FOUND" || code === "ERR_HF_PRIVATE_OR_MISSING";
}

function isPart({ code }: HfError): boolean {
  return code === "ERR_HF_ENTRY_NOT_FOUND" || code === "ERR_HF_REVISION_NOT_FOUND";
}

/** The Hub's own words, which an error's message quotes where they matter. */
function wordsIn({ message, code }: HfError): string {
  const quoted = /It says: "(.*)"$/s.exec(message)?.[1];
  return quoted ?? (code === "ERR_HF_SCOPE_MISSING" ? message : "");
}

/**
 * The one question that can change most. Who asks decides whether a repo that is not seen is hidden from the token alone,
 * which is another cause with another exit code; names that are close only make the step better. So a name is looked for
 * where nobody is signed in, and where the words that were given speak of another type of repo.
 */
async function askMore(
  error: HfError,
  hub: AccessHub,
  { repo }: AccessSubject,
  { token, whoami, signal, gate, files }: SharpenOptions,
): Promise<Partial<AccessEvidence>> {
  const askAccount = async (): Promise<Partial<AccessEvidence>> => {
    if (token.kind !== "used" || whoami === undefined) return {};
    return { account: { kind: "known", account: await whoami() } };
  };
  switch (error.code) {
    case "ERR_HF_REPO_NOT_FOUND":
    case "ERR_HF_PRIVATE_OR_MISSING": {
      const hinted = hintedType(repo, files);
      if (hinted !== undefined) return askNames(hub, repo, [hinted], signal);
      // Without an owner it is nobody's, and so hidden from nobody.
      if (ownerOf(repo) === "") return askNames(hub, repo, ["elsewhere"], signal);
      if (token.kind === "used") return askAccount();
      return askNames(hub, repo, ["same-owner"], signal);
    }
    case "ERR_HF_FORBIDDEN":
    case "ERR_HF_SCOPE_MISSING":
    case "ERR_HF_ORG_POLICY":
      return askAccount();
    case "ERR_HF_GATED_REPO":
    case "ERR_HF_GATED_RESET":
      // Whether people decide is what one wants to know first; then, as whom to ask.
      return gate === undefined ? { gate: await askGateMode(hub, repo, signal) } : askAccount();
    default:
      return {};
  }
}

/** The error as the verdict has it. Its class is that of its code. */
function dressed(error: HfError, verdict: AccessVerdict, more = ""): HfError {
  const code = verdict.code ?? error.code;
  // Where the verdict says more than the Hub's words made think, its words stand in their place.
  const renamed = code !== error.code;
  const tells = renamed || verdict.kind === "misspelt" || verdict.kind === "token-expired";
  // Of a transfer that broke, and of a file that is missing, the place where it happened knows the way out.
  const knows = !tells && (error instanceof NetworkError || isPart(error));
  const hint = knows ? error.hint : verdict.next.text + more;
  const message = tells ? verdict.message : error.message;
  const { requestId, status } = error;
  const options: HfErrorOptions = {
    hint,
    cause: verdict.kind,
    ...(requestId === undefined ? {} : { requestId }),
    ...(status === undefined ? {} : { status }),
  };
  const made = errorOf(error, code, message, options);
  // Where it broke, for --debug and for whoever looks for it: with what was behind it, which `cause` names no more.
  made.stack = stackOf(error);
  return made;
}

function errorOf(error: HfError, code: HfError["code"], message: string, options: HfErrorOptions): HfError {
  if (code === "ERR_HF_SCOPE_MISSING" || code === "ERR_HF_ORG_POLICY" || error instanceof AccessError) {
    return new AccessError(code, message, options);
  }
  if (error instanceof NotFoundError) {
    const { commit } = error;
    return new NotFoundError(code, message, commit === undefined ? options : { ...options, commit });
  }
  if (error instanceof RateLimitError) {
    const { retryAfter } = error;
    return new RateLimitError(message, retryAfter === undefined ? options : { ...options, retryAfter });
  }
  for (const Kind of [TokenError, NetworkError, OfflineError]) {
    if (error instanceof Kind) return new Kind(code, message, options);
  }
  return new HfError(code, message, options);
}

function stackOf({ stack = "", cause }: HfError): string {
  return cause instanceof Error ? `${stack}\nBehind it: ${cause.stack ?? cause.message}` : stack;
}

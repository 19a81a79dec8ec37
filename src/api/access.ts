import { AT_ONCE, collectEvidence, decideAccess, sharpenRefusal } from "../access/index.ts";
import type {
  AccessEvidence,
  AccessNeed,
  AccessSubject,
  AccessVerdict,
  Account,
  GateMode,
  TokenFacts,
} from "../access/index.ts";
import { credentialOf, notExchanged, surveySources, whoami } from "../auth/index.ts";
import type { SourceReport, TokenResolution } from "../auth/index.ts";
import { isHfError, TokenError } from "../core/errors.ts";
import type { RepoAddress } from "../core/repo-address.ts";
import type { HubClient } from "../hub/index.ts";
import type { Session, TokenNeed } from "./session.ts";

/** What was found out, and what it means. */
export interface AccessReport {
  readonly verdict: AccessVerdict;
  readonly evidence: AccessEvidence;
}

export interface AccessOptions {
  /** @default "read" */
  readonly need?: AccessNeed | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Asks about repos with one token, whose account is looked up once. */
export interface AccessDesk {
  readonly hub: HubClient;
  check(subject: AccessSubject, options?: AccessOptions): Promise<AccessReport>;
}

/** What is asked about an address: its repo, and its file. A folder is no file, so a usual one is asked for. */
export function subjectOf({ repo, revision, path, isFolder }: RepoAddress): AccessSubject {
  return { repo, revision, path: isFolder === true ? undefined : path };
}

/**
 * Finds the token as every other call does. One that is there and can't be used is no error here but a part of the
 * answer: nothing of it is sent.
 * @throws HfError a store or a token file that can't be read
 */
export async function openAccess(session: Session): Promise<AccessDesk> {
  const resolution = await session.resolve();
  const token = await tokenFacts(session, resolution);
  const { endpoint } = session.settings;
  const hub = token.kind === "used" ? session.connect(credentialOf(resolution, endpoint)) : session.connect(undefined);
  let asked: Promise<Account> | undefined;
  return {
    hub,
    async check(subject, { need, signal } = {}) {
      const evidence = await collectEvidence(hub, subject, {
        token,
        need,
        now: session.refreshing.clock.now(),
        signal,
        whoami: () => (asked ??= askAccount(hub, signal)),
      });
      return { verdict: decideAccess(evidence), evidence };
    },
  };
}

/** Not repeated: the Hub limits this call strictly, and a verdict can do without it. */
export function askAccount(hub: HubClient, signal: AbortSignal | undefined): Promise<Account> {
  const once = {
    ...hub,
    json: (target: string | URL) => hub.json(target, { ...AT_ONCE, ...(signal ? { signal } : {}) }),
  };
  return whoami(once, { signal });
}

export interface SharpenFor extends AccessOptions {
  readonly gate?: GateMode | undefined;
  readonly files?: readonly string[] | undefined;
  /** The call can't do without a token, so that `HF_HUB_DISABLE_IMPLICIT_TOKEN` did not count. @default "optional" */
  readonly tokenNeed?: TokenNeed | undefined;
}

/**
 * A refused call of this session with the verdict that `hf access` would give, for one more request at most. Never fails:
 * where the verdict can't be made, the error is as it was.
 * @param hub the client that made the call
 * @param subject undefined: the call was about no repo
 */
export async function sharpenFor(
  session: Session,
  error: unknown,
  hub: HubClient,
  subject: AccessSubject | undefined,
  { signal, tokenNeed, ...options }: SharpenFor = {},
): Promise<unknown> {
  if (!isHfError(error)) return error;
  let token: TokenFacts;
  try {
    token = await tokenFacts(session, await session.resolve(tokenNeed));
  } catch {
    // A store that can't be read, or a token that would come by the network: nothing is known of who asks.
    token = { kind: "none" };
  }
  const now = session.refreshing.clock.now();
  const whoami = (): Promise<Account> => askAccount(hub, signal);
  return sharpenRefusal(error, hub, subject, { ...options, token, whoami, now, signal });
}

/**
 * The token of a resolution as a verdict sees it, with the sources that it hides.
 * @throws HfError a source that was refused for what has nothing to do with tokens
 * @throws OfflineError the token would come by an exchange, and the network is switched off
 */
export async function tokenFacts(session: Session, resolution: TokenResolution): Promise<TokenFacts> {
  const { sources } = await surveySources(session.sources(), session.refreshing.clock.now());
  const shadows = sources.filter(isShadowed).map(({ source }) => source);
  if (resolution.kind === "anonymous") {
    const keptBack = sources.find(({ state }) => state === "active" || state === "promised")?.source;
    return keptBack === undefined ? { kind: "none" } : { kind: "none", keptBack };
  }
  const { source } = resolution;
  if (resolution.kind === "refused") {
    if (!(resolution.error instanceof TokenError)) throw resolution.error;
    return { kind: "withheld", source, error: resolution.error, shadows };
  }
  if (resolution.kind === "promised") throw notExchanged(resolution.resource);
  const { tokenName, expiresAt } = resolution;
  return { kind: "used", source, tokenName, expiresAt, shadows };
}

function isShadowed({ state, shadowedBy }: SourceReport): boolean {
  return shadowedBy !== undefined && state !== "absent";
}

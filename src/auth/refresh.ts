import { isHfError, NetworkError, RateLimitError, safeText, TokenError } from "../core/errors.ts";
import type { HfError } from "../core/errors.ts";
import type { Clock } from "../core/ports.ts";
import type { Secret } from "../core/secret.ts";
import { plainText } from "../core/terminal-text.ts";
import { toldSeconds } from "../hub/index.ts";
import type { HubClient } from "../hub/index.ts";
import { homeEndpoint } from "./endpoint-rule.ts";
import { withRevealed } from "./keychain-logins.ts";
import { EMPTY_RECORD, originsOf, withRenewing } from "./login-record.ts";
import { readOauthTokens } from "./oauth.ts";
import type { OauthTokens } from "./oauth.ts";
import { planRenewal } from "./renewal-plan.ts";
import { isRefreshDue } from "./refresh-due.ts";
import type { LoginRefresher } from "./refresh-due.ts";
import type { HeldStore, StoreContents, StoredToken, StorePlan, TokenStore } from "./token-store.ts";

export interface RefreshOptions {
  readonly store: Pick<TokenStore, "write">;
  readonly clock: Clock;
  /** Id of the application that the login was made with. */
  readonly clientId: string;
  /** Makes a Hub client without a credential. */
  readonly connect: (endpoint: string) => Pick<HubClient, "request">;
  /** @default one for this process */
  readonly memory?: RefreshMemory | undefined;
  /** Milliseconds that the token endpoint has, its answer's body included. @default 10_000 */
  readonly timeoutMs?: number | undefined;
}

/** `renewed`: by us. `adopted`: another process was faster, or somebody signed in anew. `gone`: signed out meanwhile. */
export type RefreshOutcome =
  | { readonly kind: "renewed"; readonly token: Secret; readonly expiresAt?: Date }
  | { readonly kind: "adopted"; readonly token: Secret | undefined; readonly expiresAt?: Date }
  | { readonly kind: "gone" };

/** Milliseconds until a refresh that failed, or a token that is too short-lived, is looked at again. As Python. */
const PAUSE_MS = 300_000;
/** The lock is held for as long, and others wait for it. */
const REQUEST_MS = 10_000;
/** Milliseconds after which a tool without our lock has written down what it was given. */
const SETTLE_MS = 250;
const LARGEST_ANSWER = 256 * 1024;

interface Remembered {
  readonly token: Secret;
  /** Milliseconds since the epoch before which the token is left as it is. */
  until: number;
  working?: Promise<unknown>;
}

/** What one process knows of its refreshes, so that it does not ask in vain over and over. */
export interface RefreshMemory {
  readonly tokens: Remembered[];
  quietUntil: number;
}

export function createRefreshMemory(): RefreshMemory {
  return { tokens: [], quietUntil: 0 };
}

const thisProcess = createRefreshMemory();
const MOST_REMEMBERED = 100;

/** Renews logins in time, without ever failing a call for it. */
export function createRefresher(options: RefreshOptions): LoginRefresher {
  const { clock, memory = thisProcess } = options;
  return async (login, endpoint) => {
    const { token } = login;
    if (token === undefined || !isRefreshDue(login, clock.now())) return { changed: false };
    const known = remembered(memory, token);
    if (known.working !== undefined) {
      await known.working.catch(() => undefined);
      return { changed: true };
    }
    if (clock.now() < known.until) return { changed: false };
    try {
      known.working = refreshLogin(login, endpoint, options);
      const outcome = (await known.working) as RefreshOutcome;
      if (outcome.kind !== "gone" && outcome.token !== undefined) {
        // A token that lives for less than the margin would be renewed at every look.
        remembered(memory, outcome.token).until = clock.now() + PAUSE_MS;
      }
      return { changed: true };
    } catch (error) {
      if (!isHfError(error)) throw error;
      const final = error.code === "ERR_HF_INVALID_TOKEN";
      known.until = final ? Infinity : clock.now() + PAUSE_MS;
      if (!final && clock.now() < memory.quietUntil) return { changed: false };
      if (!final) memory.quietUntil = clock.now() + PAUSE_MS;
      const name = plainText(login.name, 60);
      const warning = final
        ? `${error.message} ${error.hint}`
        : `The saved login '${name}' could not be renewed: ${error.message} The old token is used for now.`;
      return { changed: false, warning };
    } finally {
      delete known.working;
    }
  };
}

function remembered(memory: RefreshMemory, token: Secret): Remembered {
  const known = memory.tokens.find((one) => one.token.equals(token));
  if (known !== undefined) return known;
  const fresh: Remembered = { token, until: 0 };
  memory.tokens.push(fresh);
  if (memory.tokens.length > MOST_REMEMBERED) memory.tokens.shift();
  return fresh;
}

/**
 * Renews a saved login now: under the store's lock, unless somebody else has done it meanwhile. A refresh token can be
 * used once, so what the Hub gives for it is written before anything else happens.
 * @param login as it was read from the store
 * @throws TokenError `ERR_HF_TOKEN_REFUSED` no OAuth login; `ERR_HF_INVALID_TOKEN` the Hub does not renew it any more
 * @throws NetworkError, RateLimitError, OfflineError, DiskError; the login is as it was then
 */
export async function refreshLogin(
  login: StoredToken,
  endpoint: string,
  options: RefreshOptions,
): Promise<RefreshOutcome> {
  const decide = async (before: StoreContents, held: HeldStore): Promise<StorePlan<RefreshOutcome>> => {
    const reread = async (): Promise<StoreContents> => withRevealed(await held.reread(), login.name, held.reveal);
    const now = await withRevealed(before, login.name, held.reveal);
    const found = findSame(now, login);
    if (found.kind !== "same") return { steps: [], report: found };
    const { refreshToken } = found.login;
    if (refreshToken === undefined || found.login.token === undefined) throw notOauth(login);
    const record = now.record.kind === "ok" ? now.record.record : EMPTY_RECORD;
    const home = homeEndpoint(endpoint, found.login.keychain?.origins ?? originsOf(record, found.login.token));
    // What can't be written must be known before the old refresh token is spent.
    const isActive = now.active.kind === "found" && now.active.token.equals(found.login.token);
    const note = isActive && now.record.kind === "ok" ? withRenewing(record, found.login.token, login.name) : undefined;
    await held.rehearse(found.login, note);
    const began = options.clock.now();
    let tokens: OauthTokens;
    try {
      tokens = await ask(options.connect(home), refreshToken, options, began);
    } catch (error) {
      if (!(error instanceof GrantRefused)) throw error;
      // Perhaps a tool that takes no lock was faster; then it has written its token by now, or will in a moment.
      await options.clock.sleep(SETTLE_MS);
      const after = findSame(await reread(), login);
      if (after.kind !== "same") return { steps: [], report: after };
      throw noLonger(login, error);
    }
    // Read again: tools without our lock may have changed other logins while the Hub was asked.
    const after = await reread();
    if (after.saved.kind === "unreadable") throw after.saved.error;
    const still = findSame(after, login);
    if (still.kind !== "same") return { steps: [], report: still };
    return planRenewal(after, still.login, tokens, began);
  };
  return (await options.store.write(decide)).report;
}

type Same =
  | { readonly kind: "same"; readonly login: StoredToken }
  | Extract<RefreshOutcome, { readonly kind: "adopted" | "gone" }>;

/** The login as it is in the store now, found by its name; tokens change. */
function findSame(now: StoreContents, login: StoredToken): Same {
  if (now.saved.kind === "unreadable") throw now.saved.error;
  const current = now.saved.logins.find(({ name }) => name === login.name);
  if (current === undefined) return { kind: "gone" };
  if (login.token !== undefined && current.token?.equals(login.token) === true) return { kind: "same", login: current };
  const { token, expiresAt } = current;
  return { kind: "adopted", token, ...(expiresAt === undefined ? {} : { expiresAt }) };
}

/** `invalid_grant`: this refresh token is worth nothing, and will not be tomorrow. */
class GrantRefused extends Error {}

async function ask(
  hub: Pick<HubClient, "request">,
  refreshToken: Secret,
  { clientId, clock, timeoutMs = REQUEST_MS }: RefreshOptions,
  began: number,
): Promise<OauthTokens> {
  const answer = await hub.request("oauth/token", {
    form: { grant_type: "refresh_token", refresh_token: refreshToken.expose(), client_id: clientId },
    // The body holds a secret, and the endpoint may not pass it on.
    redirect: "refuse",
    anonymous: true,
    refusals: "return",
    // A second try would send a token that the first may have spent.
    repeatable: false,
    timeoutMs,
    totalMs: timeoutMs,
    maxBytes: LARGEST_ANSWER,
  });
  const body = readJson(answer.text);
  if (answer.status === 200) {
    const tokens = readOauthTokens(body, began);
    if (tokens !== undefined) return tokens;
    throw new NetworkError("ERR_HF_BAD_ANSWER", `${answer.url.host} answered to a refresh without a token.`, {
      hint: "Check that HF_ENDPOINT names a Hub.",
    });
  }
  const error = typeof body === "object" && body !== null && "error" in body ? body.error : undefined;
  const description =
    typeof body === "object" && body !== null && "error_description" in body ? body.error_description : undefined;
  const why = [error, description].filter((one) => typeof one === "string").join(": ");
  if (error === "invalid_grant" && answer.status < 500) throw new GrantRefused(safeText(why, 300));
  if (answer.status === 429) {
    const retryAfter = toldSeconds(answer.status, answer.headers, clock.now());
    throw new RateLimitError(`${answer.url.host} takes no more requests for now.`, {
      status: answer.status,
      ...(retryAfter === undefined ? {} : { retryAfter }),
      hint: `${retryAfter === undefined ? "Wait a few minutes" : `Wait ${retryAfter} s`}, then: hf auth refresh`,
    });
  }
  throw new NetworkError(
    answer.status >= 500 ? "ERR_HF_HUB_DOWN" : "ERR_HF_HTTP",
    `${answer.url.host} answered to a refresh with status ${answer.status}${why === "" ? "" : ` (${safeText(why, 300)})`}.`,
    {
      status: answer.status,
      hint: "Try again later with 'hf auth refresh', or sign in again with 'hf auth login --force'.",
    },
  );
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A saved login that nothing can be asked for with. */
export function notOauth(login: StoredToken): HfError {
  return new TokenError(
    "ERR_HF_TOKEN_REFUSED",
    `The saved login '${plainText(login.name, 60)}' has nothing to renew it.`,
    {
      hint: "Only sign-ins by browser or device code are renewed. A pasted token lasts as long as its page at the Hub says.",
    },
  );
}

function noLonger(login: StoredToken, cause: GrantRefused): HfError {
  return new TokenError("ERR_HF_INVALID_TOKEN", `The Hub does not renew '${plainText(login.name, 60)}' any more.`, {
    cause,
    hint: "Sign in again with 'hf auth login --force'.",
  });
}

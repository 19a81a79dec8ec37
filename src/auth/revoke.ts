import { HfError, isHfError } from "../core/errors.ts";
import type { Credential } from "../core/credential.ts";
import type { Clock } from "../core/ports.ts";
import type { Secret } from "../core/secret.ts";
import type { HubClient } from "../hub/index.ts";
import { homeEndpoint, insecureEndpoint, misplacedLogin } from "./endpoint-rule.ts";
import { withRevealed } from "./keychain-logins.ts";
import { originsOf } from "./login-record.ts";
import { readNamedLogin } from "./named-login.ts";
import { readableLogins } from "./token-store.ts";
import type { TokenStore } from "./token-store.ts";

export interface RevokeOptions {
  /** Makes a Hub client for the Hub that the token is of. */
  readonly connect: (endpoint: string, credential: Credential | undefined) => Pick<HubClient, "request">;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
}

/** A token to be ended, and where. */
export interface Revocable {
  /** Names of the saved logins that hold it; none for a token that stands in the token file alone. */
  readonly names: readonly string[];
  readonly token: Secret;
  readonly refreshToken?: Secret;
  /** The Hub that made it. A mirror that the user trusts may be given a token to read with, but can't end it. */
  readonly endpoint: string;
}

/** Milliseconds before each look whether it is gone: the Hub answers that it has taken the request, not that it is done. */
const LOOKS_MS = [0, 1000, 3000, 6000];
const LARGEST_ANSWER = 256 * 1024;

/**
 * The tokens of the saved logins that may be ended by way of `endpoint`, each once.
 * @param name that login alone; undefined: all of them, and what is in the token file
 * @throws HfError the reason why one can't be used here: it belongs to another Hub, or can't be read, as in a locked
 * keychain
 */
export async function revocable(
  store: Pick<TokenStore, "read" | "reveal">,
  endpoint: string,
  name?: string,
): Promise<readonly Revocable[]> {
  let now = await store.read();
  for (const login of readableLogins(now)) {
    if (name === undefined || login.name === name) now = await withRevealed(now, login.name, store.reveal);
  }
  const { saved, record, active } = now;
  if (saved.kind === "unreadable") throw saved.error;
  if (record.kind === "unreadable") throw record.error;
  const found: Revocable[] = [];
  for (const login of saved.logins) {
    if (name !== undefined && login.name !== name) continue;
    const reading = readNamedLogin(now, login.name, endpoint);
    if (reading.kind !== "found") {
      // What can't be a token can't be ended; it goes with the sign-out.
      if (name === undefined && reading.kind === "refused" && reading.error.code === "ERR_HF_TOKEN_REFUSED") continue;
      throw reading.kind === "refused" ? reading.error : new TypeError("a login that is there has no reading");
    }
    const { token } = reading;
    if (found.some((one) => one.token.equals(token))) continue;
    const holders = saved.logins.filter((other) => other.token?.equals(token)).map((other) => other.name);
    const { refreshToken } = login;
    const home = homeEndpoint(endpoint, login.keychain?.origins ?? originsOf(record.record, token));
    found.push({ token, names: holders, endpoint: home, ...(refreshToken === undefined ? {} : { refreshToken }) });
  }
  if (name === undefined && active.kind === "found" && !found.some(({ token }) => token.equals(active.token))) {
    const loginOrigins = originsOf(record.record, active.token);
    const misplaced = misplacedLogin({ endpoint, loginOrigins, trusted: record.record.trusted });
    if (misplaced !== undefined) throw misplaced;
    found.push({ token: active.token, names: [], endpoint: homeEndpoint(endpoint, loginOrigins) });
  }
  return found;
}

/**
 * Ends a token at its Hub, for good and everywhere, and comes back when the Hub has refused it.
 * @throws HfError `ERR_HF_NOT_REVOKED` the Hub has no way to, or the token is still good after ten seconds
 * @throws TokenError `ERR_HF_INSECURE_ENDPOINT`
 * @throws RateLimitError, NetworkError, OfflineError; whether it was ended is not known then
 */
export async function revokeToken(
  revoked: Pick<Revocable, "token" | "refreshToken" | "endpoint">,
  options: RevokeOptions,
): Promise<void> {
  const { token, refreshToken, endpoint } = revoked;
  const { clock, signal } = options;
  const insecure = insecureEndpoint(endpoint);
  if (insecure !== undefined) throw insecure;
  const hub = options.connect(endpoint, undefined);
  try {
    await send(hub, token, signal);
  } catch (error) {
    if (isHfError(error) && (error.status === 404 || error.status === 405)) throw noWay(endpoint, error);
    throw error;
  }
  // Not every Hub takes one here. The login that it is of has just been ended with its token.
  if (refreshToken !== undefined) await send(hub, refreshToken, signal).catch(ignoreRefusal);
  const { origin } = new URL(endpoint);
  const asker = options.connect(endpoint, { token, origin, source: "the token to revoke" });
  for (const wait of LOOKS_MS) {
    if (wait > 0) await clock.sleep(wait, signal);
    const { status } = await asker.request("api/whoami-v2", {
      refusals: "return",
      maxBytes: LARGEST_ANSWER,
      ...aborted(signal),
    });
    if (status === 401) return;
  }
  throw new HfError("ERR_HF_NOT_REVOKED", `${new URL(endpoint).host} took the request, but the token still works.`, {
    hint: `End it at ${endpoint}/settings/tokens, or try again in a minute.`,
  });
}

async function send(hub: Pick<HubClient, "request">, token: Secret, signal: AbortSignal | undefined): Promise<void> {
  await hub.request("api/credentials/revoke", {
    json: { credentials: [token.expose()] },
    anonymous: true,
    redirect: "refuse",
    // To end a token twice is to end it once.
    repeatable: true,
    maxBytes: LARGEST_ANSWER,
    ...aborted(signal),
  });
}

function ignoreRefusal(error: unknown): void {
  if (isHfError(error) && error.status !== undefined) return;
  throw error;
}

function aborted(signal: AbortSignal | undefined): { readonly signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}

function noWay(endpoint: string, cause: HfError): HfError {
  return new HfError("ERR_HF_NOT_REVOKED", `${new URL(endpoint).host} has no way to revoke a token from here.`, {
    cause,
    hint: `End it at ${endpoint}/settings/tokens`,
  });
}

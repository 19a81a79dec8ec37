import type { Credential } from "../core/credential.ts";
import { DiskError, TokenError } from "../core/errors.ts";
import type { HfError } from "../core/errors.ts";
import type { Environment } from "../core/ports.ts";
import type { Secret } from "../core/secret.ts";
import type { HubClient } from "../hub/index.ts";
import { withRevealed } from "./keychain-logins.ts";
import { insecureEndpoint } from "./endpoint-rule.ts";
import type { Identity } from "./identity.ts";
import { overridingSource } from "./sources.ts";
import { planLogin, planLogout, planSwitch } from "./store-plans.ts";
import type { LogoutReport, SwitchReport } from "./store-plans.ts";
import { parseTokenName, safeTokenName } from "./token-name.ts";
import type { ChangeOptions, ChangeResult, ClearReport, HeldStore, StoreContents, TokenStore } from "./token-store.ts";
import { whoami } from "./whoami.ts";

export interface LoginOptions extends ChangeOptions {
  /** Already clean. */
  readonly token: Secret;
  /** Where the token came from, for the message when the Hub refuses it. @default "the sign-in" */
  readonly source?: string | undefined;
  /** Name to save it under. Default: the token's own name at the Hub, else `oauth-<user>`. */
  readonly name?: string | undefined;
  readonly endpoint: string;
  readonly store: TokenStore;
  /** Makes a Hub client for `endpoint` with the new token. */
  readonly connect: (credential: Credential) => Pick<HubClient, "json" | "endpoint" | "credential">;
  /** To tell whether a variable will hide the new login. */
  readonly env: Environment;
  /**
   * Save it in the system's keychain, where Python's tools can't read it. `tryKeychain` tells before whether it works.
   * @default false
   */
  readonly inKeychain?: boolean | undefined;
  /** Of an OAuth answer. */
  readonly refreshToken?: Secret | undefined;
  readonly expiresAt?: Date | undefined;
}

export interface LoginReport {
  /** Name that the login was saved under. */
  readonly name: string;
  readonly user: string;
  readonly role?: string;
  readonly identity: Identity;
  readonly endpoint: string;
  readonly tokenPath: string;
  readonly storedTokensPath: string;
  /** The keychain that it was saved in, in words; absent: in the files. */
  readonly keychain?: string;
  /** True when a login of that name was there and has been replaced. */
  readonly replaced: boolean;
  /** True when that one had another token, which is saved nowhere any more. */
  readonly replacedOther: boolean;
  /** Of a login that is renewed before it. */
  readonly expiresAt?: Date;
  /** The source that hides the new login for now: `env:HF_TOKEN`. */
  readonly overriddenBy?: string;
  /** Copy of a file of saved logins that could not be read. */
  readonly copy?: string;
  readonly imported: readonly string[];
}

/**
 * Signs in: asks the Hub whose token it is, saves it under its name and makes it the active one. Nothing is written
 * before the Hub has accepted the token.
 * @throws TokenError `ERR_HF_ORG_TOKEN`, `ERR_HF_INVALID_TOKEN`, `ERR_HF_INSECURE_ENDPOINT`
 * @throws UsageError `ERR_HF_TOKEN_NAME`
 * @throws DiskError, RateLimitError, NetworkError
 */
export async function login(options: LoginOptions): Promise<LoginReport> {
  const { token, endpoint, store, env, signal, onUnreadable } = options;
  const wanted = options.name === undefined ? undefined : parseTokenName(options.name);
  // Told by its first letters, so that it does not even travel.
  if (token.expose().startsWith("api_org")) throw orgToken(endpoint);
  const insecure = insecureEndpoint(endpoint);
  if (insecure !== undefined) throw insecure;

  const { keychain } = store;
  if (options.inKeychain === true && keychain === undefined) throw noKeychain();
  const { origin } = new URL(endpoint);
  const hub = options.connect({ token, origin, source: options.source ?? "the sign-in" });
  const identity = await whoami(hub, { signal });
  if (identity.type === "org") throw orgToken(endpoint);

  const fallback = `oauth-${identity.name}`;
  const name = wanted ?? safeTokenName(identity.token?.name ?? fallback, fallback);
  const { refreshToken, expiresAt, inKeychain } = options;
  const { report, copy } = await store.write(
    (now) =>
      planLogin(
        now,
        { name, nameFromHub: wanted === undefined, token, origin, inKeychain, refreshToken, expiresAt },
        onUnreadable,
      ),
    { onUnreadable, signal },
  );
  const { tokenFile, storedTokens } = await store.describe();
  const overriddenBy = overridingSource(env, token);
  return {
    user: identity.name,
    ...(identity.token?.role === undefined ? {} : { role: identity.token.role }),
    identity,
    endpoint,
    tokenPath: tokenFile.path,
    storedTokensPath: storedTokens.path,
    ...(inKeychain === true && keychain !== undefined ? { keychain: keychain.label } : {}),
    ...report,
    ...(refreshToken === undefined || expiresAt === undefined ? {} : { expiresAt }),
    ...(overriddenBy === undefined ? {} : { overriddenBy }),
    ...(copy === undefined ? {} : { copy }),
  };
}

/**
 * Makes a saved login the active one.
 * @throws UsageError `ERR_HF_TOKEN_NAME` when there is no such login; DiskError
 */
export async function switchTo(
  store: TokenStore,
  name: string,
  env: Environment,
  options: ChangeOptions = {},
): Promise<SwitchReport & { readonly overriddenBy?: string }> {
  const decide = async (now: StoreContents, { reveal }: HeldStore) =>
    planSwitch(await withRevealed(now, name, reveal), name);
  const { report } = await store.write(decide, options);
  const overriddenBy = overridingSource(env, report.token);
  return { ...report, ...(overriddenBy === undefined ? {} : { overriddenBy }) };
}

/**
 * Takes one saved login away, and the active token with it when it is the same.
 * @throws UsageError `ERR_HF_TOKEN_NAME` when there is no such login; DiskError
 */
export async function logout(
  store: TokenStore,
  name: string,
  options: ChangeOptions = {},
): Promise<LogoutReport & Pick<ChangeResult<unknown>, "kept">> {
  const decide = async (now: StoreContents, { reveal }: HeldStore) =>
    planLogout(await withRevealed(now, name, reveal).catch(() => now), name);
  const { report, kept } = await store.write(decide, options);
  return { ...report, kept };
}

/** Takes every login away. Removing nothing is no error; a file that can't be read stays and is named in `kept`. */
export async function logoutAll(store: TokenStore, options: ChangeOptions = {}): Promise<ClearReport> {
  return store.clear(options);
}

function noKeychain(): HfError {
  return new DiskError("ERR_HF_KEYCHAIN", "No keychain can be asked from here.", {
    hint: "Keep the login in a file: hf auth login --store file",
  });
}

function orgToken(endpoint: string): HfError {
  return new TokenError(
    "ERR_HF_ORG_TOKEN",
    "This is a token of an organisation. Only a person's own token can sign in.",
    {
      hint: `Make one at ${endpoint}/settings/tokens`,
    },
  );
}

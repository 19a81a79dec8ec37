import { dirname, join } from "node:path";
import {
  UntrustedEndpointError,
  createFileTokenStore,
  createFolderLogins,
  createKeychain,
  createOidcExchanger,
  createRefresher,
  credentialOf,
  oauthClientId,
  resolveToken,
  tokenSources,
  trustEndpoint,
} from "../auth/index.ts";
import type {
  ExplicitToken,
  FolderLogins,
  OidcConfigOptions,
  RefreshOptions,
  TokenResolution,
  TokenSource,
  TokenStore,
} from "../auth/index.ts";
import { systemClock } from "../core/clock.ts";
import type { Credential } from "../core/credential.ts";
import type { Clock, Environment, Fetch, Warn } from "../core/ports.ts";
import type { Secret } from "../core/secret.ts";
import type { Settings } from "../core/settings.ts";
import { createWaitBoard } from "../core/wait-board.ts";
import { createHubClient, userAgent } from "../hub/index.ts";
import type { HubClient, HubClientOptions } from "../hub/index.ts";
import { networkOf } from "./network.ts";

export interface SessionOptions {
  readonly settings: Settings;
  readonly env: Environment;
  readonly platform: NodeJS.Platform;
  /** Where Node and this package are, for logins in the system's keychain. Undefined: none can be asked. */
  readonly program?: { readonly execPath: string; readonly script: string } | undefined;
  /** User id of this process, where there is such a thing. */
  readonly uid?: number | undefined;
  /** The folder that the caller works in, for `hf auth use`. Undefined: the rules of folders do not count. */
  readonly cwd?: string | undefined;
  /** A token or a saved login that the caller named, with the source it is reported as; `false`: no token at all. */
  readonly explicit?: ExplicitToken | false | undefined;
  readonly fetch?: Fetch | undefined;
  readonly clock?: Clock | undefined;
  readonly warn?: Warn | undefined;
  /** Shows a wait to the person; what it answers is called at the wait's end. Without it a wait is a warning. */
  readonly showWait?: HubClientOptions["showWait"];
  /**
   * Asks the person whether saved logins may go to another https endpoint from now on. Without it, or when the answer
   * is no, the call is refused.
   */
  readonly confirmEndpoint?: ((origin: string) => Promise<boolean>) | undefined;
  /** Told of every secret that is made for this session, before anything else knows it. */
  readonly onSecret?: ((secret: Secret) => void) | undefined;
  /** One redacted line for each exchange with the Hub. */
  readonly onExchange?: ((line: string) => void) | undefined;
}

export type TokenNeed = "optional" | "required";

/** The rooms wired for one caller: which token, which Hub, which files. Each part is made on first use. */
export interface Session {
  readonly settings: Settings;
  readonly store: TokenStore;
  readonly folders: FolderLogins;
  /** What renewing a saved login takes. */
  readonly refreshing: RefreshOptions;
  /**
   * The places that a token may come from, in order. Asking them renews nothing, and exchanges nothing unless that is
   * wanted: without it a token by exchange is only promised.
   */
  sources(options?: { readonly exchange?: boolean }): readonly TokenSource[];
  /**
   * Which token is used, and from where. Warns about what was odd.
   * @param need `"required"`: the call can't do without one, so `HF_HUB_DISABLE_IMPLICIT_TOKEN` does not count
   */
  resolve(need?: TokenNeed): Promise<TokenResolution>;
  /**
   * A client with the token that was resolved, or without one.
   * @throws HfError the reason of a refused source
   */
  hub(need?: TokenNeed): Promise<HubClient>;
  /** A client for the same endpoint with another credential, or without one. */
  connect(credential: Credential | undefined): HubClient;
  /** The same for another endpoint. */
  connectTo(endpoint: string, credential: Credential | undefined): HubClient;
}

export function openSession(options: SessionOptions): Session {
  const { settings, env, platform, uid, cwd, explicit, warn } = options;
  const clock = options.clock ?? systemClock;
  const { tokenPath, storedTokensPath, endpoint } = settings;
  const { program } = options;
  const keychain =
    program === undefined
      ? undefined
      : createKeychain({ platform, env, execPath: program.execPath, from: program.script });
  const store = createFileTokenStore({ tokenPath, storedTokensPath, platform, clock, keychain, uid, warn });
  const folders = createFolderLogins({ storedTokensPath, platform });
  const folderRule = cwd === undefined ? undefined : () => folders.find(cwd);
  const refreshing: RefreshOptions = {
    store,
    clock,
    clientId: oauthClientId(env),
    connect: (at) => clientFor(at, undefined),
  };
  const refresh = settings.offline ? undefined : createRefresher(refreshing);
  const config: OidcConfigOptions = { path: join(dirname(storedTokensPath), "latchkey-oidc.json"), platform, uid };
  const exchanger = createOidcExchanger({
    env,
    endpoint,
    clock,
    connect: (at) => clientFor(at, undefined),
    // What that server would have a person read is no word of the Hub.
    connectRunner: (credential) => clientFor(credential.origin, credential, false),
    onSecret: options.onSecret,
  });
  const sources = (implicit: boolean, does: { readonly renew: boolean; readonly exchange: boolean }) => {
    if (explicit === false) return [];
    const oidc = { config, ...(does.exchange && !settings.offline ? { exchange: exchanger } : {}) };
    const renew = does.renew ? { refresh } : {};
    return tokenSources({ env, endpoint, store, explicit, folderRule, implicit, oidc, ...renew });
  };

  const confirmed = async (ask: () => Promise<TokenResolution>): Promise<TokenResolution> => {
    const found = await ask();
    if (found.kind !== "refused" || !(found.error instanceof UntrustedEndpointError)) return found;
    if ((await options.confirmEndpoint?.(found.error.origin)) !== true) return found;
    await trustEndpoint(store, found.error.origin);
    return ask();
  };
  const resolutions = new Map<boolean, Promise<TokenResolution>>();
  const resolve = (need: TokenNeed = "optional"): Promise<TokenResolution> => {
    const implicit = need === "required" || !settings.disableImplicitToken;
    const known = resolutions.get(implicit);
    if (known !== undefined) return known;
    const found = confirmed(() => resolveToken(sources(implicit, { renew: true, exchange: true }))).then(
      (resolution) => {
        if (resolution.kind === "found") resolution.warnings?.forEach((warning) => warn?.(warning));
        return resolution;
      },
    );
    resolutions.set(implicit, found);
    return found;
  };
  const board = createWaitBoard({
    path: join(dirname(storedTokensPath), "latchkey-waits.json"),
    now: () => clock.now(),
  });
  const clientFor = (
    at: string,
    credential: Credential | undefined,
    tells = true,
    renewCredential?: () => Promise<Credential>,
  ): HubClient =>
    createHubClient({
      endpoint: at,
      ...(credential === undefined ? {} : { credential }),
      renewCredential,
      ...(options.fetch === undefined ? {} : { fetch: options.fetch }),
      clock,
      userAgent: userAgent(settings.userAgentOrigin),
      requestTimeoutMs: settings.requestTimeoutMs,
      transferTimeoutMs: settings.downloadTimeoutMs,
      board,
      ...(options.showWait === undefined ? {} : { showWait: options.showWait }),
      offline: settings.offline,
      ...(warn === undefined || !tells ? {} : { warn }),
      ...(options.onExchange === undefined ? {} : { onExchange: options.onExchange }),
      ...networkOf(env, settings, warn),
    });
  const connect = (credential: Credential | undefined): HubClient => clientFor(endpoint, credential);
  /** A token for an hour must not end a download that takes two. */
  const connectFor = (found: TokenResolution): HubClient => {
    const credential = credentialOf(found, endpoint);
    if (found.kind !== "found" || found.resource === undefined) return connect(credential);
    return clientFor(endpoint, credential, true, async () => {
      const again = credentialOf(await resolveToken(sources(true, { renew: false, exchange: true })), endpoint);
      return again ?? { token: found.token, origin: new URL(endpoint).origin, source: found.source };
    });
  };
  const hubs = new Map<TokenNeed, Promise<HubClient>>();
  const hub = (need: TokenNeed = "optional"): Promise<HubClient> => {
    const made = hubs.get(need) ?? resolve(need).then(connectFor);
    hubs.set(need, made);
    return made;
  };
  return {
    settings,
    store,
    folders,
    refreshing,
    sources: ({ exchange = false } = {}) => sources(true, { renew: false, exchange }),
    resolve,
    hub,
    connect,
    connectTo: clientFor,
  };
}

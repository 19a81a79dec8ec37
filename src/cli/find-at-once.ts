import { dirname, join } from "node:path";
import {
  createFileTokenStore,
  createFolderLogins,
  createKeychain,
  isRefreshDue,
  resolveToken,
  tokenSources,
  withoutTokens,
} from "../auth/index.ts";
import type { LoginRefresher, TokenResolution, TokenSource, TokenStore } from "../auth/index.ts";
import { systemClock } from "../core/clock.ts";
import { parseEndpoint, readSettings } from "../core/settings.ts";
import type { Settings } from "../core/settings.ts";
import { ownHome, userHome } from "../core/user-home.ts";
import type { ProcessPort } from "./process-port.ts";

export interface FindOptions {
  /** Address that the token is wanted for, when it is not the environment's. */
  readonly endpoint?: string | undefined;
  /** The saved login that was named with `--as`. */
  readonly tokenName?: string | undefined;
  /** Renews a login that is due. Default: throws, so that the whole program takes over. */
  readonly refresh?: LoginRefresher | "never";
}

/** A login has to be renewed first. That takes the network, which is not loaded here. */
export class RefreshDue extends Error {}

const takeOver: LoginRefresher = async (login) => {
  if (isRefreshDue(login, systemClock.now())) throw new RefreshDue();
  return { changed: false };
};

export interface FoundAtOnce {
  /** With the endpoint that was asked for. Their warnings were not told to anybody yet. */
  readonly settings: Settings;
  readonly store: TokenStore;
  readonly sources: readonly TokenSource[];
  resolve(): Promise<TokenResolution>;
}

/**
 * Which token is used, found without loading the whole program. For the commands that shells, git and scripts call
 * over and over.
 * @throws UsageError `ERR_HF_INVALID_ENDPOINT`
 */
export function findAtOnce(process: ProcessPort, options: FindOptions = {}): FoundAtOnce {
  const { env, platform } = process;
  const cwd = process.cwd();
  const read = readSettings(env, { platform, home: ownHome(), cwd, userHome });
  const endpoint = options.endpoint === undefined ? read.endpoint : parseEndpoint(options.endpoint);
  const { tokenPath, storedTokensPath } = read;
  const uid = process.getuid?.();
  const keychain = createKeychain({ platform, env, execPath: process.execPath, from: process.argv[1] ?? "" });
  const store = createFileTokenStore({ tokenPath, storedTokensPath, platform, clock: systemClock, keychain, uid });
  const folders = createFolderLogins({ storedTokensPath, platform });
  const { tokenName, refresh = takeOver } = options;
  const sources = tokenSources({
    // A token in a variable belongs to the endpoint of the environment, and so to no other that is asked for here.
    env: isSameOrigin(endpoint, read.endpoint) ? env : withoutTokens(env),
    endpoint,
    store,
    explicit: tokenName === undefined ? undefined : { tokenName, source: "flag:--as" },
    folderRule: () => folders.find(cwd),
    // Without the exchange itself: a token that has to be got over the network is only promised here.
    oidc: { config: { path: join(dirname(storedTokensPath), "latchkey-oidc.json"), platform, uid } },
    refresh: refresh === "never" || read.offline ? undefined : refresh,
  });
  return { settings: { ...read, endpoint }, store, sources, resolve: () => resolveToken(sources) };
}

function isSameOrigin(a: string, b: string): boolean {
  return new URL(a).origin === new URL(b).origin;
}

import { homedir } from "node:os";
import {
  createFileTokenStore,
  createFolderLogins,
  isTokenVariable,
  resolveToken,
  tokenSources,
} from "../auth/index.ts";
import type { TokenResolution } from "../auth/index.ts";
import { systemClock } from "../core/clock.ts";
import type { Environment } from "../core/ports.ts";
import { parseEndpoint, readSettings } from "../core/settings.ts";
import { userHome } from "../core/user-home.ts";
import type { ProcessPort } from "./process-port.ts";

export interface FindOptions {
  /** Address that the token is wanted for, when it is not the environment's. */
  readonly endpoint?: string | undefined;
  /** The saved login that was named with `--as`. */
  readonly tokenName?: string | undefined;
}

export interface FoundAtOnce {
  readonly endpoint: string;
  /** About odd values in the environment; nobody was told yet. */
  readonly warnings: readonly string[];
  resolve(): Promise<TokenResolution>;
}

/**
 * Which token is used, found without loading the whole program. For the commands that shells, git and scripts call
 * over and over.
 * @throws UsageError `ERR_HF_INVALID_ENDPOINT`
 */
export function findAtOnce({ env, platform, cwd }: ProcessPort, options: FindOptions = {}): FoundAtOnce {
  const here = cwd();
  const settings = readSettings(env, { platform, home: homedir(), cwd: here, userHome });
  const { tokenPath, storedTokensPath, warnings } = settings;
  const endpoint = options.endpoint === undefined ? settings.endpoint : parseEndpoint(options.endpoint);
  const resolve = (): Promise<TokenResolution> => {
    const store = createFileTokenStore({ tokenPath, storedTokensPath, platform, clock: systemClock });
    const folders = createFolderLogins({ storedTokensPath, platform });
    const { tokenName } = options;
    return resolveToken(
      tokenSources({
        env: isSameOrigin(endpoint, settings.endpoint) ? env : withoutTokens(env),
        endpoint,
        store,
        explicit: tokenName === undefined ? undefined : { tokenName, source: "flag:--as" },
        folderRule: () => folders.find(here),
      }),
    );
  };
  return { endpoint, warnings, resolve };
}

/** A token in a variable belongs to the endpoint of the environment, and so to no other that is asked for here. */
function withoutTokens(env: Environment): Environment {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !isTokenVariable(name)));
}

function isSameOrigin(a: string, b: string): boolean {
  return new URL(a).origin === new URL(b).origin;
}

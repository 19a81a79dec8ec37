import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Session } from "../api/index.ts";
import type { TokenResolution } from "../auth/index.ts";
import { freeSpace } from "../cache/index.ts";
import type { HfError } from "../core/errors.ts";
import type { Clock, Environment, Machine } from "../core/ports.ts";
import { containerMark, isMounted, probeFolder, readDisk } from "./collect-folder.ts";
import { collectGit } from "./collect-git.ts";
import { collectLogins } from "./collect-logins.ts";
import { collectProgram, isSafePath, safeEnvironment } from "./collect-program.ts";
import { findTokensInArguments } from "./collect-processes.ts";
import { collectDotenv, collectNetrc } from "./collect-project.ts";
import { collectVariables } from "./collect-variables.ts";
import { readCacheLocks } from "./lock-holder.ts";
import { realPath } from "./look.ts";
import type { CacheEvidence, Evidence, NetworkEvidence } from "./evidence.ts";

export interface CollectOptions {
  readonly session: Session;
  readonly env: Environment;
  readonly machine: Machine;
  readonly clock: Clock;
  readonly uid: number | undefined;
  /** Undefined when the system has no account for this user. */
  readonly userName: string | undefined;
  /** Of Node, as `20.19.1`. */
  readonly nodeVersion: string;
  /** The program as it was started. */
  readonly script: string;
  /** Why `HF_ENDPOINT` was passed over when the session was opened. */
  readonly endpointError: HfError | undefined;
  /** Looks at the network with the token that was found; asked at the same time as everything else. */
  readonly askNetwork: (resolution: TokenResolution | undefined) => Promise<NetworkEvidence>;
  /** Milliseconds that git has for each question. @default 1500 */
  readonly gitMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A helper or a disk that hangs is no reason to wait. */
const GIT_MS = 1500;

/** Looks at everything that the checks need, at the same time, and changes nothing. */
export async function collect(options: CollectOptions): Promise<Evidence> {
  const { session, env, machine, clock, signal, gitMs: timeoutMs = GIT_MS } = options;
  const { settings } = session;
  const { platform } = machine;
  const cwd = realPath(machine.cwd);
  const ownHome = realPath(machine.home);
  const safeEnv = safeEnvironment(env, cwd, ownHome);
  const tryLocks = isSafePath(env, cwd, ownHome);
  const git = { env: safeEnv, endpoint: settings.endpoint, timeoutMs, signal };
  const logins = await collectLogins({
    settings,
    env,
    store: session.store,
    folders: session.folders,
    sources: session.sources(),
    now: clock.now(),
    userHome: machine.home,
  });
  const [home, gitFound, dotenv, cache, network] = await Promise.all([
    probeFolder(settings.home, { tryLocks }),
    collectGit(git),
    collectDotenv({ env: safeEnv, cwd, timeoutMs }),
    collectCache(options, tryLocks),
    options.askNetwork(logins.survey?.resolution),
  ]);
  return {
    platform,
    now: clock.now(),
    env,
    settings,
    endpointError: options.endpointError,
    user: {
      uid: options.uid,
      name: options.userName,
      home: machine.home,
      inContainer: containerMark(env) !== undefined,
    },
    mounted: isMounted(settings.home),
    program: collectProgram({ ...options, platform, cwd, home: ownHome }),
    logins: { ...logins, home },
    variables: collectVariables(env, settings.endpoint),
    git: gitFound,
    dotenv,
    netrc: collectNetrc({ env, platform, home: machine.home, host: new URL(settings.endpoint).hostname }),
    exposed: findTokensInArguments(options.uid),
    cache,
    network,
  };
}

async function collectCache({ session, machine }: CollectOptions, tryLocks: boolean): Promise<CacheEvidence> {
  const { hubCache } = session.settings;
  const usual = join(machine.home, ".cache", "huggingface", "hub");
  return {
    probe: await probeFolder(hubCache, { tryLocks }),
    freeBytes: freeSpace(hubCache),
    ...readDisk(hubCache, machine.platform),
    locks: readCacheLocks(hubCache),
    elsewhere: realPath(usual) !== realPath(hubCache) && holdsRepos(usual) ? usual : undefined,
  };
}

function holdsRepos(folder: string): boolean {
  try {
    return readdirSync(folder).some((name) => /^(?:models|datasets|spaces)--/.test(name));
  } catch {
    return false;
  }
}

import { readGateMode, withoutDeadToken } from "../access/index.ts";
import type { GateMode } from "../access/index.ts";
import { isHfError } from "../core/errors.ts";
import type { Repo } from "../core/repo.ts";
import { applyPlan, fetchFile, fetchSnapshot, planFetch } from "../download/index.ts";
import type {
  ApplyOptions,
  DownloadPlan,
  DownloadResult,
  FetchOptions,
  PlanFetchOptions,
  SnapshotOptions,
} from "../download/index.ts";
import type { HubClient } from "../hub/index.ts";
import { sharpenFor } from "./access.ts";
import type { Session } from "./session.ts";

/** What to do when the Hub does not know the token, and the repo is public. */
export type AuthFallback = "warn" | "error" | "silent";

interface FallbackOptions {
  /**
   * `"warn"`: go on without the token, and say so; `"silent"`: go on; `"error"`: refuse. A private or gated repo is
   * always refused. @default "warn"
   */
  readonly authFallback?: AuthFallback;
}

/** As the room `download` takes them, with the cache folder and the switches found by themselves. */
export type DownloadFileOptions = Partial<FetchOptions> & PreferOffline & FallbackOptions;
export type DownloadSnapshotOptions = Partial<SnapshotOptions> & PreferOffline & FallbackOptions;
export type PlanDownloadOptions = Partial<PlanFetchOptions> & PreferOffline & FallbackOptions;

export type ApplyDownloadOptions = ApplyOptions & FallbackOptions;

export interface PreferOffline {
  /**
   * Take what is there, whole and of the revision as it was when it was last asked about, without a request and without
   * a look for a token; ask the Hub for anything else. A folder of one's own remembers no branches: for it, only a full
   * commit is answered so. `forceDownload` goes before it. @default false
   */
  readonly preferOffline?: boolean;
}

export async function downloadSnapshotWith(
  session: Session,
  repo: Repo,
  options: DownloadSnapshotOptions,
): Promise<DownloadResult> {
  return asking(session, repo, options, (hub, all) => fetchSnapshot(hub, repo, all));
}

export async function downloadFileWith(
  session: Session,
  repo: Repo,
  path: string,
  options: DownloadFileOptions,
): Promise<DownloadResult> {
  return asking(session, repo, { ...options, path }, (hub, all) => fetchFile(hub, repo, path, all));
}

export async function planDownloadWith(
  session: Session,
  repo: Repo,
  options: PlanDownloadOptions,
): Promise<DownloadPlan> {
  return asking(session, repo, options, (hub, all) => planFetch(hub, repo, all));
}

export async function applyDownloadWith(
  session: Session,
  plan: DownloadPlan,
  options: ApplyDownloadOptions,
): Promise<DownloadResult> {
  const { repo, cacheDir, forceDownload, commit, single, files } = plan;
  const path = single ? files[0]?.path : undefined;
  const all = { ...options, cacheDir, forceDownload, revision: commit, ...(path === undefined ? {} : { path }) };
  return asking(session, repo, all, (hub, filled) => applyPlan(hub, plan, filled));
}

/** The entries that are asked for, by whose names a repo of another type may be told. */
interface Wanted {
  readonly path?: string | undefined;
  readonly files?: readonly string[] | undefined;
}

/**
 * Does the work with the token that was found. A dead one does not keep anybody from what is public, one that can't be
 * used not from what is cached; any other refusal gets the cause and the next step that `hf access` would give.
 */
async function asking<O extends Partial<FetchOptions> & PreferOffline & FallbackOptions & Wanted, T>(
  session: Session,
  repo: Repo,
  options: O,
  work: (hub: HubClient, options: O & FetchOptions) => Promise<T>,
): Promise<T> {
  const all = { ...defaults(session), ...options };
  let gate: GateMode | undefined;
  const sharpened = async (error: unknown, hub: HubClient): Promise<unknown> => {
    const { signal, revision, path, files } = options;
    signal?.throwIfAborted();
    const subject = { repo, revision, path };
    const asked = path === undefined ? files : [path];
    return sharpenFor(session, error, hub, subject, { gate, files: asked, signal });
  };
  const nobody = session.connect(undefined);
  // Nobody is asked offline, so a token that can't be used must not keep anybody from what the cache has.
  if (all.offline !== false) {
    try {
      return await work(nobody, all);
    } catch (error) {
      throw await sharpened(error, nobody);
    }
  }
  if (options.preferOffline === true && all.forceDownload !== true) {
    try {
      // What would be said of a copy that is not enough is of no interest.
      return await work(nobody, { ...all, offline: "whole", warn: () => undefined });
    } catch (error) {
      if (!isHfError(error) || error.code !== "ERR_HF_OFFLINE") throw error;
    }
  }
  let hub: HubClient;
  try {
    hub = await session.hub();
  } catch (error) {
    return fromCache(error, () => work(nobody, { ...all, offline: true }), all).catch(async (refused: unknown) => {
      throw await sharpened(refused, nobody);
    });
  }
  try {
    // The description of a repo comes before its files, and tells what a refusal of them need not ask again.
    return await work(
      noticing(patient(hub, repo, all), (mode) => (gate = mode)),
      all,
    );
  } catch (error) {
    throw await sharpened(error, hub);
  }
}

function noticing(hub: HubClient, notice: (gate: GateMode | undefined) => void): HubClient {
  return {
    ...hub,
    async json(target, options) {
      const body = await hub.json(target, options);
      notice(readGateMode(body));
      return body;
    },
  };
}

function patient(hub: HubClient, repo: Repo, options: FetchOptions & FallbackOptions): HubClient {
  const { authFallback = "warn", signal, warn } = options;
  const { credential } = hub;
  if (credential === undefined || authFallback === "error") return hub;
  return withoutDeadToken(hub, {
    repo,
    signal,
    onAnonymous: ({ message, hint }) => {
      if (authFallback === "silent") return;
      warn?.(`${message} The ${repo.type} ${repo.id} is public, so it is fetched without a token. ${hint}`);
    },
  });
}

/** A token that is there and can't be used: none, of another endpoint, or in a place that can't be read. Nothing was sent. */
const UNUSABLE: ReadonlySet<string> = new Set([
  "ERR_HF_TOKEN_REFUSED",
  "ERR_HF_TOKEN_ENDPOINT",
  "ERR_HF_INSECURE_ENDPOINT",
  "ERR_HF_TOKEN_FILE",
  "ERR_HF_STORE_UNREADABLE",
  "ERR_HF_KEYCHAIN",
]);

/**
 * What the cache has whole, with a warning, where the token can't be used; else the error that stood in the way of
 * asking. A login that was asked for by its name, or a token by exchange, is a matter of who one is: that stops
 * everything.
 */
async function fromCache<T>(
  error: unknown,
  work: () => Promise<T>,
  { forceDownload, signal, warn }: FetchOptions,
): Promise<T> {
  if (!isHfError(error) || !UNUSABLE.has(error.code) || forceDownload === true) throw error;
  try {
    const result = await work();
    warn?.(`${error.message} The Hub was not asked; the cached copy is used. ${error.hint}`);
    return result;
  } catch (offline) {
    signal?.throwIfAborted();
    throw isHfError(offline) ? error : offline;
  }
}

function defaults({ settings }: Session): FetchOptions {
  const { hubCache, offline, disableSymlinks, disableXet } = settings;
  return { cacheDir: hubCache, offline, disableSymlinks, transport: disableXet ? "http" : "auto" };
}

import { isHfError } from "../core/errors.ts";
import type { Repo } from "../core/repo.ts";
import { fetchFile, fetchSnapshot, planFetch } from "../download/index.ts";
import type {
  DownloadPlan,
  DownloadResult,
  FetchOptions,
  PlanFetchOptions,
  SnapshotOptions,
} from "../download/index.ts";
import type { HubClient } from "../hub/index.ts";
import type { Session } from "./session.ts";

/** As the room `download` takes them, with the cache folder and the switches found by themselves. */
export type DownloadFileOptions = Partial<FetchOptions> & PreferOffline;
export type DownloadSnapshotOptions = Partial<SnapshotOptions> & PreferOffline;
export type PlanDownloadOptions = Partial<PlanFetchOptions> & PreferOffline;

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
  return from(session, options, (hub, chosen) => fetchSnapshot(hub, repo, { ...options, ...chosen }));
}

export async function downloadFileWith(
  session: Session,
  repo: Repo,
  path: string,
  options: DownloadFileOptions,
): Promise<DownloadResult> {
  return from(session, options, (hub, chosen) => fetchFile(hub, repo, path, { ...options, ...chosen }));
}

export async function planDownloadWith(
  session: Session,
  repo: Repo,
  options: PlanDownloadOptions,
): Promise<DownloadPlan> {
  return from(session, options, (hub, chosen) => planFetch(hub, repo, { ...options, ...chosen }));
}

/** Runs `work` on what is there, where that is preferred and enough; else with the Hub. */
async function from<T>(
  session: Session,
  options: Partial<FetchOptions> & PreferOffline,
  work: (hub: HubClient, chosen: FetchOptions) => Promise<T>,
): Promise<T> {
  const chosen = { ...defaults(session), ...options };
  if (options.preferOffline === true && chosen.forceDownload !== true && chosen.offline === false) {
    try {
      // What would be said of a copy that is not enough is of no interest.
      return await work(session.connect(undefined), { ...chosen, offline: "whole", warn: () => undefined });
    } catch (error) {
      if (!isHfError(error) || error.code !== "ERR_HF_OFFLINE") throw error;
    }
  }
  return work(await hubFor(session, options), chosen);
}

/** Nobody is asked offline, so a token that can't be used must not keep anybody from what the cache has. */
async function hubFor(session: Session, { offline }: Partial<Pick<FetchOptions, "offline">>): Promise<HubClient> {
  return (offline ?? session.settings.offline) !== false ? session.connect(undefined) : session.hub();
}

function defaults({ settings }: Session): FetchOptions {
  const { hubCache, offline, disableSymlinks } = settings;
  return { cacheDir: hubCache, offline, disableSymlinks };
}

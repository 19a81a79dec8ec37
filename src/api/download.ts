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
export type DownloadFileOptions = Partial<FetchOptions>;
export type DownloadSnapshotOptions = Partial<SnapshotOptions>;
export type PlanDownloadOptions = Partial<PlanFetchOptions>;

export async function downloadSnapshotWith(
  session: Session,
  repo: Repo,
  options: DownloadSnapshotOptions,
): Promise<DownloadResult> {
  return fetchSnapshot(await hubFor(session, options), repo, { ...defaults(session), ...options });
}

export async function downloadFileWith(
  session: Session,
  repo: Repo,
  path: string,
  options: DownloadFileOptions,
): Promise<DownloadResult> {
  return fetchFile(await hubFor(session, options), repo, path, { ...defaults(session), ...options });
}

export async function planDownloadWith(
  session: Session,
  repo: Repo,
  options: PlanDownloadOptions,
): Promise<DownloadPlan> {
  return planFetch(await hubFor(session, options), repo, { ...defaults(session), ...options });
}

/** Nobody is asked offline, so a token that can't be used must not keep anybody from what the cache has. */
async function hubFor(session: Session, { offline }: Partial<Pick<FetchOptions, "offline">>): Promise<HubClient> {
  return (offline ?? session.settings.offline) ? session.connect(undefined) : session.hub();
}

function defaults({ settings }: Session): FetchOptions {
  const { hubCache, offline, disableSymlinks, disableXet } = settings;
  return { cacheDir: hubCache, offline, disableSymlinks, transport: disableXet ? "http" : "auto" };
}

import { checkCommit, checkRevision, realPathOfPrefix, repoPaths } from "../cache/index.ts";
import type { HubClient } from "../hub/index.ts";
import { fetchFile } from "./file.ts";
import { rememberedCommit } from "./plan-fetch.ts";
import { noteRef } from "./run.ts";
import { fetchSnapshot } from "./snapshot.ts";
import type { DownloadPlan, DownloadResult, SnapshotOptions } from "./types.ts";

/** How a plan is carried out; what is fetched, and where to, the plan says. */
export type ApplyOptions = Pick<
  SnapshotOptions,
  | "offline"
  | "disableSymlinks"
  | "transport"
  | "allowLowSpace"
  | "resume"
  | "limitRate"
  | "maxWorkers"
  | "onEvent"
  | "warn"
  | "signal"
  | "clock"
>;

/**
 * Carries out what `planFetch` has planned: the same entries of the same commit, wherever the branch is by now. What is
 * there is looked at again, so what came since the plan was made is not fetched twice, and what went is fetched.
 *
 * The cache remembers the plan's commit for the branch, unless it has learnt of another one since: a plan of yesterday
 * must not turn back what somebody has brought today.
 * @throws as `fetchSnapshot`; DiskError `ERR_HF_NO_SPACE` before the first byte
 */
export async function applyPlan(hub: HubClient, plan: DownloadPlan, options: ApplyOptions): Promise<DownloadResult> {
  const { repo, cacheDir, localDir, forceDownload } = plan;
  const revision = checkRevision(plan.revision);
  const commit = checkCommit(plan.commit);
  const all = {
    ...options,
    cacheDir,
    forceDownload,
    revision: commit,
    ...(localDir === undefined ? {} : { localDir }),
  };
  const entries = plan.files.map(({ path }) => path);
  const [first] = entries;
  const result =
    plan.single && first !== undefined
      ? await fetchFile(hub, repo, first, all)
      : await fetchSnapshot(hub, repo, { ...all, entries });
  // A ref without a snapshot is a corrupted repo to Python, and a folder of the user's remembers no branches.
  if (localDir !== undefined || entries.length === 0) return result;
  const paths = repoPaths(realPathOfPrefix(cacheDir), repo);
  const now = rememberedCommit(paths, revision);
  if (now === plan.rememberedCommit) noteRef({ paths, warn: options.warn ?? (() => undefined) }, revision, commit);
  return result;
}

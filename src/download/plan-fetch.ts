import {
  blobPlace,
  blobSize,
  cachedEntrySize,
  checkRevision,
  compareCodePoints,
  freeSpace,
  localEntryPath,
  localPlace,
  openLocalDir,
  pointerPath,
  readRef,
  snapshotPath,
} from "../cache/index.ts";
import type { RepoPaths } from "../cache/index.ts";
import { isCommit } from "../core/repo.ts";
import type { Repo } from "../core/repo.ts";
import type { HubClient } from "../hub/index.ts";
import { isHfError } from "../core/errors.ts";
import { leftBytes, sumLeft } from "./destination.ts";
import { prepareFile } from "./prepare-file.ts";
import { prepareLocal } from "./local-plan.ts";
import { shortage } from "./plan.ts";
import { prepareSnapshot } from "./prepare.ts";
import { openRun } from "./run.ts";
import type { Run } from "./run.ts";
import { listCached } from "./snapshot.ts";
import type { DownloadPlan, PlannedEntry, SnapshotOptions } from "./types.ts";

export interface PlanFetchOptions extends SnapshotOptions {
  /** One entry by its path in the repo, as `fetchFile` would bring it. Default: the snapshot. */
  readonly path?: string;
}

/**
 * What `fetchSnapshot`, or `fetchFile` for one path, would do with the same options: what is there, what is missing,
 * whether it fits. Asks the Hub as they do, also whether a gate is open, and writes nothing, not even a folder.
 * @throws as `fetchSnapshot`, but for a want of space, which the plan tells
 */
export async function planFetch(hub: HubClient, repo: Repo, options: PlanFetchOptions): Promise<DownloadPlan> {
  const run = openRun(hub, repo, options);
  run.signal.throwIfAborted();
  const revision = checkRevision(options.revision ?? "main");
  if (options.localDir !== undefined) return planLocal(run, revision, { ...options, localDir: options.localDir });
  return options.path === undefined ? planAll(run, revision, options) : planOne(run, revision, options.path);
}

async function planAll(run: Run, revision: string, options: SnapshotOptions): Promise<DownloadPlan> {
  const prepared = await prepareSnapshot(run, revision, options);
  if (prepared.kind === "cached") {
    const { commit, path } = prepared.cached;
    const files = listCached(prepared.cached, prepared.wants).map(([name, size]) => ({
      path: name,
      size,
      present: true,
    }));
    return summary(run, revision, { commit, path, files, missingBytes: 0 });
  }
  const { commit, plan } = prepared;
  const missing = new Set(plan.toFetch.flatMap(({ entries }) => entries.map((entry) => entry.path)));
  const files = plan.entries.map(({ path, size }) => ({ path, size, present: !missing.has(path) }));
  return summary(
    run,
    revision,
    { commit, path: snapshotPath(run.paths, commit), files, missingBytes: plan.missingBytes },
    {
      left: () => sumLeft(run, plan, ({ etag }) => (etag === undefined ? undefined : blobPlace(run.paths, etag))),
    },
  );
}

async function planLocal(
  run: Run,
  revision: string,
  options: PlanFetchOptions & { readonly localDir: string },
): Promise<DownloadPlan> {
  const local = openLocalDir(options.localDir);
  const { commit, plan, copies, copyBytes } = await prepareLocal(run, local, revision, options);
  const missing = plan.toFetch.filter(({ entries: [{ etag }] }) => etag === undefined || !copies.has(etag));
  const paths = new Set(missing.flatMap(({ entries }) => entries.map(({ path }) => path)));
  const files = plan.entries.map(({ path, size }) => ({ path, size, present: !paths.has(path) }));
  const path = options.path === undefined ? local.folder : localEntryPath(local, options.path);
  return summary(
    run,
    revision,
    { commit, path, files, missingBytes: plan.missingBytes - copyBytes },
    {
      localDir: local.folder,
      single: options.path !== undefined,
      copyBytes,
      left: () =>
        sumLeft(run, plan, (entry) =>
          entry.etag === undefined ? undefined : localPlace(local, entry.path, entry.etag),
        ),
    },
  );
}

async function planOne(run: Run, revision: string, path: string): Promise<DownloadPlan> {
  const prepared = await prepareFile(run, revision, path);
  const { commit } = prepared;
  const size = prepared.kind === "fetch" ? prepared.size : (cachedEntrySize(run.paths, commit, path) ?? 0);
  const present = prepared.kind === "cached" || (!run.force && blobSize(run.paths, prepared.etag) === size);
  return summary(
    run,
    revision,
    {
      commit,
      path: pointerPath(run.paths, commit, path),
      files: [{ path, size, present }],
      missingBytes: present ? 0 : size,
    },
    {
      single: true,
      left: () => (prepared.kind === "fetch" ? leftBytes(run, blobPlace(run.paths, prepared.etag), size) : 0),
    },
  );
}

interface Circumstances {
  /** Default: the shared cache. */
  readonly localDir?: string;
  readonly single?: boolean;
  /** Bytes that come from this machine, and need room all the same. */
  readonly copyBytes?: number;
  /** Bytes that have their room already; looked for only in need. */
  readonly left?: () => number;
}

function summary(
  run: Run,
  revision: string,
  found: Pick<DownloadPlan, "commit" | "path" | "missingBytes"> & { readonly files: readonly PlannedEntry[] },
  { localDir, single = false, copyBytes = 0, left = () => 0 }: Circumstances = {},
): DownloadPlan {
  const freeBytes = freeSpace(localDir ?? run.paths.cache);
  const short = shortage({ missingBytes: found.missingBytes + copyBytes }, freeBytes);
  return {
    ...found,
    repo: run.repo,
    revision,
    rememberedCommit: rememberedCommit(run.paths, revision),
    cacheDir: run.paths.cache,
    ...(localDir === undefined ? {} : { localDir }),
    single,
    forceDownload: run.force,
    files: found.files.toSorted((a, b) => compareCodePoints(a.path, b.path)),
    totalBytes: found.files.reduce((sum, { size }) => sum + size, 0),
    missingFiles: found.files.filter(({ present }) => !present).length,
    freeBytes,
    shortBytes: short === 0 ? 0 : Math.max(0, short - left()),
  };
}

/** What the cache takes a revision for; undefined also where it can't be read. */
export function rememberedCommit(paths: RepoPaths, revision: string): string | undefined {
  try {
    return isCommit(revision) ? undefined : readRef(paths, revision);
  } catch (error) {
    if (!isHfError(error)) throw error;
    return undefined;
  }
}

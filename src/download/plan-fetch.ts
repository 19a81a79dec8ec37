import {
  blobSize,
  cachedEntrySize,
  checkRevision,
  compareCodePoints,
  freeSpace,
  localEntryPath,
  openLocalDir,
  pointerPath,
  snapshotPath,
} from "../cache/index.ts";
import type { Repo } from "../core/repo.ts";
import type { HubClient } from "../hub/index.ts";
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
    return summary(run, { commit, path, files, missingBytes: 0 });
  }
  const { commit, plan } = prepared;
  const missing = new Set(plan.toFetch.flatMap(({ entries }) => entries.map((entry) => entry.path)));
  const files = plan.entries.map(({ path, size }) => ({ path, size, present: !missing.has(path) }));
  return summary(run, { commit, path: snapshotPath(run.paths, commit), files, missingBytes: plan.missingBytes });
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
  return summary(run, { commit, path, files, missingBytes: plan.missingBytes - copyBytes }, local.folder, copyBytes);
}

async function planOne(run: Run, revision: string, path: string): Promise<DownloadPlan> {
  const prepared = await prepareFile(run, revision, path);
  const { commit } = prepared;
  const size = prepared.kind === "fetch" ? prepared.size : (cachedEntrySize(run.paths, commit, path) ?? 0);
  const present = prepared.kind === "cached" || (!run.force && blobSize(run.paths, prepared.etag) === size);
  return summary(run, {
    commit,
    path: pointerPath(run.paths, commit, path),
    files: [{ path, size, present }],
    missingBytes: present ? 0 : size,
  });
}

function summary(
  run: Run,
  found: Pick<DownloadPlan, "commit" | "path" | "missingBytes"> & { readonly files: readonly PlannedEntry[] },
  folder = run.paths.cache,
  copyBytes = 0,
): DownloadPlan {
  const freeBytes = freeSpace(folder);
  return {
    ...found,
    repo: run.repo,
    files: found.files.toSorted((a, b) => compareCodePoints(a.path, b.path)),
    totalBytes: found.files.reduce((sum, { size }) => sum + size, 0),
    missingFiles: found.files.filter(({ present }) => !present).length,
    freeBytes,
    shortBytes: shortage({ missingBytes: found.missingBytes + copyBytes }, freeBytes),
  };
}

import { availableParallelism } from "node:os";
import {
  beginRepo,
  blobPlace,
  checkRevision,
  createHashers,
  pointerPath,
  removeEmptyRepo,
  snapshotPath,
  symlinksWork,
  writeRef,
  writeTree,
} from "../cache/index.ts";
import type { CachedSnapshot, Hashers } from "../cache/index.ts";
import type { Repo } from "../core/repo.ts";
import type { HubClient } from "../hub/index.ts";
import { fetchLocal } from "./local.ts";
import { createCacheDestination, sumLeft } from "./destination.ts";
import { fetchAll } from "./fetch-all.ts";
import type { FetchContext } from "./fetch-content.ts";
import { listFolder } from "./list-folder.ts";
import type { SnapshotPlan } from "./plan.ts";
import { prepareSnapshot } from "./prepare.ts";
import { createProgress } from "./progress.ts";
import { noteRef, openRun } from "./run.ts";
import type { Run } from "./run.ts";
import { checkSpace } from "./space.ts";
import { createXetWay } from "./xet-way.ts";
import type { DownloadResult, FetchedEntry, SnapshotOptions } from "./types.ts";

/**
 * Brings a revision of a repo, or the entries of it that are wanted, into the shared cache. A full commit that is
 * complete there costs no request, a branch that has not moved costs one.
 * @throws UsageError; OfflineError; AccessError; NotFoundError; IntegrityError; DiskError; NetworkError; RateLimitError
 * @throws the signal's reason when aborted
 */
export async function fetchSnapshot(hub: HubClient, repo: Repo, options: SnapshotOptions): Promise<DownloadResult> {
  if (options.localDir !== undefined) return fetchLocal(hub, repo, { ...options, localDir: options.localDir });
  const run = openRun(hub, repo, options);
  run.signal.throwIfAborted();
  const revision = checkRevision(options.revision ?? "main");
  const prepared = await prepareSnapshot(run, revision, options);
  if (prepared.kind === "cached") {
    if (prepared.certain) noteRef(run, revision, prepared.cached.commit);
    return fromCache(run, prepared.cached, prepared.wants);
  }
  const { commit, plan, tree } = prepared;
  checkSpace(run.paths.cache, plan.missingBytes, run, () =>
    sumLeft(run, plan, ({ etag }) => (etag === undefined ? undefined : blobPlace(run.paths, etag))),
  );
  run.onEvent?.({
    kind: "planned",
    commit,
    files: plan.entries.length,
    bytes: plan.totalBytes,
    missingFiles: plan.missingFiles,
    missingBytes: plan.missingBytes,
  });
  const hashers = createHashers({ threads: availableParallelism() > 1 ? 2 : 1 });
  let downloadedBytes: number;
  try {
    downloadedBytes = await carryOut(run, plan, commit, hashers);
    // Where nothing was wanted there is no snapshot, and a repo of a listing and a ref alone is corrupted to Python.
    if (plan.entries.length > 0) {
      if (tree !== undefined) writeTree(run.paths, commit, tree);
      writeRef(run.paths, revision, commit);
    }
  } catch (error) {
    removeEmptyRepo(run.paths);
    throw error;
  } finally {
    hashers.close();
  }
  run.onEvent?.({ kind: "done", files: plan.missingFiles, downloadedBytes });
  return {
    path: snapshotPath(run.paths, commit),
    commit,
    repo,
    files: plan.entries.map((entry) => fetched(run, commit, entry.path, entry.size)),
    downloadedBytes,
    fromCache: plan.missingFiles === 0,
  };
}

function fromCache(run: Run, cached: CachedSnapshot, wants: (path: string) => boolean): DownloadResult {
  const { commit, path } = cached;
  const files = listCached(cached, wants).map(([name, size]) => fetched(run, commit, name, size));
  const bytes = files.reduce((sum, file) => sum + (file.size ?? 0), 0);
  run.onEvent?.({ kind: "planned", commit, files: files.length, bytes, missingFiles: 0, missingBytes: 0 });
  run.onEvent?.({ kind: "done", files: 0, downloadedBytes: 0 });
  return { path, commit, repo: run.repo, files, downloadedBytes: 0, fromCache: true };
}

/** The wanted files of a snapshot that is there, with their bytes: by its listing, else by what its folder holds. */
export function listCached({ path, tree }: CachedSnapshot, wants: (path: string) => boolean): [string, number][] {
  const known =
    tree === undefined
      ? listFolder(path)
      : new Map([...tree].map(([name, { size, lfs }]) => [name, lfs?.size ?? size]));
  return [...known].filter(([name]) => wants(name));
}

function fetched(run: Run, commit: string, path: string, size: number | undefined): FetchedEntry {
  return { path, pointerPath: pointerPath(run.paths, commit, path), size };
}

/** Fetches and links what the plan says. Answers the bytes that were received. */
async function carryOut(run: Run, plan: SnapshotPlan, commit: string, hashers: Hashers): Promise<number> {
  if (plan.toFetch.length === 0 && plan.toLink.length === 0) return 0;

  beginRepo(run.paths);
  const total = { files: plan.missingFiles, bytes: plan.missingBytes };
  const progress = createProgress(total, () => run.clock.now(), run.onEvent);
  const destination = createCacheDestination(run, commit, !run.copies && symlinksWork(run.paths));
  const context: FetchContext = { run, commit, hashers, progress, destination, xet: createXetWay(run, commit) };
  for (const entry of plan.toLink) {
    const { etag, size } = entry;
    if (etag !== undefined) await destination.place({ etag, size, entries: [entry] }, false);
  }
  const received = await fetchAll(context, plan.toFetch);
  progress.flush();
  return received;
}

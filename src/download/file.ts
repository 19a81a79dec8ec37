import {
  beginRepo,
  blobPlace,
  blobSize,
  cachedEntrySize,
  checkRevision,
  createHashers,
  findCachedSnapshot,
  markNoExist,
  pointerPath,
  removeEmptyRepo,
  symlinksWork,
  writeRef,
} from "../cache/index.ts";
import type { Repo } from "../core/repo.ts";
import type { HubClient } from "../hub/index.ts";
import { lockContent } from "./content-lock.ts";
import { createCacheDestination, leftBytes } from "./destination.ts";
import { fetchContent } from "./fetch-content.ts";
import type { FetchContext, KnownContent } from "./fetch-content.ts";
import { fetchLocal } from "./local.ts";
import { prepareFile } from "./prepare-file.ts";
import { createProgress } from "./progress.ts";
import { noteRef, openRun } from "./run.ts";
import type { Run } from "./run.ts";
import { checkSpace } from "./space.ts";
import { createXetWay } from "./xet-way.ts";
import type { DownloadResult, FetchOptions } from "./types.ts";

/**
 * Brings one entry of a repo into the shared cache. One that is there costs one request by branch, none by full commit.
 * @param path path in the repo
 * @throws as `fetchSnapshot`; NotFoundError `ERR_HF_ENTRY_NOT_FOUND` is remembered for `transformers`, which asks often
 */
export async function fetchFile(
  hub: HubClient,
  repo: Repo,
  path: string,
  options: FetchOptions,
): Promise<DownloadResult> {
  if (options.localDir !== undefined) return fetchLocal(hub, repo, { ...options, localDir: options.localDir, path });
  const run = openRun(hub, repo, options);
  run.signal.throwIfAborted();
  const revision = checkRevision(options.revision ?? "main");
  const prepared = await prepareFile(run, revision, path, (commit) => noteMissing(run, revision, commit, path));
  if (prepared.kind === "cached") {
    if (prepared.certain) noteRef(run, revision, prepared.commit);
    return cached(run, prepared.commit, path);
  }
  const { commit, etag, size, xetHash } = prepared;
  const downloadedBytes = await bring(run, commit, { etag, size, xetHash, entries: [{ path }] });
  writeRef(run.paths, revision, commit);
  return { ...result(run, commit, path, size), downloadedBytes, fromCache: downloadedBytes === 0 };
}

/** A marker needs a repo that Python's scanner can read, and the ref by which it is found: that one only beside a snapshot. */
function noteMissing(run: Run, revision: string, commit: string, path: string): void {
  try {
    beginRepo(run.paths);
  } catch {
    // A cache that can't be written to. That the file is missing is the error to tell.
    return;
  }
  markNoExist(run.paths, commit, path);
  if (findCachedSnapshot(run.paths, commit) !== undefined) noteRef(run, revision, commit);
}

async function bring(run: Run, commit: string, content: KnownContent): Promise<number> {
  const { size, etag } = content;
  const there = !run.force && blobSize(run.paths, etag) === size;
  if (!there) checkSpace(run.paths.cache, size, run, () => leftBytes(run, blobPlace(run.paths, etag), size));
  const missing = there ? 0 : 1;
  run.onEvent?.({
    kind: "planned",
    commit,
    files: 1,
    bytes: size,
    missingFiles: missing,
    missingBytes: missing * size,
  });
  const lock = there ? undefined : await lockContent(run, createCacheDestination(run, commit, false), content);
  const hashers = createHashers({ threads: 1 });
  run.connections.reserve(1);
  try {
    beginRepo(run.paths);
    const progress = createProgress({ files: missing, bytes: missing * size }, () => run.clock.now(), run.onEvent);
    const destination = createCacheDestination(run, commit, !run.copies && symlinksWork(run.paths));
    const context: FetchContext = { run, commit, hashers, progress, destination, xet: createXetWay(run, commit) };
    let received = 0;
    if (there) await destination.place(content, false);
    else received = await fetchContent(context, content);
    if (!there) progress.flush();
    run.onEvent?.({ kind: "done", files: missing, downloadedBytes: received });
    return received;
  } catch (error) {
    removeEmptyRepo(run.paths);
    throw error;
  } finally {
    hashers.close();
    lock?.release();
  }
}

function cached(run: Run, commit: string, path: string): DownloadResult {
  const size = cachedEntrySize(run.paths, commit, path);
  run.onEvent?.({ kind: "planned", commit, files: 1, bytes: size ?? 0, missingFiles: 0, missingBytes: 0 });
  run.onEvent?.({ kind: "done", files: 0, downloadedBytes: 0 });
  return { ...result(run, commit, path, size), downloadedBytes: 0, fromCache: true };
}

function result(run: Run, commit: string, path: string, size: number | undefined) {
  const pointer = pointerPath(run.paths, commit, path);
  return { path: pointer, commit, repo: run.repo, files: [{ path, pointerPath: pointer, size }] };
}

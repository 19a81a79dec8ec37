import {
  beginRepo,
  blobSize,
  cachedEntrySize,
  checkEntryPath,
  checkRevision,
  createHashers,
  findCachedEntry,
  findCachedSnapshot,
  lockPath,
  markNoExist,
  pointerPath,
  removeEmptyRepo,
  symlinksWork,
  writeRef,
} from "../cache/index.ts";
import { isHfError, NetworkError, NotFoundError } from "../core/errors.ts";
import type { HfError } from "../core/errors.ts";
import { acquireFileLock } from "../core/file-lock.ts";
import { encodePath, encodeSegment, isCommit, repoPath } from "../core/repo.ts";
import type { Repo } from "../core/repo.ts";
import { askFile } from "../hub/index.ts";
import type { FileFacts, HubClient } from "../hub/index.ts";
import { fetchContent, placeEntries } from "./fetch-content.ts";
import type { FetchContext, KnownContent } from "./fetch-content.ts";
import { createProgress } from "./progress.ts";
import { cacheMayAnswer, offline } from "./resolve.ts";
import { noteRef, openRun } from "./run.ts";
import type { Run } from "./run.ts";
import { checkSpace } from "./space.ts";
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
  const run = openRun(hub, repo, options);
  run.signal.throwIfAborted();
  const revision = checkRevision(options.revision ?? "main");
  const prepared = await prepareFile(run, revision, path, (commit) => noteMissing(run, revision, commit, path));
  if (prepared.kind === "cached") {
    if (prepared.certain) noteRef(run, revision, prepared.commit);
    return cached(run, prepared.commit, path);
  }
  const { commit, etag, size } = prepared;
  const downloadedBytes = await bring(run, commit, { etag, size, entries: [{ path }] });
  writeRef(run.paths, revision, commit);
  return { ...result(run, commit, path, size), downloadedBytes, fromCache: downloadedBytes === 0 };
}

/** What is to be done for one file. Nothing was written yet. */
export type PreparedFile =
  /** The cache has it; `certain` where the Hub said just now that the revision still means this commit. */
  | { readonly kind: "cached"; readonly commit: string; readonly certain: boolean }
  | { readonly kind: "fetch"; readonly commit: string; readonly etag: string; readonly size: number };

/**
 * Asks what the file is, and whether the cache has it. Makes no file and no folder.
 * @param onMissing told the commit that has no such file, before that is thrown
 */
export async function prepareFile(
  run: Run,
  revision: string,
  path: string,
  onMissing?: (commit: string) => void,
): Promise<PreparedFile> {
  checkEntryPath(path, "user");
  const kept = run.force ? undefined : findCachedEntry(run.paths, revision, path);
  if (kept?.kind === "found" && (isCommit(revision) || run.offline)) {
    return { kind: "cached", commit: kept.commit, certain: false };
  }
  if (run.offline) throw offline(run, revision, `'${path}'`);

  let facts: FileFacts;
  try {
    facts = await ask(run, revision, path, onMissing);
  } catch (error) {
    run.signal.throwIfAborted();
    if (kept?.kind !== "found" || !isHfError(error) || !cacheMayAnswer(error)) throw error;
    run.warn(`${error.message} The cached copy of ${run.repo.id} is used.`);
    return { kind: "cached", commit: kept.commit, certain: false };
  }
  const { commit, etag, size } = facts;
  if (commit === undefined || etag === undefined || size === undefined) throw notAHub(run, path);
  if (!run.force && cachedEntrySize(run.paths, commit, path) === size) return { kind: "cached", commit, certain: true };
  return { kind: "fetch", commit, etag, size };
}

/** What the Hub says of the file; that it is not there is remembered. */
async function ask(
  run: Run,
  revision: string,
  path: string,
  onMissing: ((commit: string) => void) | undefined,
): Promise<FileFacts> {
  const { hub, repo, signal } = run;
  const address = `${repoPath(repo)}/resolve/${encodeSegment(revision)}/${encodePath(path)}`;
  try {
    return await askFile(hub, address, { subject: { repo, revision, entry: path }, signal });
  } catch (error) {
    const commit = error instanceof NotFoundError && error.code === "ERR_HF_ENTRY_NOT_FOUND" ? error.commit : undefined;
    if (commit !== undefined && isCommit(commit)) onMissing?.(commit);
    throw error;
  }
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
  const [{ path }] = content.entries;
  const there = !run.force && blobSize(run.paths, etag) === size;
  if (!there) checkSpace(run.paths.cache, size, run);
  const missing = there ? 0 : 1;
  run.onEvent?.({
    kind: "planned",
    commit,
    files: 1,
    bytes: size,
    missingFiles: missing,
    missingBytes: missing * size,
  });
  const lock = there
    ? undefined
    : await acquireFileLock(lockPath(run.paths, etag), {
        signal: run.signal,
        warn: run.warn,
        onWait: () => run.warn("Another process is downloading the same file; waiting for it."),
      });
  const hashers = createHashers({ threads: 1 });
  try {
    beginRepo(run.paths);
    const progress = createProgress({ files: missing, bytes: missing * size }, () => run.clock.now(), run.onEvent);
    const context: FetchContext = { run, commit, hashers, progress, symlinks: !run.copies && symlinksWork(run.paths) };
    let received = 0;
    if (there) placeEntries(context, { etag, entries: [{ path }] }, false);
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

function notAHub(run: Run, path: string): HfError {
  return new NetworkError(
    "ERR_HF_BAD_ANSWER",
    `The answer about '${path}' lacks what every Hub says: commit, name and size.`,
    {
      hint: `Check HF_ENDPOINT (${run.hub.endpoint}) and proxies on the way.`,
    },
  );
}

import { availableParallelism } from "node:os";
import {
  beginRepo,
  blobSize,
  cachedEntrySize,
  checkRevision,
  createHashers,
  findCachedSnapshot,
  lockPath,
  pointerPath,
  readTree,
  removeEmptyRepo,
  snapshotPath,
  symlinksWork,
  writeRef,
  writeTree,
} from "../cache/index.ts";
import type { CachedSnapshot, CachedTree, Hashers } from "../cache/index.ts";
import { isHfError, NotFoundError, safeText } from "../core/errors.ts";
import { encodePath, isCommit, repoApiPath, repoPath } from "../core/repo.ts";
import type { Repo } from "../core/repo.ts";
import { askFile } from "../hub/index.ts";
import type { FileFacts, HubClient } from "../hub/index.ts";
import { fetchContent, placeEntries } from "./fetch-content.ts";
import type { FetchContext, KnownContent } from "./fetch-content.ts";
import { listFolder } from "./list-folder.ts";
import { createLockQueue } from "./lock-queue.ts";
import { compileSelection, isPlainName } from "./patterns.ts";
import { planSnapshot } from "./plan.ts";
import type { MissingContent, Presence, SnapshotPlan, WantedEntry } from "./plan.ts";
import { createProgress } from "./progress.ts";
import { cacheMayAnswer, offline, resolveRevision } from "./resolve.ts";
import type { Resolution } from "./resolve.ts";
import { noteRef, openRun } from "./run.ts";
import type { Run } from "./run.ts";
import { checkSpace } from "./space.ts";
import { collectTree, fromCachedTree, toCachedTree } from "./tree.ts";
import type { DownloadResult, FetchedEntry, SnapshotOptions } from "./types.ts";

/**
 * Brings a revision of a repo, or the entries of it that are wanted, into the shared cache. A full commit that is
 * complete there costs no request, a branch that has not moved costs one.
 * @throws UsageError; OfflineError; AccessError; NotFoundError; IntegrityError; DiskError; NetworkError; RateLimitError
 * @throws the signal's reason when aborted
 */
export async function fetchSnapshot(hub: HubClient, repo: Repo, options: SnapshotOptions): Promise<DownloadResult> {
  const run = openRun(hub, repo, options);
  run.signal.throwIfAborted();
  const revision = checkRevision(options.revision ?? "main");
  const wants = compileSelection(options);
  const resolution = await resolveRevision(run, revision);
  const { commit } = resolution;

  const cached = run.force ? undefined : findCachedSnapshot(run.paths, commit, { wanted: wants });
  if (cached !== undefined && (isWhole(cached) || resolution.unreachable !== undefined)) {
    if (resolution.unreachable !== undefined) checkWhole(run, revision, cached, resolution);
    checkNames(options, cached.tree, commit, repo);
    if (resolution.unreachable === undefined) noteRef(run, revision, commit);
    return fromCache(run, cached, wants);
  }
  if (resolution.unreachable !== undefined) throw resolution.unreachable;

  let listed: Listed;
  try {
    listed = await listCommit(run, commit);
  } catch (error) {
    run.signal.throwIfAborted();
    // A listing of the cache would have been used, so nothing tells whether this snapshot is whole.
    if (cached === undefined || !isCommit(revision) || !isHfError(error) || !cacheMayAnswer(error)) throw error;
    run.warn(`${error.message} The cached copy of ${repo.id} is used as it is; it may lack files.`);
    return fromCache(run, cached, wants);
  }
  const { tree, entries } = listed;
  checkNames(options, new Set(entries.map(({ path }) => path)), commit, repo);
  const plan = planSnapshot(entries, { wants, force: run.force, look: (entry) => look(run, commit, entry) });
  checkSpace(run.paths.cache, plan.missingBytes);
  await askGate(run, plan, resolution);
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

function isWhole(cached: CachedSnapshot): boolean {
  return cached.tree !== undefined && cached.missing.length === 0;
}

/** Without the Hub the cache must have all that is wanted; where it can't tell, what is there is what there is. */
function checkWhole(run: Run, revision: string, cached: CachedSnapshot, { unreachable }: Resolution): void {
  const [first] = cached.missing;
  if (first === undefined) return;
  if (isHfError(unreachable) && unreachable.code !== "ERR_HF_OFFLINE") throw unreachable;
  const rest = cached.missing.length > 1 ? ` and ${cached.missing.length - 1} more` : "";
  throw offline(run, revision, `'${safeText(first, 120)}'${rest}`);
}

/** A name that was asked for by itself must be there; a pattern may match nothing. */
function checkNames(
  options: SnapshotOptions,
  known: ReadonlyMap<string, unknown> | ReadonlySet<string> | undefined,
  commit: string,
  repo: Repo,
): void {
  if (known === undefined) return;
  const missing = options.files?.find((name) => isPlainName(name) && !known.has(name.replaceAll("\\", "/")));
  if (missing === undefined) return;
  throw new NotFoundError(
    "ERR_HF_ENTRY_NOT_FOUND",
    `${repo.id} has no file '${safeText(missing, 120)}' at ${commit.slice(0, 12)}.`,
    {
      hint: `See what it has: ${repo.type === "model" ? "" : `the ${repo.type} `}${repoPath(repo)}/tree/${commit}`,
    },
  );
}

function fromCache(run: Run, cached: CachedSnapshot, wants: (path: string) => boolean): DownloadResult {
  const { commit, path, tree } = cached;
  const known =
    tree === undefined
      ? listFolder(path)
      : new Map([...tree].map(([name, { size, lfs }]) => [name, lfs?.size ?? size]));
  const files = [...known].filter(([name]) => wants(name)).map(([name, size]) => fetched(run, commit, name, size));
  const bytes = files.reduce((sum, file) => sum + (file.size ?? 0), 0);
  run.onEvent?.({ kind: "planned", commit, files: files.length, bytes, missingFiles: 0, missingBytes: 0 });
  run.onEvent?.({ kind: "done", files: 0, downloadedBytes: 0 });
  return { path, commit, repo: run.repo, files, downloadedBytes: 0, fromCache: true };
}

function fetched(run: Run, commit: string, path: string, size: number | undefined): FetchedEntry {
  return { path, pointerPath: pointerPath(run.paths, commit, path), size };
}

interface Listed {
  /** To be kept in the cache; undefined when it is there, or when hashes are hidden. */
  readonly tree: CachedTree | undefined;
  readonly entries: readonly WantedEntry[];
}

/** The files of a commit: from the cache, where its listing is kept for ever, else from the Hub. */
async function listCommit(run: Run, commit: string): Promise<Listed> {
  const { hub, repo, signal } = run;
  const kept = readTree(run.paths, commit);
  if (kept !== undefined) return { tree: undefined, entries: fromCachedTree(kept) };
  const pages = hub.pages(`${repoApiPath(repo)}/tree/${commit}`, {
    query: { recursive: "true", expand: "false" },
    subject: { repo, revision: commit },
    signal,
  });
  const listing = await collectTree(items(pages));
  return { tree: toCachedTree(listing), entries: listing.entries };
}

async function* items(pages: AsyncIterable<unknown[]>): AsyncIterable<unknown> {
  for await (const page of pages) yield* page;
}

function look(run: Run, commit: string, { path, size, etag }: WantedEntry): Presence {
  if (cachedEntrySize(run.paths, commit, path) === size) return "pointer";
  return etag !== undefined && blobSize(run.paths, etag) === size ? "blob" : "none";
}

/** These are given to everybody, also of a gated repo, so they say nothing about the gate. */
const OPEN_TO_ALL = new Set(["README.md", "LICENSE", "LICENSE.md", "LICENSE.txt"]);

/**
 * Asks by one file of a gated repo, before anything is written, so that a refusal comes once and leaves nothing.
 * @throws AccessError
 */
async function askGate(run: Run, plan: SnapshotPlan, { commit, gated }: Resolution): Promise<void> {
  if (gated === false) return;
  const gate = plan.toFetch.findLast((one) => !OPEN_TO_ALL.has(one.entries[0].path));
  if (gate !== undefined) await askAbout(run, commit, gate.entries[0].path);
}

/** Fetches and links what the plan says. Answers the bytes that were received. */
async function carryOut(run: Run, plan: SnapshotPlan, commit: string, hashers: Hashers): Promise<number> {
  if (plan.toFetch.length === 0 && plan.toLink.length === 0) return 0;

  beginRepo(run.paths);
  const total = { files: plan.missingFiles, bytes: plan.missingBytes };
  const progress = createProgress(total, () => run.clock.now(), run.onEvent);
  const context: FetchContext = { run, commit, hashers, progress, symlinks: !run.copies && symlinksWork(run.paths) };
  for (const { path, etag } of plan.toLink) {
    if (etag !== undefined) placeEntries(context, { etag, entries: [{ path }] }, false);
  }
  const received = await fetchAll(context, plan.toFetch);
  progress.flush();
  return received;
}

async function fetchAll(context: FetchContext, contents: readonly MissingContent[]): Promise<number> {
  const { run, commit } = context;
  if (contents.length === 0) return 0;
  const known: KnownContent[] = [];
  for (const content of contents) known.push(await knownContent(run, commit, content));
  const stop = new AbortController();
  const inner: FetchContext = { ...context, run: { ...run, signal: AbortSignal.any([run.signal, stop.signal]) } };
  const queue = createLockQueue(known, {
    lockPath: (content) => lockPath(run.paths, content.etag),
    size: (content) => content.size,
    workers: run.workers,
    signal: inner.run.signal,
    warn: run.warn,
    onWait: () => run.warn("Another process is downloading the same file; waiting for it."),
  });
  let received = 0;
  let failure: { readonly error: unknown } | undefined;
  const work = async (): Promise<void> => {
    try {
      for (let next = await queue.next(); next !== undefined; next = await queue.next()) {
        try {
          const bytes = await fetchContent(inner, next.job);
          received += bytes;
        } finally {
          next.lock.release();
        }
      }
    } catch (error) {
      // The first failure is the one to tell; the others are its echo.
      failure ??= { error };
      stop.abort(error);
    }
  };
  await Promise.all(Array.from({ length: Math.min(run.workers, known.length) }, work));
  queue.close();
  if (failure !== undefined) throw failure.error;
  return received;
}

/** The name and size of a content. Where the Hub hid the hash in its listing, it is asked for it. */
async function knownContent(run: Run, commit: string, { entries, size }: MissingContent): Promise<KnownContent> {
  const [{ path, etag }] = entries;
  if (etag !== undefined) return { etag, size, entries };
  const facts = await askAbout(run, commit, path);
  return { etag: facts.etag ?? "", size: facts.size ?? size, entries };
}

async function askAbout(run: Run, commit: string, path: string): Promise<FileFacts> {
  const { hub, repo, signal } = run;
  const subject = { repo, revision: commit, entry: path };
  return askFile(hub, `${repoPath(repo)}/resolve/${commit}/${encodePath(path)}`, { subject, signal });
}

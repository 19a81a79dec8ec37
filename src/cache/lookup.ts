import * as fs from "node:fs";
import { isCommit } from "../core/repo.ts";
import { isMarkedNoExist } from "./no-exist.ts";
import { extendedPath, pathOf, pointerPath, snapshotPath } from "./paths.ts";
import type { RepoPaths } from "./paths.ts";
import { readRef } from "./refs.ts";
import { readTree } from "./trees.ts";
import type { CachedTree } from "./trees.ts";

/** What the cache says of one file of a revision. */
export type CachedEntry =
  | { readonly kind: "found"; readonly commit: string; readonly path: string }
  /** A download has learnt that this commit has no such file. */
  | { readonly kind: "known-missing"; readonly commit: string }
  /** `commit` is undefined where the revision was never fetched. */
  | { readonly kind: "absent"; readonly commit: string | undefined };

/**
 * Looks for a file without asking the Hub. A file that is there counts, also beside a note that it does not exist
 * (where Python believes the note).
 * @param revision a full commit, or a branch or tag as it was when last fetched
 * @throws UsageError `ERR_HF_INVALID_REVISION`; IntegrityError `ERR_HF_UNSAFE_NAME` for the path
 */
export function findCachedEntry(paths: RepoPaths, revision: string, entryPath: string): CachedEntry {
  const commit = isCommit(revision) ? revision : readRef(paths, revision);
  if (commit === undefined) return { kind: "absent", commit };
  const path = pointerPath(paths, commit, entryPath);
  if (fileSize(paths, path) !== undefined) return { kind: "found", commit, path };
  return { kind: isMarkedNoExist(paths, commit, entryPath) ? "known-missing" : "absent", commit };
}

/** A snapshot on the disk, as far as it is known. */
export interface CachedSnapshot {
  readonly commit: string;
  readonly path: string;
  /** The commit's listing; undefined when it was not kept, and nothing tells whether the snapshot is whole. */
  readonly tree: CachedTree | undefined;
  /** Wanted files of the listing that are not there, or not of their size. Empty without a listing. */
  readonly missing: readonly string[];
}

export interface SnapshotLookup {
  /** Which files matter. Default: all. */
  readonly wanted?: ((entryPath: string) => boolean) | undefined;
}

/**
 * Looks for the snapshot of a revision without asking the Hub.
 * @param revision a full commit, or a branch or tag as it was when last fetched
 * @returns undefined when nothing of the commit is there
 * @throws UsageError `ERR_HF_INVALID_REVISION`
 */
export function findCachedSnapshot(
  paths: RepoPaths,
  revision: string,
  { wanted = () => true }: SnapshotLookup = {},
): CachedSnapshot | undefined {
  const commit = isCommit(revision) ? revision : readRef(paths, revision);
  if (commit === undefined) return undefined;
  const path = snapshotPath(paths, commit);
  if (fs.statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return undefined;
  const tree = readTree(paths, commit);
  const { join } = pathOf(paths.platform);
  const missing: string[] = [];
  for (const [name, entry] of tree ?? []) {
    if (wanted(name) && fileSize(paths, join(path, name)) !== (entry.lfs?.size ?? entry.size)) missing.push(name);
  }
  return { commit, path, tree, missing };
}

/**
 * Size of an entry of a snapshot, in bytes; undefined when its pointer is not there or leads nowhere.
 * @throws IntegrityError `ERR_HF_UNSAFE_NAME`
 */
export function cachedEntrySize(paths: RepoPaths, commit: string, entryPath: string): number | undefined {
  return fileSize(paths, pointerPath(paths, commit, entryPath));
}

/** Size of the file that a pointer leads to, in bytes; undefined for a dangling one, a folder, or nothing. */
function fileSize(paths: RepoPaths, path: string): number | undefined {
  try {
    const stats = fs.statSync(extendedPath(path, paths.platform), { throwIfNoEntry: false });
    return stats?.isFile() === true ? stats.size : undefined;
  } catch {
    // A loop of links, or a folder that may not be read: there is no file for us.
    return undefined;
  }
}

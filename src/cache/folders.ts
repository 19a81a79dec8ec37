import * as fs from "node:fs";
import { relative, isAbsolute, resolve } from "node:path";
import { ensureFolderSync } from "../core/atomic-write.ts";
import { DiskError, diskError, systemCode } from "../core/errors.ts";
import { extendedPath } from "./paths.ts";

/** A folder that nothing may be written outside of: a repo's in the cache, or one that the user named. */
export interface Root {
  readonly folder: string;
  readonly platform: NodeJS.Platform;
}

/**
 * Folders that are made and checked already: thousands of files share a few. Each with what it was then, because another
 * program may put a link in its place, or in that of a folder above it, while a download works.
 */
const known = new WeakMap<Root, Map<string, string>>();

/**
 * Makes a folder below a root, and checks that it really is in there: a link among its parents that leads elsewhere
 * would let a download write there. The root itself may be a link, as people move one to a larger disk.
 * @throws DiskError
 */
export function ensureRepoFolder(root: Root, folder: string): void {
  let folders = known.get(root);
  if (folders === undefined) known.set(root, (folders = new Map()));
  const seen = folders.get(folder);
  if (seen !== undefined && seen === identity(folder, root)) return;
  const made = extendedPath(folder, root.platform);
  if (!fs.existsSync(made)) refuseStray(root, folder);
  ensureFolderSync(made);
  refuseStray(root, made);
  folders.set(folder, identity(folder, root) ?? "");
}

/** What a path names, if that is a folder and no link. */
function identity(folder: string, { platform }: Root): string | undefined {
  const stats = fs.lstatSync(extendedPath(folder, platform), { throwIfNoEntry: false });
  return stats?.isDirectory() === true ? `${stats.dev} ${stats.ino}` : undefined;
}

/**
 * Checks a folder as {@link ensureRepoFolder} does, and makes nothing.
 * @throws DiskError when it would lie outside the root, or when something that is no folder is in its way
 */
export function checkFolder(root: Root, folder: string): void {
  refuseStray(root, folder);
  const there = existingParent(folder);
  if (fs.statSync(there).isDirectory()) return;
  throw new DiskError("ERR_HF_DISK", `A file is where a folder is needed: ${there}`, {
    hint: "Nothing was written. Move it away, then try again.",
  });
}

/**
 * Does `work` in a folder of the repo. Should another process have taken the folder away since it was last seen (a
 * cache that is being cleaned), it is made again, once.
 */
export function inRepoFolder<T>(root: Root, folder: string, doing: string, work: () => T): T {
  try {
    ensureRepoFolder(root, folder);
    try {
      return work();
    } catch (error) {
      if (systemCode(error) !== "ENOENT" || fs.existsSync(folder)) throw error;
      known.delete(root);
      ensureRepoFolder(root, folder);
      return work();
    }
  } catch (error) {
    throw diskError(error, doing, folder);
  }
}

/**
 * The real path of what exists of `path`, with the missing rest as it is: what Python does with a cache folder, so
 * that all programs lock and print one spelling.
 */
export function realPathOfPrefix(path: string): string {
  const whole = resolve(path);
  const existing = existingParent(whole);
  return resolve(fs.realpathSync.native(existing), relative(existing, whole));
}

/** The nearest folder at or above `path` that is there (a dangling link is not). */
export function existingParent(path: string): string {
  for (let at = resolve(path); ; at = resolve(at, "..")) {
    if (fs.existsSync(at) || at === resolve(at, "..")) return at;
  }
}

/** Refuses what exists of a folder below the root when that really is elsewhere. */
function refuseStray(root: Root, folder: string): void {
  // Nothing is there yet, so there is nothing that could lead astray.
  if (!fs.existsSync(root.folder)) return;
  // Looked up only now: another process may just have made the root, and before that this would be a folder above it.
  const there = existingParent(folder);
  const real = fs.realpathSync.native(root.folder);
  const inside = relative(real, fs.realpathSync.native(there));
  if (inside === "" || (!inside.startsWith("..") && !isAbsolute(inside))) return;
  throw new DiskError("ERR_HF_DISK", `A folder is a link that leads out of ${root.folder}: ${there}`, {
    hint: "Nothing was written. Replace the link by a folder, or move it away, then try again.",
  });
}

import * as fs from "node:fs";
import { relative, isAbsolute, resolve } from "node:path";
import { ensureFolderSync } from "../core/atomic-write.ts";
import { DiskError, diskError, systemCode } from "../core/errors.ts";
import { extendedPath } from "./paths.ts";
import type { RepoPaths } from "./paths.ts";

/** Folders that are made and checked already: thousands of files share a few. */
const known = new WeakMap<RepoPaths, Set<string>>();

/**
 * Makes a folder of the repo, and checks that it really is in the repo's folder: a link among its parents that leads
 * elsewhere would let a download write there. The repo's folder itself may be a link, as people move one to a larger
 * disk.
 * @throws DiskError
 */
export function ensureRepoFolder(paths: RepoPaths, folder: string): void {
  let folders = known.get(paths);
  if (folders === undefined) known.set(paths, (folders = new Set()));
  if (folders.has(folder)) return;
  const made = extendedPath(folder, paths.platform);
  if (!fs.existsSync(made)) refuseStray(paths, existingParent(folder));
  ensureFolderSync(made);
  refuseStray(paths, made);
  folders.add(folder);
}

/**
 * Does `work` in a folder of the repo. Should another process have taken the folder away since it was last seen (a
 * cache that is being cleaned), it is made again, once.
 */
export function inRepoFolder<T>(paths: RepoPaths, folder: string, doing: string, work: () => T): T {
  try {
    ensureRepoFolder(paths, folder);
    try {
      return work();
    } catch (error) {
      if (systemCode(error) !== "ENOENT" || fs.existsSync(folder)) throw error;
      known.delete(paths);
      ensureRepoFolder(paths, folder);
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

function refuseStray(paths: RepoPaths, folder: string): void {
  // Nothing of the repo is there yet, so there is nothing that could lead astray.
  if (!fs.existsSync(paths.folder)) return;
  const root = fs.realpathSync.native(paths.folder);
  const inside = relative(root, fs.realpathSync.native(folder));
  if (inside === "" || (!inside.startsWith("..") && !isAbsolute(inside))) return;
  throw new DiskError("ERR_HF_DISK", `A folder of the cache is a link that leads out of it: ${folder}`, {
    hint: "Nothing was written. Replace the link by a folder, or move it away, then try again.",
  });
}

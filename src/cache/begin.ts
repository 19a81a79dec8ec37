import * as fs from "node:fs";
import { ensureCacheFolder } from "./cache-tag.ts";
import { ensureRepoFolder } from "./folders.ts";
import { blobsFolder, pathOf } from "./paths.ts";
import type { RepoPaths } from "./paths.ts";

/**
 * Makes the repo's folder with an empty `snapshots/`, before anything else is put into it: a repo without that folder
 * is a corrupted one to Python's scanner, also when this process is killed a moment later.
 * @throws DiskError
 */
export function beginRepo(paths: RepoPaths): void {
  ensureCacheFolder(paths.cache);
  ensureRepoFolder(paths, pathOf(paths.platform).join(paths.folder, "snapshots"));
}

/** Takes away the folders of a repo of which nothing came. What holds anything stays. */
export function removeEmptyRepo(paths: RepoPaths): void {
  const { join } = pathOf(paths.platform);
  for (const folder of [blobsFolder(paths), join(paths.folder, "snapshots"), paths.folder]) {
    try {
      fs.rmdirSync(folder);
    } catch {
      // Not empty, or not there: both are as they should be.
    }
  }
}

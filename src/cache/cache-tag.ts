import * as fs from "node:fs";
import { join } from "node:path";
import { ensureFolderSync } from "../core/atomic-write.ts";
import { diskError, systemCode } from "../core/errors.ts";

const TAG = `Signature: 8a477f597d28d172789f06886806bc55
# This folder is a cache: everything in it can be fetched again, and backups may leave it out.
# See https://bford.info/cachedir/ for the meaning of this file.
`;

/**
 * Makes the cache's folder, and marks it for backup programs. A tag that is there is never rewritten.
 * @throws DiskError when the folder can't be made; without the tag the cache is as good
 */
export function ensureCacheFolder(folder: string): void {
  ensureFolderSync(folder);
  const path = join(folder, "CACHEDIR.TAG");
  try {
    fs.writeFileSync(path, TAG, { flag: "wx", mode: 0o666 });
  } catch (error) {
    if (["EEXIST", "EACCES", "EPERM", "EROFS"].includes(systemCode(error) ?? "")) return;
    throw diskError(error, "write to the cache", path);
  }
}

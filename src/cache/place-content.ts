import * as fs from "node:fs";
import { dirname } from "node:path";
import { replaceFile } from "../core/atomic-write.ts";
import { diskError, systemCode } from "../core/errors.ts";
import { ensureRepoFolder, inRepoFolder } from "./folders.ts";
import type { ContentPlace } from "./incomplete.ts";
import { newPartial, removeQuietly } from "./partial.ts";

/** Makes a private file. @throws DiskError */
export function openNew({ root }: ContentPlace, path: string): number {
  // "wx+" is O_CREAT|O_EXCL: a link or a file that someone put there is not opened.
  return inRepoFolder(root, dirname(path), "write the download", () => fs.openSync(path, "wx+", 0o666));
}

/** @throws the system's error */
export function writeAll(fd: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length;) {
    done += fs.writeSync(fd, bytes, done, bytes.length - done, position + done);
  }
}

/**
 * Renames a private file over its target; it is gone when that fails.
 * @param fd the file, still open: should a pruner have taken its name away, its bytes are written to another one
 * @throws DiskError
 */
export function moveIntoPlace(place: ContentPlace, path: string, fd?: number): void {
  const { root, target, named } = place;
  try {
    ensureRepoFolder(root, dirname(target));
    try {
      replaceFile(path, target);
    } catch (error) {
      if (fd === undefined || systemCode(error) !== "ENOENT" || fs.existsSync(path)) throw error;
      moveCopyIntoPlace(place, fd);
    }
  } catch (error) {
    const size = fs.statSync(path, { throwIfNoEntry: false })?.size;
    removeQuietly(path);
    // Windows does not replace a file that is in use. If it has the same size, another process has put it there.
    const inUse = named && root.platform === "win32" && ["EPERM", "EACCES", "EBUSY"].includes(systemCode(error) ?? "");
    if (inUse && size !== undefined && fs.statSync(target, { throwIfNoEntry: false })?.size === size) return;
    throw diskError(error, "put the file into its place", target);
  }
}

/** Python's `hf cache prune` removes every `.incomplete`, also one that is being written. */
function moveCopyIntoPlace(place: ContentPlace, from: number): void {
  const { path } = newPartial(place);
  const to = openNew(place, path);
  try {
    try {
      const memory = Buffer.allocUnsafe(1024 * 1024);
      for (let at = 0; ;) {
        const count = fs.readSync(from, memory, 0, memory.length, at);
        if (count === 0) break;
        writeAll(to, memory.subarray(0, count), at);
        at += count;
      }
    } finally {
      fs.closeSync(to);
    }
    replaceFile(path, place.target);
  } catch (error) {
    removeQuietly(path);
    throw error;
  }
}

import * as fs from "node:fs";
import { replaceFile } from "../core/atomic-write.ts";
import { diskError, IntegrityError, systemCode } from "../core/errors.ts";
import { inRepoFolder } from "./folders.ts";
import { contentAlgorithmOf, createContentHash } from "./hash.ts";
import { blobPath, blobsFolder, incompletePath } from "./paths.ts";
import type { RepoPaths } from "./paths.ts";

/** A blob on its way: a private file that nobody reads, until its content is proved. */
export interface IncompleteBlob {
  readonly etag: string;
  /** `…/blobs/<etag>.<8 hex>.incomplete`. */
  readonly path: string;
  /** For positional writes, also asynchronous ones; those must have ended before {@link publish} or {@link discard}. */
  readonly fd: number;
  /** Writes all of `bytes` at `position`. @throws DiskError */
  write(bytes: Uint8Array, position: number): void;
  /**
   * Gives the file its name in `blobs/`, over what is there, when `digest` equals the etag; else removes it.
   * @param digest lower-case hex of the whole content, as {@link createContentHash} or another reader of it computed
   * @returns the blob's path
   * @throws IntegrityError `ERR_HF_INTEGRITY` the content is not what the name says, or the name is no hash at all
   * @throws DiskError
   */
  publish(digest: string): string;
  /** Removes the file. May be called at any time, also after the others. */
  discard(): void;
}

export interface IncompleteOptions {
  /** Bytes to come; the file gets that length at once. */
  readonly size?: number | undefined;
}

/** Files of this process that have no owner but it; for {@link discardIncompleteBlobs}. */
const open = new Set<IncompleteBlob>();

/**
 * Opens a private temp for a blob, with the mode that the umask leaves of 0666, as other files of the cache have it.
 * @throws IntegrityError `ERR_HF_UNSAFE_NAME`; DiskError
 */
export function openIncompleteBlob(paths: RepoPaths, etag: string, options: IncompleteOptions = {}): IncompleteBlob {
  const path = incompletePath(paths, etag);
  const target = blobPath(paths, etag);
  const fd = openNew(paths, path);
  let state: "open" | "published" | "gone" = "open";
  const close = (next: "published" | "gone"): void => {
    state = next;
    open.delete(blob);
    fs.closeSync(fd);
  };
  const blob: IncompleteBlob = {
    etag,
    path,
    fd,
    write(bytes, position) {
      try {
        writeAll(fd, bytes, position);
      } catch (error) {
        throw diskError(error, "write to the cache", path);
      }
    },
    publish(digest) {
      if (state !== "open") throw new TypeError("this blob is published or discarded already");
      const fault = mismatch(etag, digest);
      if (fault !== undefined) {
        blob.discard();
        throw fault;
      }
      close("published");
      moveIntoPlace(paths, path, target);
      return target;
    },
    discard() {
      if (state !== "open") return;
      close("gone");
      removeQuietly(path);
    },
  };
  open.add(blob);
  try {
    if (options.size !== undefined) fs.ftruncateSync(fd, options.size);
  } catch (error) {
    blob.discard();
    throw diskError(error, "make room in the cache", path);
  }
  return blob;
}

/** Removes what this process has begun and not finished: for its end by a signal. */
export function discardIncompleteBlobs(): void {
  for (const blob of open) blob.discard();
}

/**
 * The whole way of a small blob in one step: hash, private file, rename. Synchronous, because thousands of small files
 * are written 1.7 times faster that way.
 * @returns the blob's path
 * @throws IntegrityError `ERR_HF_INTEGRITY` and nothing was written, `ERR_HF_UNSAFE_NAME`
 * @throws DiskError
 */
export function publishSmallBlob(paths: RepoPaths, etag: string, bytes: Uint8Array): string {
  const path = incompletePath(paths, etag);
  const target = blobPath(paths, etag);
  const hash = createContentHash(contentAlgorithmOf(etag) ?? "sha256", bytes.length);
  hash.update(bytes);
  const fault = mismatch(etag, hash.digest());
  if (fault !== undefined) throw fault;
  const fd = openNew(paths, path);
  try {
    try {
      writeAll(fd, bytes, 0);
    } finally {
      fs.closeSync(fd);
    }
  } catch (error) {
    removeQuietly(path);
    throw diskError(error, "write to the cache", path);
  }
  moveIntoPlace(paths, path, target);
  return target;
}

/** Size of a blob that is there, in bytes; undefined when there is none. Follows Python's link into its shared store. */
export function blobSize(paths: RepoPaths, etag: string): number | undefined {
  const path = blobPath(paths, etag);
  try {
    const stats = fs.statSync(path, { throwIfNoEntry: false });
    return stats?.isFile() === true ? stats.size : undefined;
  } catch (error) {
    throw diskError(error, "look for the file", path);
  }
}

function openNew(paths: RepoPaths, path: string): number {
  // "wx+" is O_CREAT|O_EXCL: a link or a file that someone put there is not opened.
  return inRepoFolder(paths, blobsFolder(paths), "write to the cache", () => fs.openSync(path, "wx+", 0o666));
}

function writeAll(fd: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length;) {
    done += fs.writeSync(fd, bytes, done, bytes.length - done, position + done);
  }
}

function moveIntoPlace(paths: RepoPaths, path: string, target: string): void {
  try {
    replaceFile(path, target);
  } catch (error) {
    const size = fs.statSync(path, { throwIfNoEntry: false })?.size;
    removeQuietly(path);
    // Windows does not replace a file that is in use. If it has the same size, another process has put it there.
    const inUse = paths.platform === "win32" && ["EPERM", "EACCES", "EBUSY"].includes(systemCode(error) ?? "");
    if (inUse && size !== undefined && fs.statSync(target, { throwIfNoEntry: false })?.size === size) return;
    throw diskError(error, "put the file into the cache", target);
  }
}

function mismatch(etag: string, digest: string): IntegrityError | undefined {
  const algorithm = contentAlgorithmOf(etag);
  if (algorithm !== undefined && etag === digest) return undefined;
  const why =
    algorithm === undefined
      ? `its ETag '${etag}' is no hash, so nothing proves it`
      : `${algorithm} ${digest}, not ${etag}`;
  return new IntegrityError("ERR_HF_INTEGRITY", `The content that arrived is not the one that was asked for: ${why}.`, {
    hint: "Nothing of it was kept. Try again; if it stays so, a proxy or mirror changes the files.",
  });
}

function removeQuietly(path: string): void {
  try {
    fs.unlinkSync(path);
  } catch {
    // A pruner took it; or the error that led here is the one to tell.
  }
}

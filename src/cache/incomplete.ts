import * as fs from "node:fs";
import { dirname } from "node:path";
import { replaceFile } from "../core/atomic-write.ts";
import { diskError, IntegrityError, systemCode } from "../core/errors.ts";
import { ensureRepoFolder, inRepoFolder } from "./folders.ts";
import type { Root } from "./folders.ts";
import { contentAlgorithmOf, createContentHash } from "./hash.ts";

/** Where one content goes, and the private file that it has until its bytes are proved. */
export interface ContentPlace {
  readonly root: Root;
  readonly etag: string;
  /** The private file: a fresh name of its own. */
  readonly temp: string;
  readonly target: string;
  /** The target's name says what is in it, so that any file there of the same size is as good: a blob. */
  readonly named: boolean;
}

/** A content on its way: a private file that nobody reads, until it is proved. */
export interface IncompleteBlob {
  readonly etag: string;
  /** `…/blobs/<etag>.<8 hex>.incomplete`. */
  readonly path: string;
  /** For positional writes, also asynchronous ones; those must have ended before {@link publish} or {@link discard}. */
  readonly fd: number;
  /** Writes all of `bytes` at `position`. @throws DiskError */
  write(bytes: Uint8Array, position: number): void;
  /**
   * Gives the file its name, over what is there, when `digest` equals the etag; else removes it.
   * @param digest lower-case hex of the whole content, as {@link createContentHash} or another reader of it computed
   * @returns the target's path
   * @throws IntegrityError `ERR_HF_INTEGRITY` the content is not what the name says, or the name is no hash at all
   * @throws DiskError
   */
  publish(digest: string): string;
  /** Removes the file. May be called at any time, also after the others. */
  discard(): void;
  /** When the file was last written, in nanoseconds since the epoch: known once it is published. */
  readonly modifiedNs: bigint | undefined;
}

export interface IncompleteOptions {
  /** Bytes to come; the file gets that length at once. */
  readonly size?: number | undefined;
}

/** Files of this process that have no owner but it; for {@link discardIncompleteBlobs}. */
const open = new Set<IncompleteBlob>();

/**
 * Opens the private file of a content, with the mode that the umask leaves of 0666, as other files of the cache have it.
 * @throws IntegrityError `ERR_HF_UNSAFE_NAME`; DiskError
 */
export function openContent(place: ContentPlace, options: IncompleteOptions = {}): IncompleteBlob {
  const { etag, temp: path, target } = place;
  const fd = openNew(place);
  let modifiedNs: bigint | undefined;
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
    get modifiedNs() {
      return modifiedNs;
    },
    write(bytes, position) {
      try {
        writeAll(fd, bytes, position);
      } catch (error) {
        throw diskError(error, "write the download", path);
      }
    },
    publish(digest) {
      if (state !== "open") throw new TypeError("this blob is published or discarded already");
      const fault = mismatch(etag, digest);
      if (fault !== undefined) {
        blob.discard();
        throw fault;
      }
      modifiedNs = fs.fstatSync(fd, { bigint: true }).mtimeNs;
      close("published");
      moveIntoPlace(place);
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
    throw diskError(error, "make room for the download", path);
  }
  return blob;
}

/** Removes what this process has begun and not finished: for its end by a signal. */
export function discardIncompleteBlobs(): void {
  for (const blob of open) blob.discard();
}

/**
 * The whole way of a small content in one step: hash, private file, rename. Synchronous, because thousands of small files
 * are written 1.7 times faster that way.
 * @returns when the file was written, in nanoseconds since the epoch
 * @throws IntegrityError `ERR_HF_INTEGRITY` and nothing was written, `ERR_HF_UNSAFE_NAME`
 * @throws DiskError
 */
export function publishSmallContent(place: ContentPlace, bytes: Uint8Array): bigint {
  const { etag, temp: path } = place;
  const hash = createContentHash(contentAlgorithmOf(etag) ?? "sha256", bytes.length);
  hash.update(bytes);
  const fault = mismatch(etag, hash.digest());
  if (fault !== undefined) throw fault;
  const fd = openNew(place);
  let modifiedNs: bigint;
  try {
    try {
      writeAll(fd, bytes, 0);
      modifiedNs = fs.fstatSync(fd, { bigint: true }).mtimeNs;
    } finally {
      fs.closeSync(fd);
    }
  } catch (error) {
    removeQuietly(path);
    throw diskError(error, "write the download", path);
  }
  moveIntoPlace(place);
  return modifiedNs;
}

function openNew({ root, temp }: ContentPlace): number {
  // "wx+" is O_CREAT|O_EXCL: a link or a file that someone put there is not opened.
  return inRepoFolder(root, dirname(temp), "write the download", () => fs.openSync(temp, "wx+", 0o666));
}

function writeAll(fd: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length;) {
    done += fs.writeSync(fd, bytes, done, bytes.length - done, position + done);
  }
}

function moveIntoPlace({ root, temp: path, target, named }: ContentPlace): void {
  try {
    ensureRepoFolder(root, dirname(target));
    replaceFile(path, target);
  } catch (error) {
    const size = fs.statSync(path, { throwIfNoEntry: false })?.size;
    removeQuietly(path);
    // Windows does not replace a file that is in use. If it has the same size, another process has put it there.
    const inUse = named && root.platform === "win32" && ["EPERM", "EACCES", "EBUSY"].includes(systemCode(error) ?? "");
    if (inUse && size !== undefined && fs.statSync(target, { throwIfNoEntry: false })?.size === size) return;
    throw diskError(error, "put the file into its place", target);
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

import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import { replaceFile } from "../core/atomic-write.ts";
import { DiskError, diskError, systemCode } from "../core/errors.ts";
import { inRepoFolder } from "./folders.ts";
import { clearNoExist } from "./no-exist.ts";
import { blobPath, extendedPath, incompletePath, pathOf, pointerPath, pointerTarget } from "./paths.ts";
import type { RepoPaths } from "./paths.ts";

export interface PointerOptions {
  /** False where links don't work or the user wants none: the entry becomes a file of its own. */
  readonly symlinks: boolean;
  /**
   * Without symlinks: the blob was published for this entry just now, so it is moved and `blobs/` stays empty, as
   * Python leaves it. Default false: it is copied.
   */
  readonly fresh?: boolean | undefined;
  /** Replaces a regular file that stands where the pointer goes. Default false: it is taken for the entry. */
  readonly force?: boolean | undefined;
}

/**
 * Makes an entry of a snapshot from a blob that is there: a relative link into `blobs/`, or a file. A link that dangles
 * or leads elsewhere is replaced; nothing is ever written through one. A note that the commit has no such file goes.
 * @returns path of the entry
 * @throws IntegrityError `ERR_HF_UNSAFE_NAME` for commit, path or etag
 * @throws DiskError also when the blob is not there (any more): no pointer is left dangling
 */
export function placePointer(
  paths: RepoPaths,
  commit: string,
  entryPath: string,
  etag: string,
  options: PointerOptions,
): string {
  const pointer = pointerPath(paths, commit, entryPath);
  const at = extendedPath(pointer, paths.platform);
  const folder = pathOf(paths.platform).dirname(pointer);
  const target = pointerTarget(paths, entryPath, etag);
  inRepoFolder(paths, folder, "put a file into the snapshot", () => {
    if (options.symlinks) link(paths, at, target, etag, options.force === true);
    else store(paths, at, etag, options);
  });
  clearNoExist(paths, commit, entryPath);
  return pointer;
}

/** Other processes make the same link at the same time; more rounds than that is no race. */
const ROUNDS = 5;

function link(paths: RepoPaths, pointer: string, target: string, etag: string, force: boolean): void {
  const blob = blobStats(paths, etag);
  for (let round = 1; ; round++) {
    try {
      fs.symlinkSync(target, pointer, "file");
      return;
    } catch (error) {
      if (systemCode(error) !== "EEXIST" || round === ROUNDS) throw error;
    }
    if (keeps(pointer, blob, force)) return;
    // The temp stands outside the snapshot, where a scanner would count it.
    const { join } = pathOf(paths.platform);
    const temp = extendedPath(join(paths.folder, `link.${randomBytes(4).toString("hex")}.tmp`), paths.platform);
    fs.symlinkSync(target, temp, "file");
    moveOver(temp, pointer);
    return;
  }
}

function store(paths: RepoPaths, pointer: string, etag: string, options: PointerOptions): void {
  const blob = blobPath(paths, etag);
  const stats = fs.lstatSync(pointer, { throwIfNoEntry: false });
  if (stats?.isFile() === true && options.force !== true) return;
  const source = blobStats(paths, etag);
  if (stats !== undefined && keeps(pointer, source, options.force === true)) return;
  // Python's shared store makes a blob a link to a file that others need: that one is copied, never moved.
  if (options.fresh === true && fs.lstatSync(blob).isFile()) return replaceFile(blob, pointer);
  const temp = incompletePath(paths, etag);
  try {
    fs.copyFileSync(blob, temp, fs.constants.COPYFILE_EXCL | fs.constants.COPYFILE_FICLONE);
  } catch (error) {
    removeQuietly(temp);
    throw error;
  }
  moveOver(temp, pointer);
}

/** True when what stands at the pointer is already right, or is a file that may stay. */
function keeps(pointer: string, blob: fs.BigIntStats, force: boolean): boolean {
  const stats = fs.lstatSync(pointer, { throwIfNoEntry: false });
  if (stats === undefined) return false;
  if (stats.isFile()) return !force;
  if (!stats.isSymbolicLink()) return false;
  const seen = fs.statSync(pointer, { throwIfNoEntry: false, bigint: true });
  return seen !== undefined && seen.ino === blob.ino && seen.dev === blob.dev;
}

function blobStats(paths: RepoPaths, etag: string): fs.BigIntStats {
  const path = blobPath(paths, etag);
  const stats = fs.statSync(path, { throwIfNoEntry: false, bigint: true });
  if (stats?.isFile() === true) return stats;
  throw new DiskError("ERR_HF_DISK", `A file of the cache is gone: ${path}`, {
    hint: "Something else has cleaned the cache meanwhile. Try again.",
  });
}

function moveOver(temp: string, path: string): void {
  try {
    replaceFile(temp, path);
  } catch (error) {
    removeQuietly(temp);
    throw error;
  }
}

function removeQuietly(path: string): void {
  try {
    fs.unlinkSync(path);
  } catch {
    // The error that led here is the one to tell.
  }
}

/** Makes a link; the test for systems without brings its own. */
export type MakeSymlink = (target: string, path: string) => void;

const answers = new WeakMap<MakeSymlink, Map<string, boolean>>();
const makeSymlink: MakeSymlink = (target, path) => fs.symlinkSync(target, path, "file");

/**
 * Whether the disk of this repo, and this user on Windows, can make symlinks. Tried once for each repo folder, in a
 * folder of the name that Python uses for it.
 * @throws DiskError when the repo's folder can't be made or written to
 */
export function symlinksWork(paths: RepoPaths, make: MakeSymlink = makeSymlink): boolean {
  let known = answers.get(make);
  if (known === undefined) answers.set(make, (known = new Map()));
  const before = known.get(paths.folder);
  if (before !== undefined) return before;
  const { join } = pathOf(paths.platform);
  const probe = inRepoFolder(paths, paths.folder, "write to the cache", () =>
    fs.mkdtempSync(join(paths.folder, "tmp")),
  );
  try {
    const path = join(probe, "link");
    make("target", path);
    const works = fs.lstatSync(path).isSymbolicLink();
    known.set(paths.folder, works);
    return works;
  } catch (error) {
    if (systemCode(error) === "ENOSPC") throw diskError(error, "write to the cache", probe);
    known.set(paths.folder, false);
    return false;
  } finally {
    fs.rmSync(probe, { recursive: true, force: true });
  }
}

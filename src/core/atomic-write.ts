import { randomBytes } from "node:crypto";
import * as nodeFs from "node:fs";
import { platform } from "node:os";
import { basename, dirname, join } from "node:path";
import { diskError, systemCode } from "./errors.ts";

/** What a write takes from the machine; a test for Windows brings its own. */
export interface WriteHost {
  readonly platform: NodeJS.Platform;
  readonly fs: Pick<
    typeof nodeFs,
    "openSync" | "writeFileSync" | "fsyncSync" | "closeSync" | "renameSync" | "unlinkSync"
  >;
  /** Blocks for `ms` milliseconds: the whole write is one synchronous step. */
  pause(ms: number): void;
}

export interface WriteOptions {
  /** Mode of the file from its first byte on; the umask still takes bits away. Windows has no modes. */
  readonly mode: number;
  /** Waits until the disk has the bytes, and the new name. Default true; false for what can be fetched again. */
  readonly fsync?: boolean | undefined;
  /** Where the private temp is made: a folder on the same file system. Default: the folder of the file. */
  readonly tempFolder?: string | undefined;
  /** For the error, as in "write the token file". */
  readonly doing?: string | undefined;
  readonly host?: WriteHost | undefined;
}

/** A scanner or an indexer has a file open for some milliseconds; after these waits (1 s) it is something else. */
const WINDOWS_WAITS: readonly number[] = [5, 10, 20, 40, 80, 160, 320, 365];

const thisHost: WriteHost = {
  platform: platform(),
  fs: nodeFs,
  pause: (ms) => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms),
};

/**
 * Writes a file so that every reader, at every moment, sees the old content or the new, whole. The bytes go to a
 * private temp that no other process can have opened, which then takes the place of the old file; a symlink at `path`
 * is replaced, never written through. Nothing is left behind on failure.
 * @throws DiskError `ERR_HF_NO_SPACE`, `ERR_HF_DISK`
 */
export async function writeFileAtomic(path: string, data: string | Uint8Array, options: WriteOptions): Promise<void> {
  writeFileAtomicSync(path, data, options);
}

/** {@link writeFileAtomic}, in one step of the event loop. */
export function writeFileAtomicSync(path: string, data: string | Uint8Array, options: WriteOptions): void {
  const { mode, fsync = true, tempFolder = dirname(path), doing = "write the file", host = thisHost } = options;
  const temp = join(tempFolder, `${basename(path).slice(0, 40)}.${randomBytes(4).toString("hex")}.tmp`);
  const { fs } = host;
  let made = false;
  try {
    // "wx" is O_CREAT|O_EXCL: fails on anything that is there, a link too.
    const fd = fs.openSync(temp, "wx", mode);
    made = true;
    try {
      fs.writeFileSync(fd, data);
      if (fsync) fs.fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
    replaceFile(temp, path, host);
    made = false;
    if (fsync && host.platform !== "win32") syncFolder(dirname(path), fs);
  } catch (error) {
    if (made) removeQuietly(temp, fs);
    throw diskError(error, doing, path);
  }
}

/**
 * Renames over what is there. Windows refuses while another program has either file open, so there it is tried again
 * for about a second.
 * @throws the system's error
 */
export function replaceFile(from: string, to: string, host: WriteHost = thisHost): void {
  for (let attempt = 0; ; attempt++) {
    try {
      host.fs.renameSync(from, to);
      return;
    } catch (error) {
      const wait = WINDOWS_WAITS[attempt];
      const passing = ["EPERM", "EACCES", "EBUSY"].includes(systemCode(error) ?? "");
      if (host.platform !== "win32" || !passing || wait === undefined) throw error;
      host.pause(wait);
    }
  }
}

/**
 * Makes a folder and the missing ones above it, all with `mode` (default 0777; the umask takes bits away). A folder
 * that is there keeps its mode: it may be shared on purpose.
 * @returns the topmost folder that was made, undefined when all were there
 * @throws DiskError
 */
export async function ensureFolder(
  path: string,
  options: { readonly mode?: number } = {},
): Promise<string | undefined> {
  return ensureFolderSync(path, options);
}

/** {@link ensureFolder}, in one step of the event loop. */
export function ensureFolderSync(path: string, { mode = 0o777 }: { readonly mode?: number } = {}): string | undefined {
  try {
    return nodeFs.mkdirSync(path, { recursive: true, mode });
  } catch (error) {
    throw diskError(systemCode(error) === "ENOENT" ? mkdirFault(path, error) : error, "make the folder", path);
  }
}

/** A recursive mkdir says ENOENT where the file system is read-only; a plain one in the same place says why. */
function mkdirFault(path: string, error: unknown): unknown {
  let missing = path;
  while (!nodeFs.existsSync(dirname(missing)) && dirname(missing) !== missing) missing = dirname(missing);
  try {
    nodeFs.mkdirSync(missing);
    nodeFs.rmdirSync(missing);
    return error;
  } catch (reason) {
    return systemCode(reason) === "EEXIST" ? error : reason;
  }
}

/** Some file systems can't sync a folder; the rename is atomic there as well, only later on the disk. */
function syncFolder(folder: string, fs: WriteHost["fs"]): void {
  try {
    const fd = fs.openSync(folder, "r");
    try {
      fs.fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
  } catch {
    // See above.
  }
}

function removeQuietly(path: string, fs: WriteHost["fs"]): void {
  try {
    fs.unlinkSync(path);
  } catch {
    // The error that led here is the one to tell.
  }
}

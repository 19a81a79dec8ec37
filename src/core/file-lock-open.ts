import { closeSync, constants, fchmodSync, fstatSync, lstatSync, openSync } from "node:fs";
import type { Stats } from "node:fs";
import { platform } from "node:os";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ensureFolderSync } from "./atomic-write.ts";
import { DiskError, diskError, systemCode } from "./errors.ts";
import { FLOCK, PERL_HELPER, PYTHON_HELPER } from "./file-lock-helper.ts";
import type { LockHelper } from "./file-lock-helper.ts";

/** What the locks take from the machine. The defaults are this machine; tests for other systems bring their own. */
export interface LockHost {
  readonly platform: NodeJS.Platform;
  /** Flags are those of this platform's `fs.constants`, or the numbers below. */
  open(path: string, flags: number, mode: number): number;
  readonly flags: Pick<typeof constants, "O_RDONLY" | "O_RDWR" | "O_CREAT" | "O_EXCL" | "O_NOFOLLOW" | "O_NONBLOCK">;
  /** Programs that lock one descriptor, in the order in which they are tried. */
  readonly helpers: readonly LockHelper[];
  /** The same for many descriptors at once; a process for each would be too slow. */
  readonly batchHelpers: readonly LockHelper[];
  /** Rejects when aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** Devices whose file system has no flock, and whether the user was told. Only ever saves useless tries. */
  readonly memory: { readonly lockless: Set<number>; told: boolean };
}

/** BSD's flag (macOS too) to take the flock while opening. */
const O_EXLOCK = 0x20;
/** libuv's flag for a Windows open that shares with nobody: it fails with EBUSY while Python has the file open. */
const UV_EXCLUSIVE = 0x10000000;
/** Group-writable whatever the umask, as Python's: several users may share a cache. */
const MODE = 0o664;
/** More tries than a real race needs; ends a loop that a broken file system would make endless. */
export const RACES = 100;
const BSD = new Set<NodeJS.Platform>(["darwin", "freebsd", "openbsd"]);

/** This machine, with nothing learnt yet. */
export function createLockHost(): LockHost {
  return {
    platform: platform(),
    open: openSync,
    flags: constants,
    helpers: [FLOCK, PERL_HELPER, PYTHON_HELPER],
    batchHelpers: [PERL_HELPER, FLOCK, PYTHON_HELPER],
    sleep: async (ms, signal) => {
      await sleep(ms, undefined, { signal });
    },
    memory: { lockless: new Set(), told: false },
  };
}

/** Systems whose open takes the lock; the others need a helper. */
export function usesFlags(host: LockHost): boolean {
  return host.platform === "win32" || BSD.has(host.platform);
}

export interface OpenFile {
  readonly fd: number;
  readonly stats: Stats;
}

/**
 * Opens the lock file, making it and its folder where they are missing. Never truncates: the holder may have written
 * to it. Undefined when the file is there but may not even be read.
 */
export function openLockFile(path: string, host: LockHost): OpenFile | undefined {
  const { O_RDONLY, O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK } = host.flags;
  // Without O_NONBLOCK a pipe at that path, or a lease on the file, would block the whole process.
  const common = O_NOFOLLOW | O_NONBLOCK;
  const known = (fd: number): OpenFile => {
    const stats = fstatSync(fd);
    if (stats.isFile()) return { fd, stats };
    closeSync(fd);
    throw new DiskError("ERR_HF_DISK", `The lock file is not a regular file: ${path}`, { hint: "Move it away." });
  };
  for (let race = 0; ; race++) {
    try {
      const file = known(host.open(path, O_RDWR | O_CREAT | O_EXCL | common, MODE));
      widen(file.fd);
      return file;
    } catch (error) {
      const code = systemCode(error);
      if (race >= RACES || !["EEXIST", "ENOENT", "EACCES", "EPERM", "EROFS", "EISDIR"].includes(code ?? "")) {
        throw diskError(error, "open the lock file", path);
      }
      if (code === "ENOENT") ensureFolderSync(dirname(path));
      else if (code !== "EEXIST" && !isThere(path)) throw diskError(error, "make the lock file", path);
    }
    // A sticky folder refuses O_CREAT on another user's file, so what exists is opened without it.
    for (const access of [O_RDWR, O_RDONLY]) {
      try {
        return known(host.open(path, access | common, MODE));
      } catch (error) {
        const code = systemCode(error);
        if (code === "ENOENT" || code === "EAGAIN") break;
        if (!["EACCES", "EPERM", "EROFS"].includes(code ?? "")) throw diskError(error, "open the lock file", path);
        if (access === O_RDONLY) return undefined;
      }
    }
  }
}

/** `refused` is an answer of Windows that may go away by itself. */
export type Opened =
  { readonly kind: "held"; readonly fd: number } | { readonly kind: "contended" | "refused" | "lockless" };

/** One try, where opening takes the lock. */
export function openLocked(path: string, host: LockHost): Opened {
  const { O_RDWR, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = host.flags;
  const windows = host.platform === "win32";
  const flags = windows ? O_RDWR | O_CREAT | UV_EXCLUSIVE : O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_EXLOCK;
  for (let race = 0; race < RACES; race++) {
    try {
      const fd = host.open(path, flags, MODE);
      // Nobody can delete or replace a Windows file that is shared with nobody.
      if (windows || namesStill(path, fd)) return { kind: "held", fd };
      closeSync(fd);
    } catch (error) {
      const code = systemCode(error) ?? "";
      if ((windows ? ["EBUSY"] : ["EAGAIN", "EWOULDBLOCK"]).includes(code)) return { kind: "contended" };
      if (["ENOSYS", "ENOTSUP", "EOPNOTSUPP", "ENOLCK"].includes(code)) return { kind: "lockless" };
      // While a Windows file is being deleted (Python deletes its locks there), opening it is refused.
      if (windows && ["EPERM", "EACCES"].includes(code)) return { kind: "refused" };
      if (code !== "ENOENT") throw diskError(error, "open the lock file", path);
      ensureFolderSync(dirname(path));
    }
  }
  return { kind: "contended" };
}

/** True when the open file is still what the path names. */
export function namesStill(path: string, fd: number): boolean {
  const open = fstatSync(fd);
  const named = lstatSync(path, { throwIfNoEntry: false });
  return open.nlink > 0 && named !== undefined && open.ino === named.ino && open.dev === named.dev;
}

function isThere(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false;
  }
}

function widen(fd: number): void {
  try {
    fchmodSync(fd, MODE);
  } catch {
    // Some mounts have no modes. The lock works without.
  }
}

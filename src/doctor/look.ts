import { closeSync, constants, fstatSync, lstatSync, openSync, readSync, realpathSync, statSync } from "node:fs";
import type { Stats } from "node:fs";
import { systemCode } from "../core/errors.ts";

/** What stands at a path. `other`: a pipe, a device, a socket. */
export type PathKind = "absent" | "file" | "folder" | "other" | "hidden";

export interface PathLook {
  readonly path: string;
  /** Of what a link leads to; `hidden`: the system does not let us look. */
  readonly kind: PathKind;
  /** True for a link, also for one that leads nowhere. */
  readonly link: boolean;
  /** Permission bits. */
  readonly mode?: number;
  /** Owner. */
  readonly uid?: number;
  /** The system's code where looking failed, as `EACCES`. */
  readonly error?: string;
}

/** Looks at a path without opening it. Never throws. */
export function lookAt(path: string): PathLook {
  let link = false;
  try {
    link = lstatSync(path).isSymbolicLink();
    const stats = statSync(path);
    return { path, kind: kindOf(stats), link, mode: stats.mode & 0o7777, uid: stats.uid };
  } catch (error) {
    const code = systemCode(error) ?? "unknown";
    if (["ENOENT", "ENOTDIR"].includes(code)) return { path, kind: "absent", link };
    return { path, kind: "hidden", link, error: code };
  }
}

/** True for the system's code of a refusal that the modes of a folder, or its owner, are the cause of. */
export function isClosed(code: string | undefined): boolean {
  return code === "EACCES" || code === "EPERM";
}

function kindOf(stats: Stats): PathKind {
  return stats.isFile() ? "file" : stats.isDirectory() ? "folder" : "other";
}

/**
 * The beginning of an ordinary file, or undefined for everything else. A pipe or a device in its place is neither waited
 * for nor read: what is opened is looked at again before its first byte is taken.
 * @param most bytes
 * @param followLinks false for files of a project, which may lead anywhere
 */
export function readStart(
  path: string,
  most: number,
  { followLinks }: { readonly followLinks: boolean },
): Buffer | undefined {
  // Windows has neither flag, and no pipes among its files.
  const flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (followLinks ? 0 : (constants.O_NOFOLLOW ?? 0));
  let file: number | undefined;
  try {
    if (!statSync(path).isFile()) return undefined;
    file = openSync(path, flags);
    if (!fstatSync(file).isFile()) return undefined;
    const bytes = Buffer.alloc(most);
    let length = 0;
    for (let count = -1; count !== 0 && length < most; length += count) {
      count = readSync(file, bytes, length, most - length, null);
    }
    return bytes.subarray(0, length);
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** A path without links, or as it is where there is nothing. */
export function realPath(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    return path;
  }
}

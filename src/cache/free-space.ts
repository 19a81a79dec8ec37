import { statfsSync } from "node:fs";
import { existingParent } from "./folders.ts";

/**
 * Bytes that this user can still write at `path`, which need not be there yet. Undefined where the system does not
 * tell.
 */
export function freeSpace(path: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(existingParent(path));
    return bavail * bsize;
  } catch {
    return undefined;
  }
}

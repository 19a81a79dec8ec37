import { lstatSync, readdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { DiskError, diskError, isHfError, systemCode } from "../core/errors.ts";
import type { HfError } from "../core/errors.ts";
import { followOwnLinks } from "../core/own-links.ts";

const SECRET_FILE = 0o600;

/**
 * Writes what a link points to rather than the link, as Python does: dotfile managers keep secrets elsewhere.
 * @param uid the user whose links are followed, besides root's @default that of this process
 * @throws DiskError also for a link that another user has made
 */
export async function writeSecret(
  path: string,
  data: string | Uint8Array,
  doing: string,
  uid: number | undefined,
): Promise<void> {
  const { writeFileAtomic } = await import("../core/atomic-write.ts");
  await writeFileAtomic(followOwnLinks(path, uid), data, { mode: SECRET_FILE, doing });
}

/**
 * Removes a file, and where it is a link also what that leads to: the secret is there.
 * @returns why something was kept: a link of another user goes, and what it leads to stays
 * @throws DiskError
 */
export function removeSecret(path: string, doing: string, uid: number | undefined): readonly HfError[] {
  const kept: HfError[] = [];
  try {
    const target = followOwnLinks(path, uid);
    if (target !== path && lstatSync(target, { throwIfNoEntry: false })?.isFile() === true) remove(target, doing);
  } catch (error) {
    if (!isHfError(error)) throw diskError(error, doing, path);
    kept.push(error);
  }
  remove(path, doing);
  return kept;
}

/**
 * What is left beside files that are gone. Temps of writers that were killed go too; the caller holds the lock, so
 * nobody writes one now. Copies of files that could not be read were kept on purpose: they are named.
 */
export function remains(paths: readonly string[]): readonly HfError[] {
  return paths.flatMap((path) => {
    const folder = dirname(path);
    const rest = namesIn(folder).flatMap((name) => (name.startsWith(basename(path)) ? [name] : []));
    for (const name of rest) {
      if (/^\.[0-9a-f]{8}\.tmp$/.test(name.slice(basename(path).length))) remove(join(folder, name), "remove a temp");
    }
    return rest
      .filter((name) => name.startsWith(`${basename(path)}.unreadable-`))
      .map((name) => {
        const copy = join(folder, name);
        return new DiskError("ERR_HF_STORE_UNREADABLE", `A copy of saved logins that could not be read is at ${copy}`, {
          hint: "Delete it, if nothing in it is needed any more.",
        });
      });
  });
}

function remove(path: string, doing: string): void {
  try {
    rmSync(path);
  } catch (error) {
    if (systemCode(error) !== "ENOENT") throw diskError(error, doing, path);
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

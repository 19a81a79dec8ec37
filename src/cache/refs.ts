import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import { writeFileAtomicSync } from "../core/atomic-write.ts";
import { DiskError, diskError, systemCode } from "../core/errors.ts";
import { readRegularFileSync } from "../core/read-file.ts";
import { isCommit } from "../core/repo.ts";
import { ensureRepoFolder } from "./folders.ts";
import { checkCommit } from "./names.ts";
import { extendedPath, pathOf, refPath } from "./paths.ts";
import type { RepoPaths } from "./paths.ts";

/** Far more than a commit, so that what another tool wrote there is replaced and no obstacle. */
const REF_BYTES = 64 * 1024;

/**
 * The commit that a branch, tag or `refs/pr/N` meant when it was last fetched. Only exactly 40 hex digits count: Python
 * does not trim the file either.
 * @throws UsageError `ERR_HF_INVALID_REVISION`
 * @throws DiskError when a ref is there but can't be read
 */
export function readRef(paths: RepoPaths, revision: string): string | undefined {
  const path = refPath(paths, revision);
  try {
    const text = readRegularFileSync(path, REF_BYTES).toString();
    return isCommit(text) ? text : undefined;
  } catch (error) {
    // Something that is no ref stands there; the next download replaces it.
    if (error instanceof DiskError) return undefined;
    if (["ENOENT", "ENOTDIR", "EISDIR"].includes(systemCode(error) ?? "")) return undefined;
    throw diskError(error, "read the ref", path);
  }
}

/**
 * Remembers what a revision means; call it after the commit's first pointer is there, because a ref without a snapshot
 * hides the whole repo from Python's scanner. A full commit needs no ref, and an unchanged ref is not written.
 *
 * A branch `a` and a branch `a/b` can't exist at once on the Hub, so what is in the way is a ref of the past and goes.
 * @returns true when something was written
 * @throws UsageError, IntegrityError for names; DiskError
 */
export function writeRef(paths: RepoPaths, revision: string, commit: string): boolean {
  const path = refPath(paths, revision);
  checkCommit(commit);
  if (isCommit(revision) || readRef(paths, revision) === commit) return false;
  const { dirname, join } = pathOf(paths.platform);
  // Before anything is taken away: behind a link, what is in the way would be somebody else's.
  ensureRepoFolder(paths, join(paths.folder, "refs"));
  clearTheWay(paths, path);
  ensureRepoFolder(paths, dirname(path));
  // The scanner takes every file below refs/ for a ref, so the temp is made beside that folder.
  writeFileAtomicSync(path, commit, {
    mode: 0o666,
    fsync: false,
    tempFolder: extendedPath(paths.folder, paths.platform),
    doing: "write the ref",
  });
  return true;
}

function clearTheWay(paths: RepoPaths, path: string): void {
  const { dirname, join } = pathOf(paths.platform);
  const refs = extendedPath(join(paths.folder, "refs"), paths.platform);
  const parents: string[] = [];
  for (let at = dirname(path); at.length > refs.length; at = dirname(at)) parents.unshift(at);
  try {
    for (const parent of parents) {
      const stats = fs.lstatSync(parent, { throwIfNoEntry: false });
      if (stats?.isDirectory() !== true) fs.rmSync(parent, { force: true });
    }
    if (fs.lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true) {
      // Out of refs/ in one step; taken apart where nobody looks. Links inside are removed, not followed.
      const aside = join(paths.folder, `refs.${randomBytes(4).toString("hex")}.tmp`);
      fs.renameSync(path, aside);
      fs.rmSync(aside, { recursive: true, force: true });
    }
  } catch (error) {
    if (systemCode(error) === "ENOENT") return;
    throw diskError(error, "replace the old ref", path);
  }
}

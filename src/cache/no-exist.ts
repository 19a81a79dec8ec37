import * as fs from "node:fs";
import { systemCode } from "../core/errors.ts";
import { ensureRepoFolder } from "./folders.ts";
import { noExistPath, pathOf, pointerPath } from "./paths.ts";
import type { RepoPaths } from "./paths.ts";

/**
 * Notes that a commit has no such file, so that `transformers` need not ask again. Only a help: where it can't be
 * written it is left out. Never beside a file that is there, because Python believes the marker first.
 * @returns true when the marker is there now
 * @throws IntegrityError `ERR_HF_UNSAFE_NAME`
 */
export function markNoExist(paths: RepoPaths, commit: string, entryPath: string): boolean {
  const marker = noExistPath(paths, commit, entryPath);
  const pointer = pointerPath(paths, commit, entryPath);
  if (fs.existsSync(pointer)) return false;
  try {
    ensureRepoFolder(paths, pathOf(paths.platform).dirname(marker));
    // "wx": what stands there, a link or a pipe, is neither opened nor followed.
    fs.closeSync(fs.openSync(marker, "wx", 0o666));
    return true;
  } catch (error) {
    return systemCode(error) === "EEXIST" && fs.lstatSync(marker, { throwIfNoEntry: false })?.isFile() === true;
  }
}

/** @throws IntegrityError `ERR_HF_UNSAFE_NAME` */
export function isMarkedNoExist(paths: RepoPaths, commit: string, entryPath: string): boolean {
  return fs.statSync(noExistPath(paths, commit, entryPath), { throwIfNoEntry: false })?.isFile() === true;
}

/**
 * Removes a marker that has become wrong.
 * @throws IntegrityError `ERR_HF_UNSAFE_NAME`
 */
export function clearNoExist(paths: RepoPaths, commit: string, entryPath: string): void {
  const marker = noExistPath(paths, commit, entryPath);
  const { dirname } = pathOf(paths.platform);
  const folders: string[] = [];
  for (let at = dirname(marker); at.length > paths.folder.length; at = dirname(at)) folders.unshift(at);
  // Behind a link among its folders, the file of that name would be somebody else's.
  if (!folders.every((folder) => fs.lstatSync(folder, { throwIfNoEntry: false })?.isDirectory())) return;
  try {
    fs.unlinkSync(marker);
  } catch {
    // Mostly there is none. One that can't be removed is Python's to trip over; the file itself is right.
  }
}

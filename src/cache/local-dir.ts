import { createHash, randomBytes } from "node:crypto";
import * as fs from "node:fs";
import { platform as thisPlatform } from "node:os";
import { IntegrityError, safeText, systemCode } from "../core/errors.ts";
import { ensureCacheFolder } from "./cache-tag.ts";
import { checkFolder, ensureRepoFolder, existingParent, realPathOfPrefix } from "./folders.ts";
import type { Root } from "./folders.ts";
import type { ContentPlace } from "./incomplete.ts";
import { checkEntryPath, checkEtag } from "./names.ts";
import { extendedPath, pathOf } from "./paths.ts";

/**
 * A folder of the user's that holds the files of a repo under their own names, and in `.cache/huggingface` what is known
 * of them. The layout is Python's (`local_dir`), so that each program takes what the other brought.
 */
export interface LocalDir extends Root {
  /** `…/.cache/huggingface`: notes on the files, locks, listings. */
  readonly store: Root;
}

/** Path in the repo that belongs to the notes of this folder: a repo that brought its own would overwrite them. */
const STORE_PATH = ".cache/huggingface";

/** @param folder need not be there yet; as everywhere, its real path is what is locked and printed */
export function openLocalDir(folder: string, platform: NodeJS.Platform = thisPlatform()): LocalDir {
  const real = realPathOfPrefix(folder);
  return { folder: real, platform, store: { folder: pathOf(platform).join(real, ".cache", "huggingface"), platform } };
}

/** True for an entry that can't be in such a folder, because its notes are there. Windows takes it in any case. */
export function isStorePath(entryPath: string): boolean {
  const path = entryPath.toLowerCase();
  return path === STORE_PATH || path.startsWith(`${STORE_PATH}/`);
}

/**
 * `…/onnx/model.onnx`. Nothing goes into a `.git`: the user's folder may be a work tree, whose hooks git would run. No
 * repo has such a file, because git refuses it, also in the spellings that some file systems take for the same.
 * @throws IntegrityError `ERR_HF_UNSAFE_NAME`
 */
export function localEntryPath(local: LocalDir, entryPath: string): string {
  checkEntryPath(entryPath, "network", local.platform);
  if (entryPath.split(/[/\\]/).some((segment) => isGitFolder(segment))) {
    throw new IntegrityError("ERR_HF_UNSAFE_NAME", `The repo has a file in a .git: '${safeText(entryPath, 200)}'.`, {
      hint: "Nothing was written. No repo of git can have it: check that HF_ENDPOINT names a Hub that you trust.",
    });
  }
  const path = pathOf(local.platform).join(local.folder, entryPath);
  return extendedPath(path, local.platform);
}

/** `…/.cache/huggingface/download/onnx/model.onnx.metadata`. @throws IntegrityError `ERR_HF_UNSAFE_NAME` */
export function localMetadataPath(local: LocalDir, entryPath: string): string {
  return note(local, entryPath, "metadata");
}

/** `…/.cache/huggingface/download/onnx/model.onnx.lock`. @throws IntegrityError `ERR_HF_UNSAFE_NAME` */
export function localLockPath(local: LocalDir, entryPath: string): string {
  return note(local, entryPath, "lock");
}

/**
 * Where the content of an entry goes. Its private file has Python's form,
 * `…/download/onnx/<hash of the name>.<etag>.<8 hex>.incomplete`.
 * @throws IntegrityError `ERR_HF_UNSAFE_NAME`
 */
export function localPlace(local: LocalDir, entryPath: string, etag: string): ContentPlace {
  const { basename, dirname, join } = pathOf(local.platform);
  const metadata = localMetadataPath(local, entryPath);
  const digest = createHash("sha1")
    .update(basename(metadata))
    .digest("base64")
    .replaceAll("+", "-")
    .replaceAll("/", "_");
  const base = join(dirname(metadata), `${digest}.${checkEtag(etag, local.platform)}`);
  return {
    root: local,
    etag,
    base,
    temp: extendedPath(`${base}.${randomBytes(4).toString("hex")}.incomplete`, local.platform),
    target: localEntryPath(local, entryPath),
    named: false,
  };
}

/**
 * Makes the folder of the notes, with the marks by which git and backups leave it out. What is there is left as it is.
 * @throws DiskError also where a link leads out of the user's folder
 */
export function beginLocalDir(local: LocalDir): void {
  ensureRepoFolder(local, local.store.folder);
  ensureCacheFolder(local.store.folder);
  try {
    fs.writeFileSync(pathOf(local.platform).join(local.store.folder, ".gitignore"), "*", { flag: "wx", mode: 0o666 });
  } catch (error) {
    if (systemCode(error) === "ENOSPC") throw error;
    // It is there; or it can't be, and the files are as good without.
  }
}

/**
 * Two of the paths that are one file where capital and small letters are the same (macOS, Windows), and where the folder
 * is such a place: the second would overwrite the first. Undefined when there are none.
 */
export function findCaseTwins(
  local: LocalDir,
  entryPaths: readonly string[],
  folds: (local: LocalDir) => boolean = foldsCase,
): readonly [string, string] | undefined {
  const seen = new Map<string, string>();
  for (const path of entryPaths) {
    const folded = path.normalize("NFC").toLowerCase();
    const twin = seen.get(folded);
    if (twin !== undefined && folds(local)) return [twin, path];
    seen.set(folded, path);
  }
  return undefined;
}

/** Whether the folder, or the nearest one above that is there, answers to its name in other letters. */
function foldsCase({ folder }: LocalDir): boolean {
  const there = existingParent(folder);
  const swapped = there.toUpperCase() === there ? there.toLowerCase() : there.toUpperCase();
  try {
    const [one, other] = [fs.statSync(there), fs.statSync(swapped)];
    return swapped !== there && one.ino === other.ino && one.dev === other.dev;
  } catch {
    return false;
  }
}

/** Makes the folder of an entry's notes, below the user's folder and nowhere else. @throws DiskError */
export function ensureLocalNotes(local: LocalDir, entryPath: string): void {
  ensureRepoFolder(local, pathOf(local.platform).dirname(localMetadataPath(local, entryPath)));
}

/** Checks that the entry would be written in this folder. Makes nothing. @throws DiskError */
export function checkLocalEntry(local: LocalDir, entryPath: string): void {
  const { dirname } = pathOf(local.platform);
  checkFolder(local, dirname(localEntryPath(local, entryPath)));
  checkFolder(local, dirname(localMetadataPath(local, entryPath)));
}

/** HFS+ does not see some characters, NTFS has short names, and Windows drops dots and blanks at the end. */
function isGitFolder(segment: string): boolean {
  return /^(?:\.git|git~\d+)[. ]*(?::.*)?$/i.test(segment.replaceAll(/\p{Default_Ignorable_Code_Point}/gu, ""));
}

function note(local: LocalDir, entryPath: string, ending: string): string {
  const { join } = pathOf(local.platform);
  const name = `${checkEntryPath(entryPath, "network", local.platform)}.${ending}`;
  return extendedPath(join(local.store.folder, "download", name), local.platform);
}

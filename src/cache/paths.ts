import { randomBytes } from "node:crypto";
import { platform as thisPlatform } from "node:os";
import { posix, win32 } from "node:path";
import type { PlatformPath } from "node:path";
import type { Repo } from "../core/repo.ts";
import { checkCommit, checkEntryPath, checkEtag, checkRevision } from "./names.ts";

/** Where one repo is in the shared cache. Every path below it is built by a function of this file. */
export interface RepoPaths {
  /** The cache: `/home/me/.cache/huggingface/hub`. */
  readonly cache: string;
  /** The repo's folder in it: `…/hub/models--acme--tiny`. */
  readonly folder: string;
  /** Name of that folder: `models--acme--tiny`. */
  readonly name: string;
  readonly platform: NodeJS.Platform;
}

/**
 * The places of a repo. Give the real path of the cache (`realPathOfPrefix`), so that two processes lock one spelling.
 * @param cache absolute path
 */
export function repoPaths(cache: string, repo: Repo, platform: NodeJS.Platform = thisPlatform()): RepoPaths {
  // datasets--acme--words
  const name = [`${repo.type}s`, ...repo.id.split("/")].join("--");
  return { cache, folder: pathOf(platform).join(cache, name), name, platform };
}

/** `models--acme--tiny/blobs`. */
export function blobsFolder(paths: RepoPaths): string {
  return pathOf(paths.platform).join(paths.folder, "blobs");
}

/** `models--acme--tiny/blobs/<etag>`. @throws IntegrityError `ERR_HF_UNSAFE_NAME` */
export function blobPath(paths: RepoPaths, etag: string): string {
  return below(paths, "blobs", checkEtag(etag, paths.platform));
}

/**
 * A private temp, `models--acme--tiny/blobs/<etag>.<8 hex>.incomplete`: the form that Python's scanner and pruner
 * know. Never `<etag>.incomplete`, which other tools share and append to.
 * @param unique 8 hex digits. Default: random
 * @throws IntegrityError `ERR_HF_UNSAFE_NAME`
 */
export function incompletePath(paths: RepoPaths, etag: string, unique = randomBytes(4).toString("hex")): string {
  return below(paths, "blobs", `${checkEtag(etag, paths.platform)}.${unique}.incomplete`);
}

/** `models--acme--tiny/snapshots/<commit>`. @throws IntegrityError `ERR_HF_UNSAFE_NAME` */
export function snapshotPath(paths: RepoPaths, commit: string): string {
  return pathOf(paths.platform).join(paths.folder, "snapshots", checkCommit(commit));
}

/** `models--acme--tiny/snapshots/<commit>/onnx/model.onnx`. @throws IntegrityError `ERR_HF_UNSAFE_NAME` */
export function pointerPath(paths: RepoPaths, commit: string, entryPath: string): string {
  return pathOf(paths.platform).join(snapshotPath(paths, commit), checkEntryPath(entryPath, "network", paths.platform));
}

/** Where the pointer of an entry points: `../../../../blobs/<etag>` for `onnx/sub/model`. */
export function pointerTarget(paths: RepoPaths, entryPath: string, etag: string): string {
  const depth = checkEntryPath(entryPath, "network", paths.platform).split("/").length;
  const parts = [...Array.from({ length: depth + 1 }, () => ".."), "blobs", checkEtag(etag, paths.platform)];
  return parts.join(pathOf(paths.platform).sep);
}

/** `models--acme--tiny/refs/main`, `…/refs/refs/pr/1`. @throws UsageError `ERR_HF_INVALID_REVISION` */
export function refPath(paths: RepoPaths, revision: string): string {
  return below(paths, "refs", checkRevision(revision, paths.platform));
}

/** `models--acme--tiny/.no_exist/<commit>/<path>`. @throws IntegrityError `ERR_HF_UNSAFE_NAME` */
export function noExistPath(paths: RepoPaths, commit: string, entryPath: string): string {
  return below(paths, ".no_exist", checkCommit(commit), checkEntryPath(entryPath, "network", paths.platform));
}

/** `models--acme--tiny/trees/<commit>.json`. @throws IntegrityError `ERR_HF_UNSAFE_NAME` */
export function treePath(paths: Pick<RepoPaths, "folder" | "platform">, commit: string): string {
  return below(paths, "trees", `${checkCommit(commit)}.json`);
}

/** `.locks/models--acme--tiny/<etag>.lock` in the cache. @throws IntegrityError `ERR_HF_UNSAFE_NAME` */
export function lockPath(paths: RepoPaths, etag: string): string {
  const { join } = pathOf(paths.platform);
  const path = join(paths.cache, ".locks", paths.name, `${checkEtag(etag, paths.platform)}.lock`);
  return extendedPath(path, paths.platform);
}

/**
 * The form with which Windows takes paths of more than 255 characters; other paths, and other systems, unchanged.
 * Python adds it at the same length, to the same files.
 * @param path absolute
 */
export function extendedPath(path: string, platform: NodeJS.Platform): string {
  if (platform !== "win32" || path.length <= 255 || path.startsWith("\\\\?\\")) return path;
  return path.startsWith("\\\\") ? `\\\\?\\UNC\\${path.slice(2)}` : `\\\\?\\${path}`;
}

/** The rules of a platform's paths. */
export function pathOf(platform: NodeJS.Platform): PlatformPath {
  return platform === "win32" ? win32 : posix;
}

function below(paths: Pick<RepoPaths, "folder" | "platform">, ...parts: readonly string[]): string {
  return extendedPath(pathOf(paths.platform).join(paths.folder, ...parts), paths.platform);
}

import { dirname } from "node:path";
import { followOwnLinks } from "../core/own-links.ts";
import { lockPath } from "./paths.ts";
import type { RepoPaths } from "./paths.ts";

/**
 * The path of a content's lock. `.locks` may be a link, as people make one to a disk that has locks; one that another
 * user has made would let him choose where the files are made.
 * @throws IntegrityError `ERR_HF_UNSAFE_NAME`; DiskError for a link of another user
 */
export function contentLockPath(paths: RepoPaths, etag: string): string {
  const path = lockPath(paths, etag);
  const folder = dirname(path);
  for (const part of [dirname(folder), folder]) followOwnLinks(part);
  return path;
}

import * as fs from "node:fs";
import { diskError } from "../core/errors.ts";
import { openContent, publishSmallContent } from "./incomplete.ts";
import type { ContentPlace, IncompleteBlob, IncompleteOptions } from "./incomplete.ts";
import { blobPath, incompletePath } from "./paths.ts";
import type { RepoPaths } from "./paths.ts";

/**
 * Where a blob goes, with a fresh name for its private file.
 * @throws IntegrityError `ERR_HF_UNSAFE_NAME`
 */
export function blobPlace(paths: RepoPaths, etag: string): ContentPlace {
  return {
    root: paths,
    etag,
    base: blobPath(paths, etag),
    temp: incompletePath(paths, etag),
    target: blobPath(paths, etag),
    named: true,
  };
}

/**
 * Opens a private temp for a blob, see {@link openContent}.
 * @throws IntegrityError `ERR_HF_UNSAFE_NAME`; DiskError
 */
export function openIncompleteBlob(paths: RepoPaths, etag: string, options: IncompleteOptions = {}): IncompleteBlob {
  return openContent(blobPlace(paths, etag), options);
}

/**
 * The whole way of a small blob in one step, see {@link publishSmallContent}.
 * @returns the blob's path
 * @throws IntegrityError, DiskError
 */
export function publishSmallBlob(paths: RepoPaths, etag: string, bytes: Uint8Array): string {
  const place = blobPlace(paths, etag);
  publishSmallContent(place, bytes);
  return place.target;
}

/** Size of a blob that is there, in bytes; undefined when there is none. Follows Python's link into its shared store. */
export function blobSize(paths: RepoPaths, etag: string): number | undefined {
  const path = blobPath(paths, etag);
  try {
    const stats = fs.statSync(path, { throwIfNoEntry: false });
    return stats?.isFile() === true ? stats.size : undefined;
  } catch (error) {
    throw diskError(error, "look for the file", path);
  }
}

export { beginRepo, removeEmptyRepo } from "./begin.ts";
export { blobSize, discardIncompleteBlobs, openIncompleteBlob, publishSmallBlob } from "./blob.ts";
export type { IncompleteBlob, IncompleteOptions } from "./blob.ts";
export { ensureCacheFolder } from "./cache-tag.ts";
export { realPathOfPrefix } from "./folders.ts";
export { freeSpace } from "./free-space.ts";
export { contentAlgorithmOf, createContentHash, gitBlobHeader } from "./hash.ts";
export type { ContentHash } from "./hash.ts";
export { createHashers } from "./hash-worker.ts";
export type { ContentAlgorithm, Hashers, StreamHash } from "./hash-worker.ts";
export { cachedEntrySize, findCachedEntry, findCachedSnapshot } from "./lookup.ts";
export type { CachedEntry, CachedSnapshot, SnapshotLookup } from "./lookup.ts";
export { checkCommit, checkEntryPath, checkEtag, checkRevision } from "./names.ts";
export type { NameOrigin } from "./names.ts";
export { clearNoExist, isMarkedNoExist, markNoExist } from "./no-exist.ts";
export {
  blobPath,
  extendedPath,
  incompletePath,
  lockPath,
  noExistPath,
  pointerPath,
  refPath,
  repoPaths,
  snapshotPath,
  treePath,
} from "./paths.ts";
export type { RepoPaths } from "./paths.ts";
export { placePointer, symlinksWork } from "./pointer.ts";
export type { MakeSymlink, PointerOptions } from "./pointer.ts";
export { createReceiver } from "./receiver.ts";
export type { Receiver, ReceiverOptions } from "./receiver.ts";
export { readRef, writeRef } from "./refs.ts";
export { compareCodePoints, etagOf, readTree, writeTree } from "./trees.ts";
export type { CachedTree, CachedTreeEntry } from "./trees.ts";

export { beginRepo, removeEmptyRepo } from "./begin.ts";
export { blobPlace, blobSize, openIncompleteBlob, publishSmallBlob } from "./blob.ts";
export { createByteRanges, holesIn } from "./byte-ranges.ts";
export type { ByteRange, ByteRanges } from "./byte-ranges.ts";
export { ensureCacheFolder } from "./cache-tag.ts";
export { realPathOfPrefix } from "./folders.ts";
export type { Root } from "./folders.ts";
export { freeSpace } from "./free-space.ts";
export { hashFile } from "./hash-file.ts";
export { contentAlgorithmOf, createContentHash, gitBlobHeader } from "./hash.ts";
export type { ContentHash } from "./hash.ts";
export { createHashers } from "./hash-worker.ts";
export type { ContentAlgorithm, FileHash, Hashers, StreamHash } from "./hash-worker.ts";
export { discardIncompleteBlobs, KEPT_BYTES, openContent, publishSmallContent } from "./incomplete.ts";
export type { Begun, ContentPlace, IncompleteBlob, IncompleteOptions, ResumeOptions } from "./incomplete.ts";
export {
  beginLocalDir,
  checkLocalEntry,
  ensureLocalNotes,
  findCaseTwins,
  isStorePath,
  localEntryPath,
  localLockPath,
  localMetadataPath,
  localPlace,
  openLocalDir,
} from "./local-dir.ts";
export type { LocalDir } from "./local-dir.ts";
export { localState, readLocalMetadata, statLocalFile, writeLocalMetadata } from "./local-metadata.ts";
export type { LocalFile, LocalMetadata, LocalState } from "./local-metadata.ts";
export { contentLockPath } from "./locks.ts";
export { cachedEntrySize, findCachedEntry, findCachedSnapshot } from "./lookup.ts";
export type { CachedEntry, CachedSnapshot, SnapshotLookup } from "./lookup.ts";
export { findAbandoned } from "./partial.ts";
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

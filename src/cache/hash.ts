import { createHash } from "node:crypto";
import type { ContentAlgorithm } from "./hash-worker.ts";

/** Hashes content as it arrives, in order. */
export interface ContentHash {
  readonly algorithm: ContentAlgorithm;
  update(bytes: Uint8Array): void;
  /** Lower-case hex. Only once. */
  digest(): string;
}

/** Bytes that git puts before the content of a blob. @param size of the content, in bytes */
export function gitBlobHeader(size: number): Uint8Array {
  return Buffer.from(`blob ${size}\0`);
}

/**
 * @param size bytes of the whole content; git's hash begins with it
 */
export function createContentHash(algorithm: ContentAlgorithm, size: number): ContentHash {
  const hash = createHash(algorithm === "sha256" ? "sha256" : "sha1");
  if (algorithm === "git-sha1") hash.update(gitBlobHeader(size));
  return { algorithm, update: (bytes) => void hash.update(bytes), digest: () => hash.digest("hex") };
}

/** Which hash an etag is: 64 hex digits sha256, 40 git's; undefined for any other name, which nothing can be held against. */
export function contentAlgorithmOf(etag: string): ContentAlgorithm | undefined {
  if (/^[0-9a-f]{64}$/.test(etag)) return "sha256";
  return /^[0-9a-f]{40}$/.test(etag) ? "git-sha1" : undefined;
}

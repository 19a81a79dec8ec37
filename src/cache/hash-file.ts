import { open } from "node:fs/promises";
import { diskError } from "../core/errors.ts";
import { createContentHash } from "./hash.ts";
import type { ContentAlgorithm } from "./hash-worker.ts";

const READ_BYTES = 1024 * 1024;

/**
 * The hash of a file, lower-case hex; undefined when the file is not there or has another size by now.
 * @param size bytes that it should have
 * @throws DiskError; the signal's reason when aborted
 */
export async function hashFile(
  path: string,
  algorithm: ContentAlgorithm,
  size: number,
  signal?: AbortSignal,
): Promise<string | undefined> {
  try {
    const file = await open(path, "r");
    try {
      const hash = createContentHash(algorithm, size);
      const memory = Buffer.allocUnsafe(Math.max(1, Math.min(READ_BYTES, size + 1)));
      let at = 0;
      for (;;) {
        signal?.throwIfAborted();
        const { bytesRead } = await file.read(memory, 0, memory.length, at);
        if (bytesRead === 0) break;
        at += bytesRead;
        if (at > size) return undefined;
        hash.update(memory.subarray(0, bytesRead));
      }
      return at === size ? hash.digest() : undefined;
    } finally {
      await file.close();
    }
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw diskError(error, "read the file", path);
  }
}

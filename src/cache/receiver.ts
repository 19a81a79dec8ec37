import { ftruncateSync, read, writeSync } from "node:fs";
import { promisify } from "node:util";
import { diskError, IntegrityError } from "../core/errors.ts";
import type { ContentAlgorithm, Hashers, StreamHash } from "./hash-worker.ts";

/** Where the bytes of one content go as they come: into an open file, and through its hash. */
export interface Receiver {
  /** Bytes that are in the file. */
  readonly position: number;
  /**
   * Writes bytes at `offset`, which must be {@link position}: contents are received in order. Returns a promise where
   * the hash still reads the bytes after the call; several may be outstanding.
   * @throws DiskError `ERR_HF_NO_SPACE`, `ERR_HF_DISK`
   * @throws IntegrityError `ERR_HF_INTEGRITY` more bytes than the content has
   */
  write(bytes: Uint8Array, offset: number): Promise<void> | undefined;
  /**
   * Takes the first `bytes` of the file, which an earlier run wrote, for received, and hashes them: to be called before
   * anything is written. What comes next begins behind them.
   * @throws DiskError they can't be read; IntegrityError there are fewer; the signal's reason when aborted
   */
  adopt(bytes: number, signal: AbortSignal): Promise<void>;
  /** Empties the file and begins the hash anew. */
  restart(): void;
  /** Bytes in the file and their hash, lower-case hex. Comparing it, fsync and closing are the caller's. */
  finish(): Promise<{ readonly bytes: number; readonly digest: string }>;
  /** Gives up. The file stays as it is. */
  abandon(): void;
}

export interface ReceiverOptions {
  readonly hashers: Hashers;
  readonly algorithm: ContentAlgorithm;
  /** Bytes the content has. */
  readonly size: number;
  /** Path of the file, for messages. */
  readonly path: string;
}

const READ_BYTES = 1024 * 1024;
const readAt = promisify(read);

/** @param fd an empty file, or one whose beginning is adopted; open for writing; it stays the caller's */
export function createReceiver(fd: number, { hashers, algorithm, size, path }: ReceiverOptions): Receiver {
  let hash: StreamHash | undefined;
  let position = 0;
  const started = (): StreamHash => (hash ??= hashers.start(algorithm, size));
  return {
    get position() {
      return position;
    },
    write(bytes, offset) {
      if (offset !== position) throw new TypeError(`bytes for ${offset} came at ${position}`);
      if (position + bytes.length > size) {
        throw new IntegrityError("ERR_HF_INTEGRITY", `More than the announced ${size} bytes came for ${path}`);
      }
      const later = started().update(bytes);
      try {
        // Synchronous: the bytes go to the page cache, which is quicker than handing them to another thread.
        for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at, bytes.length - at, position + at);
      } catch (error) {
        later?.catch(() => undefined);
        throw diskError(error, "write the download", path);
      }
      position += bytes.length;
      return later;
    },
    async adopt(bytes, signal) {
      // Two, so that one is read while the other is hashed.
      const memories = [0, 1].map(() => new Uint8Array(new SharedArrayBuffer(READ_BYTES)));
      let before: Promise<void> | undefined;
      let later: Promise<void> | undefined;
      for (let turn = 0; position < bytes; turn++) {
        signal.throwIfAborted();
        const memory = memories[turn % 2] ?? new Uint8Array(READ_BYTES);
        await before;
        before = later;
        let count: number;
        try {
          ({ bytesRead: count } = await readAt(fd, memory, 0, Math.min(READ_BYTES, bytes - position), position));
        } catch (error) {
          throw diskError(error, "read what was downloaded before", path);
        }
        if (count === 0) {
          throw new IntegrityError("ERR_HF_INTEGRITY", `What was downloaded before became shorter: ${path}`, {
            hint: "Something else changes the folder. Try again.",
          });
        }
        later = started().update(memory.subarray(0, count));
        position += count;
      }
      await before;
      await later;
    },
    restart() {
      hash?.abandon();
      hash = undefined;
      position = 0;
      try {
        ftruncateSync(fd, 0);
      } catch (error) {
        throw diskError(error, "empty the download", path);
      }
    },
    async finish() {
      const digest = await started().digest();
      hash = undefined;
      return { bytes: position, digest };
    },
    abandon() {
      hash?.abandon();
      hash = undefined;
    },
  };
}

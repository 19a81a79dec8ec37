import { ftruncateSync, read, writeSync } from "node:fs";
import { promisify } from "node:util";
import { diskError, IntegrityError } from "../core/errors.ts";
import { createByteRanges } from "./byte-ranges.ts";
import type { ByteRange, ByteRanges } from "./byte-ranges.ts";
import type { ContentAlgorithm, Hashers, StreamHash } from "./hash-worker.ts";

/** Where the bytes of one content go as they come: into an open file, and through its hash. */
export interface Receiver {
  /** Bytes that are in the file without a gap from the first one on. */
  readonly position: number;
  /** What is in the file. */
  readonly there: Pick<ByteRanges, "bytes" | "list">;
  /**
   * Writes bytes at `offset`, where none were written before. What comes at {@link position} is hashed from where it
   * lies; what comes ahead of it is read again from the file when its turn has come, so that nothing is held for long.
   * Returns a promise where the hash still reads the bytes after the call; several may be outstanding.
   * @throws DiskError `ERR_HF_NO_SPACE`, `ERR_HF_DISK`
   * @throws IntegrityError `ERR_HF_INTEGRITY` more bytes than the content has
   */
  write(bytes: Uint8Array, offset: number): Promise<void> | undefined;
  /**
   * Takes parts of the file, which an earlier run wrote, for received, and begins to hash them: to be called before
   * anything is written.
   */
  adopt(there: readonly ByteRange[]): void;
  /** Empties the file and begins the hash anew. */
  restart(): void;
  /**
   * Bytes in the file and their hash, lower-case hex. Comparing it, fsync and closing are the caller's.
   * @throws DiskError what was written can't be read again; IntegrityError it is not there any more
   */
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

/** @param fd an empty file, or one of which parts are adopted; open for writing and reading; it stays the caller's */
export function createReceiver(fd: number, { hashers, algorithm, size, path }: ReceiverOptions): Receiver {
  let there = createByteRanges();
  let hash: StreamHash | undefined;
  /** Bytes that were given to the hash. */
  let hashed = 0;
  /** Reads behind the connections, while the hash is behind what is there. */
  let catchingUp: Promise<void> | undefined;
  let failure: { readonly error: unknown } | undefined;
  /** Whoever was reading when it changes has read for nothing. */
  let generation = 0;
  const started = (): StreamHash => (hash ??= hashers.start(algorithm, size));
  /** Two, so that one is read while the other is hashed. */
  const memories: { readonly bytes: Uint8Array; free: Promise<void> | undefined }[] = [];

  const catchUp = async (mine: number): Promise<void> => {
    for (let turn = 0; ; turn++) {
      if (mine !== generation || hashed >= there.at) return;
      if (memories.length < 2) {
        memories.push({ bytes: new Uint8Array(new SharedArrayBuffer(READ_BYTES)), free: undefined });
      }
      const memory = memories[turn % memories.length];
      if (memory === undefined) return;
      await memory.free;
      const count = await readAgain(fd, memory.bytes, hashed, Math.min(READ_BYTES, there.at - hashed), path);
      if (mine !== generation) return;
      memory.free = started().update(memory.bytes.subarray(0, count));
      hashed += count;
    }
  };
  const follow = (): void => {
    if (catchingUp !== undefined || hashed >= there.at || failure !== undefined) return;
    const mine = generation;
    const work = catchUp(mine).then(
      () => undefined,
      (error: unknown) => {
        if (mine === generation) failure ??= { error };
      },
    );
    catchingUp = work;
    void work.then(() => {
      if (catchingUp === work) catchingUp = undefined;
      // More may have come between its last look and now.
      if (mine === generation) follow();
    });
  };
  const giveUp = (): void => {
    generation++;
    hash?.abandon();
    hash = undefined;
    // The hash may go on reading what it was given: new work gets new memory.
    memories.length = 0;
    catchingUp = undefined;
  };

  return {
    get position() {
      return there.at;
    },
    get there() {
      return there;
    },
    write(bytes, offset) {
      if (failure !== undefined) throw failure.error;
      if (offset + bytes.length > size) {
        throw new IntegrityError("ERR_HF_INTEGRITY", `More than the announced ${size} bytes came for ${path}`);
      }
      const before = there.bytes;
      const direct = offset === hashed && hashed === there.at && catchingUp === undefined;
      there.add(offset, offset + bytes.length);
      // What was hashed must be what is there.
      if (there.bytes !== before + bytes.length) throw new TypeError(`bytes came twice at ${offset}`);
      const later = direct ? started().update(bytes) : undefined;
      try {
        // Synchronous: the bytes go to the page cache, which is quicker than handing them to another thread.
        for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at, bytes.length - at, offset + at);
      } catch (error) {
        later?.catch(() => undefined);
        throw diskError(error, "write the download", path);
      }
      if (direct) hashed += bytes.length;
      follow();
      return later;
    },
    adopt(parts) {
      there = createByteRanges(parts);
      follow();
    },
    restart() {
      giveUp();
      there = createByteRanges();
      hashed = 0;
      failure = undefined;
      try {
        ftruncateSync(fd, 0);
      } catch (error) {
        throw diskError(error, "empty the download", path);
      }
    },
    async finish() {
      for (let work = catchingUp; work !== undefined; work = catchingUp) await work;
      if (failure !== undefined) throw failure.error;
      const digest = await started().digest();
      hash = undefined;
      return { bytes: there.at, digest };
    },
    abandon: giveUp,
  };
}

async function readAgain(fd: number, into: Uint8Array, at: number, length: number, path: string): Promise<number> {
  let count: number;
  try {
    ({ bytesRead: count } = await readAt(fd, into, 0, length, at));
  } catch (error) {
    throw diskError(error, "read what was downloaded before", path);
  }
  if (count > 0) return count;
  throw new IntegrityError("ERR_HF_INTEGRITY", `What was downloaded before became shorter: ${path}`, {
    hint: "Something else changes the folder. Try again.",
  });
}

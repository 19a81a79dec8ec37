import { closeSync, constants, fstatSync, openSync, readSync, statSync } from "node:fs";
import type { Stats } from "node:fs";
import { DiskError } from "./errors.ts";
import type { HfErrorCode } from "./errors.ts";

export interface ReadFileOptions {
  /** For the error, as in "read the token file". @default "read the file" */
  readonly doing?: string | undefined;
  /** Code of the error for what is there and is no such file. @default "ERR_HF_DISK" */
  readonly code?: HfErrorCode | undefined;
}

const MIB = 1024 * 1024;
const CHUNK = 16 * 1024;

/**
 * Reads a small file whole. What another program may have put in its place does no harm: a pipe without a writer is not
 * waited for, a device is not read, and no more than `limit` bytes come into memory. `/dev/null` is an empty file, as
 * people use it.
 *
 * Read at once and not by promises: the machinery of asynchronous reading costs more than the rest of `hf auth token`.
 * @param limit bytes that such a file has at most
 * @throws DiskError `code` it is no regular file, or longer
 * @throws the system's error, so that callers can tell a missing file from the rest
 */
export function readRegularFileSync(path: string, limit: number, options: ReadFileOptions = {}): Buffer {
  // Opening a pipe would wait for a writer, and a terminal could become the one that Ctrl-C is read from. Windows has
  // neither flag, and nothing of the kind at such paths.
  const fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0));
  try {
    const stats = fstatSync(fd);
    const kind = otherKind(stats);
    if (kind !== undefined) {
      if (isNull(stats)) return Buffer.alloc(0);
      throw refused(path, `it is ${kind}, not a regular file`, options);
    }
    // One byte more than it has now: the read that finds nothing more is the end. It may grow meanwhile.
    const chunks: Buffer[] = [];
    for (let length = 0; length <= limit && (stats.size <= limit || !stats.isFile());) {
      const chunk = Buffer.allocUnsafe(length === 0 ? stats.size + 1 : CHUNK);
      const count = readSync(fd, chunk);
      if (count === 0)
        return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, length);
      chunks.push(chunk.subarray(0, count));
      length += count;
    }
    const most = limit >= MIB ? `${limit / MIB} MiB` : `${limit} bytes`;
    throw refused(path, `it is longer than ${most}`, options);
  } finally {
    closeSync(fd);
  }
}

/** A folder is left to the read, which has a code of its own for it. */
function otherKind(stats: Stats): string | undefined {
  if (stats.isFIFO()) return "a pipe";
  if (stats.isSocket()) return "a socket";
  if (stats.isCharacterDevice() || stats.isBlockDevice()) return "a device";
  return undefined;
}

function isNull(stats: Stats): boolean {
  return stats.rdev !== 0 && statSync("/dev/null", { throwIfNoEntry: false })?.rdev === stats.rdev;
}

function refused(path: string, why: string, options: ReadFileOptions): DiskError {
  const { doing = "read the file", code = "ERR_HF_DISK" } = options;
  return new DiskError(code, `Could not ${doing}: ${path} (${why})`, { hint: "Move it away, then try again." });
}

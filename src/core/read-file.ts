import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { DiskError } from "./errors.ts";

/**
 * Reads a small file whole. What another program may have put in its place does no harm: a pipe without a writer is not
 * waited for, a device is not read, and no more than `limit` bytes come into memory.
 * @param limit bytes that such a file has at most
 * @throws DiskError `ERR_HF_DISK` it is no regular file, or longer
 * @throws the system's error
 */
export function readRegularFileSync(path: string, limit: number): Buffer {
  const fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const stats = fstatSync(fd);
    if (stats.isDirectory()) throw Object.assign(new Error(`EISDIR: ${path} is a folder`), { code: "EISDIR" });
    if (!stats.isFile() || stats.size > limit) {
      const what = stats.isFile() ? `longer than ${limit} bytes` : "not a regular file";
      throw new DiskError("ERR_HF_DISK", `The file is ${what}: ${path}`, { hint: "Move it away, then try again." });
    }
    const memory = Buffer.alloc(stats.size);
    let length = 0;
    while (length < memory.length) {
      const count = readSync(fd, memory, length, memory.length - length, length);
      if (count === 0) break;
      length += count;
    }
    return memory.subarray(0, length);
  } finally {
    closeSync(fd);
  }
}

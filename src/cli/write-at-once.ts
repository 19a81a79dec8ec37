import { writeSync } from "node:fs";
import { diskError, DiskError, systemCode } from "../core/errors.ts";
import type { HfError } from "../core/errors.ts";

/**
 * Writes to standard output (or another descriptor) without the stream of the process: making that one takes a fifth of the time that the
 * shortest commands have. A reader that has gone away is not worth a word.
 */
export function writeAtOnce(data: string | Uint8Array, fd = 1): void {
  const bytes = typeof data === "string" ? Buffer.from(data, "utf8") : data;
  for (let done = 0; done < bytes.length;) {
    try {
      done += writeSync(fd, bytes, done);
    } catch (error) {
      const code = systemCode(error);
      if (code === "EPIPE") return;
      if (code !== "EAGAIN") throw unwritten(error);
      // Somebody made the pipe non-blocking, and it is full: its reader needs a moment.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}

/** Why an answer could not be written. A disk that is full there has nothing to do with the folders of the cache. */
export function unwritten(error: unknown): HfError {
  const fault = diskError(error, "write the answer", "standard output");
  if (fault.code !== "ERR_HF_NO_SPACE") return fault;
  const hint = "Free some space where standard output goes, or send it elsewhere.";
  return new DiskError(fault.code, fault.message, { cause: error, hint });
}

import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { DiskError, diskError, systemCode, UsageError } from "../core/errors.ts";
import type { Clock } from "../core/ports.ts";
import { readRegularFileSync } from "../core/read-file.ts";

export interface NamedFileOptions {
  /** For the error, as in "read the token file". */
  readonly doing: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Bytes that it may hold. @default 65_536 */
  readonly largest?: number | undefined;
  /** Milliseconds that a pipe may take. @default 120_000 */
  readonly limitMs?: number | undefined;
}

const LARGEST = 64 * 1024;
const POLL_MS = 20;

/**
 * The text of a file that the user named on the command line, of at most 64 KiB where nothing else is said. A pipe is a file here, as in
 * `--token-file <(pass show hub)`: it is read to its end, and has two minutes for that.
 * @throws DiskError
 * @throws the signal's reason when aborted
 */
export async function readNamedFile(path: string, options: NamedFileOptions): Promise<string> {
  if (path === "") {
    throw new UsageError("ERR_HF_USAGE", `Which file? An empty name was given to ${options.doing}.`, {
      hint: "Give the path of the file, or leave the flag out.",
    });
  }
  try {
    return (await readPipe(path, options)) ?? readRegularFileSync(path, options.largest ?? LARGEST, options).toString();
  } catch (error) {
    throw diskError(error, options.doing, path);
  }
}

/** Undefined where the path names no pipe and no terminal. */
async function readPipe(path: string, options: NamedFileOptions): Promise<string | undefined> {
  const { O_NONBLOCK = 0, O_NOCTTY = 0 } = constants;
  const fd = openSync(path, constants.O_RDONLY | O_NONBLOCK | O_NOCTTY);
  try {
    const stats = fstatSync(fd);
    // A terminal is a device too: `--token-file /dev/stdin`, and a person types.
    if (!stats.isFIFO() && !/^\/dev\/(?:stdin|tty|fd\/\d+)$/.test(path)) return undefined;
    return stats.isFile() ? undefined : await readToEnd(fd, path, options);
  } finally {
    closeSync(fd);
  }
}

async function readToEnd(fd: number, path: string, options: NamedFileOptions): Promise<string> {
  const { doing, clock, signal, limitMs = 120_000, largest = LARGEST } = options;
  // A pipe with a name may have no writer yet; one that the shell handed over had its writer from the beginning.
  const awaitsWriter = !path.startsWith("/dev/");
  const end = clock.now() + limitMs;
  const bytes = Buffer.alloc(largest + 1);
  for (let length = 0; ;) {
    const count = readNow(fd, bytes, length);
    if (count === 0 && (length > 0 || !awaitsWriter)) return bytes.toString("utf8", 0, length);
    if (count !== undefined) length += count;
    if (length > largest) throw refused(path, `it holds more than ${largest / 1024} KiB`, doing);
    if (count !== undefined && count > 0) continue;
    if (clock.now() >= end) throw refused(path, `nobody ended it within ${limitMs / 1000} s`, doing);
    await clock.sleep(POLL_MS, signal);
  }
}

/** Undefined where there is nothing to read now, and there may be later. */
function readNow(fd: number, bytes: Buffer, at: number): number | undefined {
  try {
    return readSync(fd, bytes, at, bytes.length - at, null);
  } catch (error) {
    if (systemCode(error) === "EAGAIN") return undefined;
    throw error;
  }
}

function refused(path: string, why: string, doing: string): DiskError {
  return new DiskError("ERR_HF_DISK", `Could not ${doing}: ${path} (${why})`, {
    hint: "Name a file, or a pipe that holds no more and ends.",
  });
}

import { closeSync, constants, mkdtempSync, openSync, rmSync } from "node:fs";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import type { Environment } from "../core/ports.ts";
import { runProgram } from "../core/run-program.ts";
import { searchPath } from "../core/search-path.ts";

export interface RealPipe {
  readonly from: Readable;
  /** The end for the child to write to. Close it here once the child has it. */
  readonly writeEnd: number;
}

/**
 * Pipes as a shell makes them. Those of Node are pairs of sockets: when their reader goes, the writer is told
 * "connection reset" and complains, where a pipe would end it quietly; and `/dev/stdout` can't be opened.
 * @returns undefined where the system has none, or no folder for them: those of Node are used then
 */
export async function makeRealPipes(
  count: number,
  env: Environment,
  platform: NodeJS.Platform,
): Promise<RealPipe[] | undefined> {
  if (platform === "win32") return undefined;
  let folder: string | undefined;
  const opened: number[] = [];
  try {
    // Only the user may enter it, and it is gone before the child starts.
    const inside = (folder = mkdtempSync(join(tmpdir(), "latchkey-")));
    const paths = Array.from({ length: count }, (_, at) => join(inside, String(at)));
    const words = ["mkfifo", "-m", "600", ...paths];
    const made = await runProgram({ words, env: { PATH: searchPath(env) }, timeoutMs: 5000, maxBytes: 4096 });
    if (made.code !== 0) return undefined;
    const ends = paths.map((path) => {
      // The reader first, without waiting: a writer waits for one.
      const readEnd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
      opened.push(readEnd);
      const writeEnd = openSync(path, constants.O_WRONLY);
      opened.push(writeEnd);
      return { readEnd, writeEnd };
    });
    opened.length = 0;
    return ends.map(({ readEnd, writeEnd }) => ({
      from: new Socket({ fd: readEnd, readable: true, writable: false }),
      writeEnd,
    }));
  } catch {
    return undefined;
  } finally {
    for (const fd of opened) closeSync(fd);
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }
}

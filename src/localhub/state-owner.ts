import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const NAME = "localhub.pid";

/**
 * Takes a state folder for this process, so that two emulators don't write over each other's state. One that was killed
 * has left its number behind; that of a process that is gone is taken over.
 * @returns gives the folder back
 * @throws Error naming the process that has it
 */
export function takeStateFolder(dir: string): () => void {
  const path = join(dir, NAME);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  for (let tries = 0; ; tries++) {
    try {
      writeFileSync(path, `${process.pid}\n`, { flag: "wx", mode: 0o600 });
      return () => rmSync(path, { force: true });
    } catch (error) {
      if (!isThere(error) || tries >= 3) throw error;
    }
    const owner = ownerOf(path);
    if (owner !== undefined && isAlive(owner)) {
      throw new Error(
        `${dir} is in use by another localhub (process ${owner}). End that one, or give another --state. ` +
          `If process ${owner} is something else, delete ${path}`,
      );
    }
    rmSync(path, { force: true });
  }
}

function ownerOf(path: string): number | undefined {
  try {
    const text = readFileSync(path, "utf8").trim();
    return /^[1-9]\d{0,9}$/.test(text) ? Number(text) : undefined;
  } catch {
    return undefined;
  }
}

/** Also for a process of another user, which may not be signalled. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

function isThere(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EEXIST";
}

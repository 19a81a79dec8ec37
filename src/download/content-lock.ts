import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { isHfError } from "../core/errors.ts";
import { acquireFileLock } from "../core/file-lock.ts";
import type { FileLock } from "../core/file-lock.ts";
import type { Destination } from "./destination.ts";
import type { KnownContent } from "./fetch-content.ts";
import type { Run } from "./run.ts";

/** Milliseconds that a holder may hold a lock without writing, and between two looks at what he has written. */
const IDLE_MS = 300_000;
const ROUND_MS = 15_000;

/**
 * The lock of a content, waited for as long as its holder gets on with it. A lock saves bandwidth and nothing else, so one
 * that is held by a process that stands still, or that never meant to fetch anything, is done without.
 * @param roundMs milliseconds between two looks
 * @throws DiskError; the signal's reason when aborted
 */
export async function lockContent(
  { clock, signal, warn }: Pick<Run, "clock" | "signal" | "warn">,
  destination: Pick<Destination, "lockPath" | "workFolder">,
  content: KnownContent,
  roundMs = ROUND_MS,
): Promise<FileLock> {
  const path = destination.lockPath(content);
  let told = false;
  const onWait = (): void => {
    if (!told) warn("Another process is downloading the same file; waiting for it.");
    told = true;
  };
  let seen: string | undefined;
  let since = clock.now();
  for (;;) {
    try {
      return await acquireFileLock(path, { timeoutMs: roundMs, signal, warn, onWait });
    } catch (error) {
      if (!isHfError(error) || error.code !== "ERR_HF_LOCK_TIMEOUT") throw error;
    }
    onWait();
    const now = clock.now();
    const written = privateFiles(destination.workFolder(content), content.etag);
    if (written !== seen) since = now;
    seen = written;
    if (now - since < IDLE_MS) continue;
    warn(
      `Another process has held the lock for ${IDLE_MS / 60_000} minutes without writing; going on without it: ${path}`,
    );
    return { path, held: false, release: () => undefined };
  }
}

/** Names, sizes and times of the files that a content has before it is whole, Python's among them. */
function privateFiles(folder: string, etag: string): string {
  try {
    return readdirSync(folder)
      .filter((name) => name.includes(`${etag}.`) && name.endsWith(".incomplete"))
      .map((name) => {
        const stats = statSync(join(folder, name), { throwIfNoEntry: false, bigint: true });
        return `${name} ${stats?.size} ${stats?.mtimeNs}`;
      })
      .join("\n");
  } catch {
    return "";
  }
}

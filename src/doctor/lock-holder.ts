import { statSync } from "node:fs";
import process from "node:process";
import { systemCode } from "../core/errors.ts";
import { plainText } from "../core/terminal-text.ts";
import type { LockHolder } from "./evidence.ts";
import { readStart } from "./look.ts";

/**
 * The process that holds flock(2) on a file, from Linux's list of locks; undefined when nobody does, `unknown` where the
 * system has no such list.
 */
export function findHolder(path: string): LockHolder | undefined | "unknown" {
  const locks = readStart("/proc/locks", 1024 * 1024, { followLinks: true })?.toString("latin1");
  if (locks === undefined) return "unknown";
  let ino: bigint;
  try {
    ({ ino } = statSync(path, { bigint: true }));
  } catch {
    return undefined;
  }
  for (const line of locks.split("\n")) {
    // `1: FLOCK  ADVISORY  WRITE 4242 fd:01:131 0 EOF`; an arrow marks one that waits. Device numbers are not compared:
    // a file system of several devices has others here than in stat().
    const [, pid, inode] = /^\d+: FLOCK\s+\S+\s+\S+\s+(\d+) [0-9a-f]+:[0-9a-f]+:(\d+) /.exec(line) ?? [];
    if (pid !== undefined && inode === String(ino)) return { pid: Number(pid), name: nameOf(Number(pid)) };
  }
  return undefined;
}

/** The name of the program alone: its arguments may hold a token. */
function nameOf(pid: number): string {
  const name = readStart(`/proc/${pid}/comm`, 256, { followLinks: true })?.toString("utf8") ?? "";
  return plainText(name, 60) || "a process that is gone or of another user";
}

/** True when there is no process of that number; one of another user is there. */
export function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return systemCode(error) === "ESRCH";
  }
}

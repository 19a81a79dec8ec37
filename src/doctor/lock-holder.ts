import { readdirSync, readlinkSync, statSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { systemCode } from "../core/errors.ts";
import { plainText } from "../core/terminal-text.ts";
import type { RunningProcess, StaleLock } from "./evidence.ts";
import { lookAt, readStart, realPath } from "./look.ts";

/**
 * The inodes of files that are locked by flock(2), from Linux's list of locks; undefined where the system has none.
 * Device numbers are not compared: a file system of several devices has others there than in stat(). The process that
 * the list names is the one that took the lock, which may be a helper that is gone, so it is not used.
 */
export function readFlocks(): ReadonlySet<string> | undefined {
  const text = readStart("/proc/locks", 1024 * 1024, { followLinks: true })?.toString("latin1");
  // `1: FLOCK  ADVISORY  WRITE 4242 fd:01:131 0 EOF`; an arrow marks one that waits.
  const pattern = /^\d+: FLOCK\s+\S+\s+\S+\s+\d+ [0-9a-f]+:[0-9a-f]+:(\d+) /gm;
  return text === undefined ? undefined : new Set([...text.matchAll(pattern)].map(([, inode]) => inode ?? ""));
}

export function isLocked(path: string, locked: ReadonlySet<string>): boolean {
  if (locked.size === 0) return false;
  try {
    return locked.has(String(statSync(path, { bigint: true }).ino));
  } catch {
    return false;
  }
}

/**
 * The processes that hold a lock now, by the real path of its file: those that have it open with the lock on it. Of
 * other users' processes the system does not tell.
 */
export function findHolders(): ReadonlyMap<string, RunningProcess> {
  const holders = new Map<string, RunningProcess>();
  for (const pid of list("/proc").filter((name) => /^\d+$/.test(name))) {
    for (const fd of list(`/proc/${pid}/fd`)) {
      const path = linkOf(`/proc/${pid}/fd/${fd}`);
      if (path === undefined || !path.endsWith(".lock")) continue;
      const facts = readStart(`/proc/${pid}/fdinfo/${fd}`, 64 * 1024, { followLinks: true })?.toString("latin1") ?? "";
      if (/^lock:.*\bFLOCK\b/m.test(facts)) holders.set(path, { pid: Number(pid), name: nameOf(Number(pid)) });
    }
  }
  return holders;
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** The name of a process's program alone: its arguments may hold a token. */
export function nameOf(pid: number): string {
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

/**
 * Where a system has no locks, Python's `filelock` writes `pid` and `host` into the file and takes its being there for
 * the lock. Left behind by a process that is gone, it keeps everybody out.
 */
export function readMarker(path: string): StaleLock | undefined {
  const text = readStart(path, 1024, { followLinks: false })?.toString("utf8") ?? "";
  const [, pid, host] = /^(\d{1,10})\n([^\n]{1,255})(?:\n|$)/.exec(text) ?? [];
  if (pid === undefined || host !== hostname() || !isGone(Number(pid))) return undefined;
  return { path, pid: Number(pid) };
}

/** More files than this are not looked at: the rest would tell the same. */
const MOST_FILES = 5000;

export interface CacheLocks {
  /** Who holds locks of the cache, and how many; undefined for a process of another user. */
  readonly held: readonly { readonly holder: RunningProcess | undefined; readonly count: number }[];
  /** Marks of processes that are gone. */
  readonly stale: readonly StaleLock[];
}

/** The locks below `<cache>/.locks/<repo>/`, looked up and not tried. */
export function readCacheLocks(hubCache: string): CacheLocks {
  const locked = readFlocks() ?? new Set<string>();
  const held: string[] = [];
  const stale: StaleLock[] = [];
  for (const path of lockFiles(join(hubCache, ".locks"))) {
    if (isLocked(path, locked)) held.push(path);
    else if (statSync(path, { throwIfNoEntry: false })?.size !== 0) {
      const marker = readMarker(path);
      if (marker !== undefined) stale.push(marker);
    }
  }
  return { held: countByHolder(held), stale };
}

function countByHolder(paths: readonly string[]): CacheLocks["held"] {
  if (paths.length === 0) return [];
  const holders = findHolders();
  const counts = new Map<number | undefined, CacheLocks["held"][number]>();
  for (const path of paths) {
    const holder = holders.get(realPath(path));
    counts.set(holder?.pid, { holder, count: (counts.get(holder?.pid)?.count ?? 0) + 1 });
  }
  return [...counts.values()];
}

function lockFiles(folder: string): readonly string[] {
  const found: string[] = [];
  for (const repo of list(folder)) {
    for (const name of list(join(folder, repo))) {
      if (found.length >= MOST_FILES) return found;
      const path = join(folder, repo, name);
      if (name.endsWith(".lock") && lookAt(path).kind === "file") found.push(path);
    }
  }
  return found;
}

function list(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

import { closeSync } from "node:fs";
import { DiskError, systemCode } from "./errors.ts";
import type { LockAnswer } from "./file-lock-helper.ts";
import { createLockHost, namesStill, openLocked, openLockFile, RACES, usesFlags } from "./file-lock-open.ts";
import type { LockHost, OpenFile } from "./file-lock-open.ts";
import type { Warn } from "./ports.ts";

/** An exclusive lock on a file that excludes Python's `filelock` (huggingface_hub) and other flock(2) users. */
export interface FileLock {
  readonly path: string;
  /**
   * False where neither this machine nor the file system has such locks: the caller goes on without exclusion. So
   * what is written under a lock must be correct without it, by a private temp and a rename.
   */
  readonly held: boolean;
  /** Frees the lock; the file stays, because deleting it would split the waiters. May be called twice. */
  release(): void;
}

export interface FileLockOptions {
  /** How long to wait, in milliseconds. Default: without limit. 0 tries once. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called once, when the lock turns out to be held by another. */
  readonly onWait?: ((path: string) => void) | undefined;
  /** Told once a process that there are no locks here. Default: silent, see {@link FileLock.held}. */
  readonly warn?: Warn | undefined;
  readonly host?: LockHost | undefined;
}

/** Descriptors for one helper. Each costs the helper's start a system call or two. */
const BATCH = 256;

/** Python's own pace. */
const POLL_MS = 50;
const thisHost = createLockHost();

/**
 * Takes the exclusive lock on `path` (made if missing, with its folder), and waits while another has it.
 *
 * The lock is flock(2) on an open file, as Python's `filelock` takes it. After success the file is compared with what
 * the path names now: filelock 3.21 to 3.29.4 deletes the lock file on release, and a lock on a deleted file excludes
 * nobody. Two locks of one path exclude each other within a process too.
 *
 * @throws DiskError `ERR_HF_LOCK_TIMEOUT` after `timeoutMs`; `ERR_HF_DISK` when the file can't be made or is no file
 * @throws the signal's reason when aborted
 */
export async function acquireFileLock(path: string, options: FileLockOptions = {}): Promise<FileLock> {
  const { timeoutMs, signal, onWait, host = thisHost } = options;
  signal?.throwIfAborted();
  const stop = new AbortController();
  const abort = (): void => stop.abort();
  signal?.addEventListener("abort", abort, { once: true });
  const timer = timeoutMs === undefined || timeoutMs === 0 ? undefined : setTimeout(abort, timeoutMs);
  let waiting = false;
  try {
    for (;;) {
      const attempt = usesFlags(host)
        ? await tryByOpening(path, host, options.warn, waiting, stop.signal)
        : await tryByHelper(path, host, options.warn, waiting ? stop.signal : undefined);
      if (signal?.aborted === true && attempt !== "contended") attempt.release();
      signal?.throwIfAborted();
      if (attempt !== "contended") return attempt;
      if (timeoutMs === 0 || stop.signal.aborted) throw timedOut(path, timeoutMs ?? 0);
      if (!waiting) onWait?.(path);
      waiting = true;
    }
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  }
}

/** Locks of a batch. */
export interface FileLocks {
  /** By path. */
  readonly locks: ReadonlyMap<string, FileLock>;
  /** Paths that another holds, or for which the process had no descriptors left: take these one by one. */
  readonly contended: readonly string[];
}

/**
 * Takes many locks without waiting, with one helper process for some hundred files. Holds a descriptor a lock, so
 * take a window of files at a time, not a whole snapshot of 100,000.
 * @throws DiskError as {@link acquireFileLock}; then none of the locks is held
 */
export async function tryFileLocks(
  paths: readonly string[],
  { warn, host = thisHost }: Pick<FileLockOptions, "warn" | "host"> = {},
): Promise<FileLocks> {
  const locks = new Map<string, FileLock>();
  const contended: string[] = [];
  const wanted = [...new Set(paths)];
  try {
    for (let at = 0; at < wanted.length; at += BATCH) {
      const batch = wanted.slice(at, at + BATCH);
      const answers = usesFlags(host)
        ? batch.map((path) => lockByOpening(path, host, warn))
        : await lockBatch(batch, host, warn);
      batch.forEach((path, index) => {
        const answer = answers[index];
        if (answer === undefined || answer === "contended" || answer === "refused") contended.push(path);
        else locks.set(path, answer);
      });
    }
  } catch (error) {
    for (const lock of locks.values()) lock.release();
    throw error;
  }
  return { locks, contended };
}

type Attempt = FileLock | "contended";

async function tryByHelper(
  path: string,
  host: LockHost,
  warn: Warn | undefined,
  wait: AbortSignal | undefined,
): Promise<Attempt> {
  for (let race = 0; race < RACES; race++) {
    const file = openLockFile(path, host);
    if (file === undefined) return unlocked(path, host, warn);
    const attempt = settle(path, file, await askHelpers(host, file, wait), host, warn);
    if (attempt !== "replaced") return attempt;
  }
  return "contended";
}

async function tryByOpening(
  path: string,
  host: LockHost,
  warn: Warn | undefined,
  wait: boolean,
  stop: AbortSignal,
): Promise<Attempt> {
  if (wait) await host.sleep(POLL_MS, stop).catch(() => undefined);
  for (let refusal = 0; refusal < RACES && !stop.aborted; refusal++) {
    const attempt = lockByOpening(path, host, warn);
    if (attempt !== "refused") return attempt;
    await host.sleep(POLL_MS, stop).catch(() => undefined);
  }
  if (stop.aborted) return "contended";
  throw new DiskError("ERR_HF_DISK", `Could not open the lock file: ${path} (access denied)`, {
    hint: "Check who may write to the file and its folder.",
  });
}

async function lockBatch(paths: readonly string[], host: LockHost, warn: Warn | undefined): Promise<Attempt[]> {
  const files: (OpenFile | undefined)[] = [];
  try {
    for (const path of paths) files.push(openLockFile(path, host));
  } catch (error) {
    // Without descriptors the rest of the batch is left to the caller; any other failure ends the batch.
    if (!["EMFILE", "ENFILE"].includes(systemCode(error) ?? "")) {
      for (const file of files) if (file !== undefined) closeSync(file.fd);
      throw error;
    }
  }
  const open = files.filter((file) => file !== undefined);
  const answers = await askAll(host, open);
  return files.map((file, index) => {
    const path = paths[index] ?? "";
    if (file === undefined) return unlocked(path, host, warn);
    const attempt = settle(path, file, answers.get(file) ?? "failed", host, warn);
    return attempt === "replaced" ? "contended" : attempt;
  });
}

/** Turns a helper's answer into a lock, and closes the file where there is none. */
function settle(
  path: string,
  file: OpenFile,
  answer: LockAnswer,
  host: LockHost,
  warn: Warn | undefined,
): Attempt | "replaced" {
  if (answer === "held") {
    if (namesStill(path, file.fd)) return makeLock(path, file.fd, true);
    closeSync(file.fd);
    return "replaced";
  }
  closeSync(file.fd);
  return answer === "contended" ? "contended" : unlocked(path, host, warn);
}

async function askHelpers(host: LockHost, file: OpenFile, wait: AbortSignal | undefined): Promise<LockAnswer> {
  const { lockless } = host.memory;
  if (lockless.has(file.stats.dev)) return "failed";
  let refused = false;
  for (const helper of host.helpers) {
    const answer = wait === undefined ? (await helper.tryAll([file.fd]))?.[0] : await helper.wait(file.fd, wait);
    if (answer === "held" || answer === "contended") return answer;
    refused ||= answer === "failed";
  }
  if (refused) lockless.add(file.stats.dev);
  return "failed";
}

async function askAll(host: LockHost, files: readonly OpenFile[]): Promise<ReadonlyMap<OpenFile, LockAnswer>> {
  const answers = new Map<OpenFile, LockAnswer>();
  const { lockless } = host.memory;
  let left = files.filter((file) => !lockless.has(file.stats.dev));
  for (const helper of host.batchHelpers) {
    if (left.length === 0) break;
    const got = await helper.tryAll(left.map((file) => file.fd));
    left.forEach((file, index) => {
      const answer = got?.[index];
      if (answer !== undefined) answers.set(file, answer);
    });
    left = left.filter((file) => (answers.get(file) ?? "failed") === "failed");
  }
  for (const file of left) if (answers.has(file)) lockless.add(file.stats.dev);
  return answers;
}

function lockByOpening(path: string, host: LockHost, warn: Warn | undefined): Attempt | "refused" {
  const opened = openLocked(path, host);
  if (opened.kind === "held") return makeLock(path, opened.fd, true);
  return opened.kind === "lockless" ? unlocked(path, host, warn) : opened.kind;
}

function makeLock(path: string, fd: number | undefined, held: boolean): FileLock {
  let open = fd;
  return {
    path,
    held,
    release() {
      if (open !== undefined) closeSync(open);
      open = undefined;
    },
  };
}

function unlocked(path: string, { memory }: LockHost, warn: Warn | undefined): FileLock {
  if (!memory.told && warn !== undefined) {
    memory.told = true;
    warn(`File locks do not work here (${path}); going on without. Files stay correct, but may be fetched twice.`);
  }
  return makeLock(path, undefined, false);
}

function timedOut(path: string, timeoutMs: number): DiskError {
  const after = timeoutMs === 0 ? "" : ` after ${timeoutMs / 1000} s`;
  return new DiskError("ERR_HF_LOCK_TIMEOUT", `Another process still holds the lock${after}: ${path}`, {
    hint: "Wait for the other process (a download or a sign-in) to end, then try again.",
  });
}

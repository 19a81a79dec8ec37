import { acquireFileLock, tryFileLocks } from "../core/file-lock.ts";
import type { FileLock } from "../core/file-lock.ts";
import type { Warn } from "../core/ports.ts";

/** One piece of work and the lock that excludes other processes from it. */
export interface LockedJob<T> {
  readonly job: T;
  readonly lock: FileLock;
}

export interface LockQueueOptions<T> {
  readonly lockPath: (job: T) => string;
  readonly size: (job: T) => number;
  /** How many take jobs at the same time. */
  readonly workers: number;
  readonly signal: AbortSignal;
  readonly warn?: Warn | undefined;
  /** Takes the lock of a job that another process holds, and waits for it. @default without limit */
  readonly acquire?: ((job: T) => Promise<FileLock>) | undefined;
}

export interface LockQueue<T> {
  /** The next job with its lock, which the caller releases; undefined when there is none left. */
  next(): Promise<LockedJob<T> | undefined>;
  /** Frees the locks of jobs that nobody took. */
  close(): void;
}

/** Locks taken with one helper process. Each holds a descriptor until its job is done. */
const WINDOW_JOBS = 256;
/** Bytes that a window holds beyond one job a worker: what is locked but not begun keeps other processes from it. */
const WINDOW_BYTES = 32 * 1024 * 1024;

/**
 * Hands out jobs with their locks. Locks are taken a window at a time, because taking one costs the start of a process.
 * Jobs whose lock another process holds are kept for the end, and waited for one by one: by then it has most likely
 * finished them.
 */
export function createLockQueue<T>(jobs: readonly T[], options: LockQueueOptions<T>): LockQueue<T> {
  const { lockPath, size, workers, signal, warn } = options;
  const ready: LockedJob<T>[] = [];
  const later: T[] = [];
  let position = 0;
  let lastWindow = 0;
  let filling: Promise<void> | undefined;
  let failed: { readonly error: unknown } | undefined;
  let closed = false;

  const window = (): T[] => {
    const start = position;
    for (let bytes = 0; position < jobs.length && position - start < WINDOW_JOBS; position++) {
      const job = jobs[position];
      if (job === undefined) break;
      bytes += size(job);
      if (position - start >= workers && bytes > WINDOW_BYTES) break;
    }
    return jobs.slice(start, position);
  };

  const fill = async (): Promise<void> => {
    const batch = window();
    lastWindow = batch.length;
    const { locks } = await tryFileLocks(batch.map(lockPath), warn === undefined ? {} : { warn });
    for (const job of batch) {
      const lock = locks.get(lockPath(job));
      if (lock === undefined) later.push(job);
      else if (closed) lock.release();
      else ready.push({ job, lock });
    }
  };

  /** One refill at a time, begun before the workers run dry. Never rejects: a failure is kept for whoever asks next. */
  const refill = (): Promise<void> => {
    filling ??= fill()
      .catch((error: unknown) => {
        failed ??= { error };
      })
      .finally(() => {
        filling = undefined;
      });
    return filling;
  };

  return {
    async next() {
      for (;;) {
        signal.throwIfAborted();
        if (failed !== undefined) throw failed.error;
        const next = ready.shift();
        const more = position < jobs.length;
        if (next !== undefined) {
          // Ahead of time only for many small jobs: a large one should not be locked long before it is begun.
          if (more && ready.length < workers && lastWindow > workers) void refill();
          return next;
        }
        if (more || filling !== undefined) {
          await refill();
          continue;
        }
        const job = later.shift();
        if (job === undefined) return undefined;
        const lock = await (options.acquire?.(job) ?? acquireFileLock(lockPath(job), { signal, warn }));
        return { job, lock };
      }
    },
    close() {
      closed = true;
      for (const { lock } of ready.splice(0)) lock.release();
    },
  };
}

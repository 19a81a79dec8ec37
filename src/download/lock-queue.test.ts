import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { acquireFileLock } from "../core/file-lock.ts";
import { createLockQueue } from "./lock-queue.ts";
import type { LockQueue } from "./lock-queue.ts";
import { noLocks } from "../../test/support/locks.ts";

const folder = mkdtempSync(join(tmpdir(), "lock-queue-"));
after(() => rmSync(folder, { recursive: true }));

const lockPath = (job: string): string => join(folder, `${job}.lock`);
const open = (jobs: readonly string[], more: { signal?: AbortSignal; size?: number } = {}): LockQueue<string> =>
  createLockQueue(jobs, {
    lockPath,
    size: () => more.size ?? 1,
    workers: 2,
    signal: more.signal ?? new AbortController().signal,
  });
const isFree = async (job: string): Promise<boolean> => {
  const lock = await acquireFileLock(lockPath(job), { timeoutMs: 0 }).catch(() => undefined);
  lock?.release();
  return lock !== undefined;
};

describe("createLockQueue()", { skip: noLocks }, () => {
  it("hands out every job once, with its lock", async () => {
    const jobs = Array.from({ length: 600 }, (_, index) => `many-${index}`);
    const queue = open(jobs);
    const seen: string[] = [];
    const work = async (): Promise<void> => {
      for (let next = await queue.next(); next !== undefined; next = await queue.next()) {
        seen.push(next.job);
        next.lock.release();
      }
    };
    await Promise.all([work(), work(), work()]);
    assert.deepEqual(seen.toSorted(), jobs.toSorted());
  });

  it("keeps a job whose lock another holds for the end, and waits for it", async () => {
    const held = await acquireFileLock(lockPath("b"));
    const queue = open(["b", "a", "c"]);
    const first = await queue.next();
    const second = await queue.next();
    assert.deepEqual([first?.job, second?.job], ["a", "c"]);
    const third = queue.next();
    held.release();
    assert.equal((await third)?.job, "b");
    assert.equal(await isFree("a"), false);
    first?.lock.release();
    assert.equal(await isFree("a"), true);
  });

  it("does not lock large work long before it is begun, and frees on close what nobody took", async () => {
    const queue = open(["l1", "l2", "l3"], { size: 100 * 1024 * 1024 });
    await queue.next();
    assert.deepEqual([await isFree("l2"), await isFree("l3")], [false, true]);
    queue.close();
    assert.equal(await isFree("l2"), true);
  });

  it("stops waiting when aborted", async () => {
    const held = await acquireFileLock(lockPath("w"));
    const stop = new AbortController();
    const waiting = open(["w"], { signal: stop.signal }).next();
    stop.abort(new Error("enough"));
    await assert.rejects(waiting, /enough/);
    held.release();
  });

  it("fails when a lock cannot be made", async () => {
    const queue = createLockQueue(["x"], {
      lockPath: () => join(folder, "a.lock", "x"),
      size: () => 1,
      workers: 1,
      signal: new AbortController().signal,
    });
    await assert.rejects(queue.next(), { code: "ERR_HF_DISK" });
    await assert.rejects(queue.next(), { code: "ERR_HF_DISK" });
  });
});

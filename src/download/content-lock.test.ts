import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { acquireFileLock } from "../core/file-lock.ts";
import type { Clock } from "../core/ports.ts";
import { lockContent } from "./content-lock.ts";
import type { KnownContent } from "./fetch-content.ts";
import { noLocks } from "../../test/support/locks.ts";

const folder = mkdtempSync(join(tmpdir(), "content-lock-"));
after(() => rmSync(folder, { recursive: true }));
const etag = "e".repeat(40);

/** A clock on which a minute goes by at each look. */
function minutes(onLook: (minute: number) => void = () => undefined): Clock {
  let minute = -1;
  return {
    now: () => {
      onLook(++minute);
      return minute * 60_000;
    },
    sleep: () => Promise.reject(new Error("nobody sleeps here")),
  };
}

const content: KnownContent = { etag, size: 1, entries: [{ path: "f" }] };
const at = (name: string) => ({ lockPath: () => join(folder, name), workFolder: () => folder });
const run = (clock: Clock, told: string[], signal = new AbortController().signal) => ({
  clock,
  signal,
  warn: (text: string) => void told.push(text),
});

describe("lockContent()", { skip: noLocks }, () => {
  it("takes a lock that is free", async () => {
    const told: string[] = [];
    const lock = await lockContent(run(minutes(), told), at("free.lock"), content);
    assert.equal(lock.held, true);
    assert.deepEqual(told, []);
    lock.release();
  });

  it("goes on without a lock whose holder does nothing for five minutes, and says so", async () => {
    const held = await acquireFileLock(join(folder, "idle.lock"));
    const told: string[] = [];
    const lock = await lockContent(run(minutes(), told), at("idle.lock"), content, 5);
    assert.equal(lock.held, false);
    assert.match(
      told.join("\n"),
      /^Another process is downloading.*\n.*held the lock for 5 minutes without writing.*$/,
    );
    lock.release();
    held.release();
  });

  it("waits for a holder who writes, for as long as he does", async () => {
    const held = await acquireFileLock(join(folder, "busy.lock"));
    const told: string[] = [];
    const clock = minutes((minute) => {
      if (minute <= 20) appendFileSync(join(folder, `${etag}.0123abcd.incomplete`), "x");
      else held.release();
    });
    const lock = await lockContent(run(clock, told), at("busy.lock"), content, 5);
    assert.equal(lock.held, true);
    assert.equal(told.length, 1);
    lock.release();
  });

  it("ends when it is told to", async () => {
    const held = await acquireFileLock(join(folder, "stop.lock"));
    const stop = new AbortController();
    const waiting = lockContent(run(minutes(), [], stop.signal), at("stop.lock"), content, 60_000);
    stop.abort(new Error("stopped"));
    await assert.rejects(waiting, /stopped/);
    held.release();
  });
});

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { DiskError, IntegrityError } from "../core/errors.ts";
import { createHashers } from "./hash-worker.ts";
import { createReceiver, type Receiver } from "./receiver.ts";

const folder = mkdtempSync(join(tmpdir(), "receiver-"));
const hashers = createHashers();
after(() => {
  hashers.close();
  rmSync(folder, { recursive: true });
});

let count = 0;
function receiver(size: number, flags = "w"): { path: string; fd: number; into: Receiver } {
  const path = join(folder, String(count++));
  const fd = openSync(path, flags);
  return { path, fd, into: createReceiver(fd, { hashers, algorithm: "sha256", size, path }) };
}

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

describe("createReceiver()", () => {
  it("writes and hashes a content in pieces, small and large enough for a thread", async () => {
    for (const size of [0, 10, 40 * 1024 * 1024]) {
      const content = randomBytes(size);
      const { path, fd, into } = receiver(size);
      for (let at = 0; at < size; at += 1_000_000) await into.write(content.subarray(at, at + 1_000_000), at);
      assert.equal(into.position, size);
      assert.deepEqual(await into.finish(), { bytes: size, digest: sha256(content) });
      closeSync(fd);
      assert.deepEqual(readFileSync(path), content);
    }
  });

  it("begins anew after restart(), with a shorter file than before", async () => {
    const { path, fd, into } = receiver(40 * 1024 * 1024);
    await into.write(randomBytes(5_000), 0);
    into.restart();
    await into.write(Buffer.from("hello"), 0);
    assert.deepEqual(await into.finish(), { bytes: 5, digest: sha256(Buffer.from("hello")) });
    closeSync(fd);
    assert.equal(readFileSync(path, "utf8"), "hello");
  });

  it("takes bytes in any order, and hashes what comes ahead when its turn has come", async () => {
    for (const size of [3_000_000, 40_000_000]) {
      const content = randomBytes(size);
      const { path, fd, into } = receiver(size, "w+");
      const step = size / 10;
      const starts = [5, 0, 1, 9, 2, 4, 3, 7, 6, 8].map((at) => at * step);
      for (const [turn, at] of starts.entries()) {
        // In small pieces, so that some come while it reads what was ahead.
        for (let from = at; from < at + step; from += step / 8) {
          void into.write(content.subarray(from, from + step / 8), from);
          if (turn % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
        }
      }
      assert.deepEqual(into.there.list, [[0, size]]);
      assert.deepEqual(await into.finish(), { bytes: size, digest: sha256(content) });
      closeSync(fd);
      assert.deepEqual(readFileSync(path), content);
    }
  });

  it("takes over parts that are there, and says when they are not any more", async () => {
    const content = randomBytes(5_000_000);
    const { fd, into, path } = receiver(content.length, "w+");
    writeSync(fd, content, 0, 1_000_000, 0);
    writeSync(fd, content, 2_000_000, 1_000_000, 2_000_000);
    into.adopt([
      [0, 1_000_000],
      [2_000_000, 3_000_000],
    ]);
    assert.deepEqual([into.position, into.there.bytes], [1_000_000, 2_000_000]);
    await into.write(content.subarray(1_000_000, 2_000_000), 1_000_000);
    await into.write(content.subarray(3_000_000), 3_000_000);
    assert.equal((await into.finish()).digest, sha256(content));

    into.restart();
    const short = createReceiver(fd, { hashers, algorithm: "sha256", size: content.length, path });
    short.adopt([[0, 1000]]);
    await assert.rejects(short.finish(), { code: "ERR_HF_INTEGRITY" });
    closeSync(fd);
  });

  it("forgets what was ahead after restart()", async () => {
    const content = randomBytes(3_000_000);
    const { fd, into } = receiver(content.length, "w+");
    void into.write(content.subarray(1_000_000), 1_000_000);
    void into.write(randomBytes(1_000_000), 0);
    into.restart();
    await into.write(content, 0);
    assert.equal((await into.finish()).digest, sha256(content));
    closeSync(fd);
  });

  it("refuses bytes that came before, and more than were announced", () => {
    const { path, fd, into } = receiver(5);
    into.write(Buffer.from("abc"), 0);
    assert.throws(() => into.write(Buffer.from("x"), 1), TypeError);
    assert.throws(() => into.write(Buffer.from("xyz"), 3), IntegrityError);
    closeSync(fd);
    assert.equal(readFileSync(path, "utf8"), "abc");
  });

  it("names the path when the disk fails", () => {
    const { path, fd } = receiver(5);
    closeSync(fd);
    const readOnly = openSync(path, "r");
    const into = createReceiver(readOnly, { hashers, algorithm: "sha256", size: 5, path });
    assert.throws(
      () => into.write(Buffer.from("abc"), 0),
      (error) => error instanceof DiskError && error.message.includes(path),
    );
    closeSync(readOnly);
  });

  it("can be given up in the middle of a large content", async () => {
    const { fd, into } = receiver(40 * 1024 * 1024);
    void into.write(randomBytes(100_000), 0);
    into.abandon();
    into.abandon();
    closeSync(fd);
  });
});

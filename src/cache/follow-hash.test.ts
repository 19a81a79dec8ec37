import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { createHashers } from "./hash-worker.ts";
import type { Hashers } from "./hash-worker.ts";

/** Large enough that a thread is used where there is one. */
const SIZE = 33 * 1024 * 1024 + 17;
const MIB = 1024 * 1024;

describe("Hashers.follow()", () => {
  let folder: string;
  let fd: number;
  let content: Buffer;
  let open: Hashers | undefined;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "latchkey-follow-"));
    fd = openSync(join(folder, "file"), "wx+");
    ftruncateSync(fd, SIZE);
    content = Buffer.alloc(SIZE);
    content.set(randomBytes(MIB), 0);
    for (let at = MIB; at < SIZE; at += 4096) content.writeUInt32LE(at, Math.min(at, SIZE - 4));
  });
  afterEach(() => {
    open?.close();
    closeSync(fd);
    rmSync(folder, { recursive: true, force: true });
  });
  const hashers = (threads: number): Hashers => (open = createHashers({ threads }));
  const sha256 = (): string => createHash("sha256").update(content).digest("hex");

  for (const [what, threads] of [
    ["in a thread", 1],
    ["where there is none", 0],
  ] as const) {
    it(`hashes a file while it is written, ${what}`, async () => {
      const { follow } = hashers(threads);
      // The thread is up by then, and would read too early what it was not told of.
      await follow(fd, "sha256", SIZE).digest();
      const hash = follow(fd, "sha256", SIZE);
      await new Promise((resolve) => setTimeout(resolve, 50));
      // The end first: it is not told of until what comes before it is there.
      writeSync(fd, content, 20 * MIB, SIZE - 20 * MIB, 20 * MIB);
      for (let at = 0; at < 20 * MIB; at += MIB) {
        writeSync(fd, content, at, MIB, at);
        hash.reached(at + MIB);
        await new Promise((resolve) => setImmediate(resolve));
      }
      hash.reached(SIZE);
      assert.equal(await hash.digest(), sha256());
    });
  }

  it("gives its thread back, also when it was given up before the file was there", async () => {
    const { follow, start } = hashers(1);
    const first = follow(fd, "sha256", SIZE);
    first.reached(MIB);
    first.abandon();
    writeSync(fd, content, 0, SIZE, 0);
    for (let round = 0; round < 3; round++) {
      const hash = follow(fd, "sha256", SIZE);
      hash.reached(SIZE);
      assert.equal(await hash.digest(), sha256());
      hash.abandon();
    }
    for (let threaded = false; !threaded; await new Promise((resolve) => setTimeout(resolve, 5))) {
      const stream = start("sha256", SIZE);
      const later = stream.update(new Uint8Array(new SharedArrayBuffer(8)));
      threaded = later !== undefined;
      await later;
      await stream.digest();
    }
  });

  it("fails where the file is shorter than it should be", async () => {
    for (const threads of [1, 0]) {
      ftruncateSync(fd, 5000);
      const made = hashers(threads);
      await assert.rejects(made.follow(fd, "sha256", SIZE).digest(), /shorter/);
      made.close();
    }
  });
});

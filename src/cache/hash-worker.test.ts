import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { afterEach, describe, it } from "node:test";
import { promisify } from "node:util";
import { createHashers, type Hashers, type StreamHash } from "./hash-worker.ts";

const LARGE = 64 * 1024 * 1024;
const open: Hashers[] = [];
afterEach(() => open.splice(0).forEach((each) => each.close()));

function hashers(threads?: number): Hashers {
  const made = createHashers(threads === undefined ? {} : { threads });
  open.push(made);
  return made;
}

function shared(content: Uint8Array): Uint8Array {
  const memory = new Uint8Array(new SharedArrayBuffer(content.length));
  memory.set(content);
  return memory;
}

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** Feeds pieces without waiting between them, as a socket does. */
async function feed(hash: StreamHash, bytes: Uint8Array, piece: number): Promise<string> {
  const promises: (Promise<void> | undefined)[] = [];
  for (let at = 0; at < bytes.length; at += piece) promises.push(hash.update(bytes.subarray(at, at + piece)));
  await Promise.all(promises);
  return hash.digest();
}

describe("createHashers()", () => {
  for (const [what, threads] of [
    ["in a thread", 1],
    ["inline", 0],
  ] as const) {
    it(`gives sha256 and git's hash of a blob ${what}`, async () => {
      const { start } = hashers(threads);
      const content = randomBytes(3_000_001);
      assert.equal(await feed(start("sha256", LARGE), shared(content), 100_000), sha256(content));
      // git hash-object of a file of five bytes "hello" with the size in front.
      const git = start("git-sha1", LARGE);
      await git.update(Buffer.from("hello"));
      const expected = createHash("sha1").update(`blob ${LARGE}\0hello`).digest("hex");
      assert.equal(await git.digest(), expected);
    });
  }

  it("hashes as git does", async () => {
    const hash = hashers().start("git-sha1", 6);
    hash.update(Buffer.from("hello\n"));
    assert.equal(await hash.digest(), "ce013625030ba8dba906f756967f9e9ca394464a");
  });

  it("takes more pieces at once than its queue holds, and bytes of either kind of memory", async () => {
    const { start } = hashers(1);
    const content = randomBytes(600_000);
    assert.equal(await feed(start("sha256", LARGE), shared(content), 1_000), sha256(content));
    assert.equal(await feed(start("sha256", LARGE), content, 1_000), sha256(content));
    assert.equal(await feed(start("sha256", LARGE), content, 400_000), sha256(content));
    const mixed = start("sha256", LARGE);
    const promises = [mixed.update(content.subarray(0, 5)), mixed.update(shared(content.subarray(5, 10)))];
    promises.push(mixed.update(content.subarray(10)));
    await Promise.all(promises);
    assert.equal(await mixed.digest(), sha256(content));
  });

  it("says when bytes are read no more: until then they are", async () => {
    const hash = hashers(1).start("sha256", LARGE);
    const memory = shared(randomBytes(1_000_000));
    const expected = createHash("sha256");
    for (let round = 0; round < 50; round++) {
      memory.fill(round);
      expected.update(memory);
      await hash.update(memory);
    }
    assert.equal(await hash.digest(), expected.digest("hex"));
  });

  it("uses its threads again, also one whose hash was given up, and hashes inline when none is free", async () => {
    const { start } = hashers(1);
    const content = shared(randomBytes(2_000_000));
    const first = start("sha256", LARGE);
    void first.update(content);
    const second = start("sha256", LARGE);
    assert.equal(second.update(content), undefined, "the one thread is taken");
    assert.equal(await second.digest(), sha256(content));
    first.abandon();
    for (let threaded = 0; threaded < 5; await new Promise((resolve) => setTimeout(resolve, 5))) {
      const hash = start("sha256", LARGE);
      const later = hash.update(content);
      if (later !== undefined) threaded++;
      await later;
      assert.equal(await hash.digest(), sha256(content));
    }
  });

  it("rejects what waits when it is closed", async () => {
    const made = hashers(1);
    const hash = made.start("sha256", LARGE);
    const update = hash.update(shared(randomBytes(10)));
    made.close();
    await assert.rejects(Promise.all([update, hash.digest()]));
  });

  it("lets a program end, by itself and by process.exit() in the middle of a hash", async () => {
    const module = JSON.stringify(new URL("./hash-worker.js", import.meta.url).href);
    const run = (code: string): Promise<{ stdout: string }> =>
      promisify(execFile)(process.execPath, ["--input-type=module", "-e", code], { timeout: 60_000 });
    const begin = `const { createHashers } = await import(${module});
      const memory = new Uint8Array(new SharedArrayBuffer(1000));
      const hashers = createHashers(); const hash = hashers.start("sha256", ${LARGE});
      await hash.update(memory);`;
    assert.match((await run(`${begin} process.stdout.write(await hash.digest());`)).stdout, /^[0-9a-f]{64}$/);
    assert.equal((await run(`${begin} process.stdout.write("mid"); process.exit(0);`)).stdout, "mid");
  });
});

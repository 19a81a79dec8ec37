import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { createRepo } from "../core/repo.ts";
import { blobSize, openIncompleteBlob, publishSmallBlob } from "./blob.ts";
import { discardIncompleteBlobs } from "./incomplete.ts";
import { contentAlgorithmOf, createContentHash } from "./hash.ts";
import { blobPath, repoPaths } from "./paths.ts";
import type { RepoPaths } from "./paths.ts";

const DOOR = new URL(`./index.${import.meta.url.slice(-2)}`, import.meta.url).href;
const posix = { skip: process.platform === "win32" ? "Windows has no POSIX modes" : false };

let cache = "";
let paths: RepoPaths;
beforeEach(() => {
  cache = fs.mkdtempSync(join(tmpdir(), "latchkey-blob-"));
  paths = repoPaths(cache, createRepo("acme/tiny"));
});
afterEach(() => {
  fs.rmSync(cache, { recursive: true, force: true });
});

const content = Buffer.from("hello\n");
/** What `git hash-object` and `sha256sum` say of it. */
const gitSha1 = "ce013625030ba8dba906f756967f9e9ca394464a";
const sha256 = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
const blobs = (): string[] => fs.readdirSync(join(paths.folder, "blobs"));

describe("createContentHash()", () => {
  it("names content as git and sha256sum do, in any pieces", () => {
    for (const [algorithm, name] of [
      ["git-sha1", gitSha1],
      ["sha256", sha256],
    ] as const) {
      const hash = createContentHash(algorithm, content.length);
      hash.update(content.subarray(0, 2));
      hash.update(content.subarray(2));
      assert.equal(hash.digest(), name);
      assert.equal(contentAlgorithmOf(name), algorithm);
    }
    assert.equal(createContentHash("git-sha1", 0).digest(), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
    for (const other of ["", gitSha1.toUpperCase(), "x", `${sha256}\n`]) {
      assert.equal(contentAlgorithmOf(other), undefined);
    }
  });
});

describe("openIncompleteBlob()", () => {
  it("takes writes at any position and appears under its name only when published", () => {
    const blob = openIncompleteBlob(paths, sha256, { size: content.length });
    assert.equal(fs.statSync(blob.path).size, content.length);
    blob.write(content.subarray(3), 3);
    blob.write(content.subarray(0, 3), 0);
    assert.equal(blobSize(paths, sha256), undefined);
    assert.match(blobs().join(), /^[0-9a-f]{64}\.[0-9a-f]{8}\.incomplete$/);
    assert.equal(blob.publish(sha256), blobPath(paths, sha256));
    assert.deepEqual(blobs(), [sha256]);
    assert.deepEqual(fs.readFileSync(blobPath(paths, sha256)), content);
    assert.equal(blobSize(paths, sha256), content.length);
    blob.discard();
    assert.deepEqual(blobs(), [sha256]);
    assert.throws(() => blob.publish(sha256), TypeError);
  });

  it("refuses a digest that is not the name, and keeps nothing", () => {
    for (const digest of [gitSha1, sha256.toUpperCase(), "", sha256.slice(1)]) {
      const blob = openIncompleteBlob(paths, sha256);
      blob.write(content, 0);
      assert.throws(() => blob.publish(digest), { code: "ERR_HF_INTEGRITY" });
      assert.deepEqual(blobs(), []);
    }
  });

  it("refuses a name that no hash can prove, also when the caller claims it", () => {
    const blob = openIncompleteBlob(paths, "some-etag");
    assert.throws(() => blob.publish("some-etag"), { code: "ERR_HF_INTEGRITY" });
    assert.throws(() => publishSmallBlob(paths, "some-etag", content), { code: "ERR_HF_INTEGRITY" });
    assert.deepEqual(blobs(), []);
  });

  it("removes its file when discarded, one by one or all at the end of the process", () => {
    const [one, two, three] = [gitSha1, sha256, sha256].map((etag) => openIncompleteBlob(paths, etag));
    one?.discard();
    one?.discard();
    assert.equal(blobs().length, 2);
    two?.write(content, 0);
    two?.publish(sha256);
    discardIncompleteBlobs();
    assert.deepEqual(blobs(), [sha256]);
    assert.throws(() => three?.publish(sha256), TypeError);
  });

  it("replaces a wrong blob of the same name, and a link without writing through it", posix, () => {
    const store = join(cache, "shared");
    fs.writeFileSync(store, "another's");
    fs.mkdirSync(join(paths.folder, "blobs"), { recursive: true });
    fs.symlinkSync(store, blobPath(paths, sha256));
    assert.equal(blobSize(paths, sha256), 9);
    const blob = openIncompleteBlob(paths, sha256);
    blob.write(content, 0);
    blob.publish(sha256);
    assert.equal(fs.readFileSync(store, "utf8"), "another's");
    assert.ok(fs.lstatSync(blobPath(paths, sha256)).isFile());
  });

  it("takes its folder from a pruner that removed it", () => {
    openIncompleteBlob(paths, sha256).discard();
    fs.rmSync(paths.folder, { recursive: true });
    openIncompleteBlob(paths, sha256).discard();
    publishSmallBlob(paths, sha256, content);
    assert.deepEqual(blobs(), [sha256]);
  });

  it("says what is in the way of a blob, and removes its own file", () => {
    fs.mkdirSync(join(paths.folder, "blobs", gitSha1), { recursive: true });
    const blob = openIncompleteBlob(paths, gitSha1);
    blob.write(content, 0);
    for (const publish of [() => blob.publish(gitSha1), () => publishSmallBlob(paths, gitSha1, content)]) {
      assert.throws(publish, { code: "ERR_HF_DISK" });
    }
    assert.deepEqual(blobs(), [gitSha1]);
  });

  it("refuses a blobs folder that leads out of the cache", posix, () => {
    const outside = fs.mkdtempSync(join(tmpdir(), "latchkey-outside-"));
    try {
      fs.mkdirSync(paths.folder);
      fs.symlinkSync(outside, join(paths.folder, "blobs"));
      assert.throws(() => openIncompleteBlob(paths, sha256), { code: "ERR_HF_DISK" });
      assert.throws(() => publishSmallBlob(paths, sha256, content), { code: "ERR_HF_DISK" });
      assert.deepEqual(fs.readdirSync(outside), []);
    } finally {
      fs.rmSync(outside, { recursive: true });
    }
  });

  it("works where the repo's folder was moved to another disk by a link", posix, () => {
    const moved = fs.mkdtempSync(join(tmpdir(), "latchkey-moved-"));
    try {
      fs.symlinkSync(moved, paths.folder);
      publishSmallBlob(paths, sha256, content);
      assert.deepEqual(fs.readdirSync(join(moved, "blobs")), [sha256]);
    } finally {
      fs.rmSync(moved, { recursive: true });
    }
  });
});

describe("publishSmallBlob()", () => {
  it("publishes what matches and writes nothing of what does not", () => {
    assert.equal(publishSmallBlob(paths, gitSha1, content), blobPath(paths, gitSha1));
    assert.deepEqual(fs.readFileSync(blobPath(paths, gitSha1)), content);
    assert.throws(() => publishSmallBlob(paths, sha256, Buffer.from("hello")), { code: "ERR_HF_INTEGRITY" });
    assert.deepEqual(blobs(), [gitSha1]);
  });

  it("never builds a path from a hostile etag", () => {
    for (const etag of ["../../x", "..", "/x", "", "a/b"]) {
      assert.throws(() => publishSmallBlob(paths, etag, content), { code: "ERR_HF_UNSAFE_NAME" });
      assert.throws(() => openIncompleteBlob(paths, etag), { code: "ERR_HF_UNSAFE_NAME" });
    }
    assert.deepEqual(fs.readdirSync(cache), []);
  });

  for (const [umask, mode] of [
    [0o022, 0o644],
    [0o002, 0o664],
    [0o027, 0o640],
    [0o077, 0o600],
  ] as const) {
    it(`leaves mode ${mode.toString(8)} with umask ${umask.toString(8)}, for both ways`, posix, async () => {
      const script = `process.umask(${umask});
        const { openIncompleteBlob, publishSmallBlob, repoPaths } = await import(${JSON.stringify(DOOR)});
        const paths = repoPaths(${JSON.stringify(cache)}, { type: "model", id: "acme/tiny" });
        publishSmallBlob(paths, "${gitSha1}", Buffer.from("hello\\n"));
        const blob = openIncompleteBlob(paths, "${sha256}");
        blob.write(Buffer.from("hello\\n"), 0);
        blob.publish("${sha256}");`;
      const child = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: "inherit" });
      assert.deepEqual(await once(child, "close"), [0, null]);
      for (const etag of [gitSha1, sha256]) assert.equal(fs.statSync(blobPath(paths, etag)).mode & 0o777, mode);
      assert.equal(fs.statSync(join(paths.folder, "blobs")).mode & 0o777, 0o777 & ~umask);
    });
  }

  it("leaves no wrong blob when the process is killed while it publishes", async () => {
    const script = `import { createHash } from "node:crypto";
      const { openIncompleteBlob, publishSmallBlob, repoPaths } = await import(${JSON.stringify(DOOR)});
      const paths = repoPaths(${JSON.stringify(cache)}, { type: "model", id: "acme/tiny" });
      for (let round = 0; ; round++) {
        const bytes = Buffer.alloc(300_000, String(round));
        const etag = createHash("sha256").update(bytes).digest("hex");
        if (round % 2) publishSmallBlob(paths, etag, bytes);
        else {
          const blob = openIncompleteBlob(paths, etag, { size: bytes.length });
          for (let at = 0; at < bytes.length; at += 50_000) blob.write(bytes.subarray(at, at + 50_000), at);
          blob.publish(etag);
        }
        if (round === 5) process.stdout.write("ready");
        if (round > 500) await new Promise(() => setInterval(() => {}, 1000));
      }`;
    const writer = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(writer.stdout, "data");
    writer.kill("SIGKILL");
    await once(writer, "close");
    const published = blobs().filter((name) => !name.endsWith(".incomplete"));
    assert.ok(published.length >= 5);
    for (const name of published) {
      assert.equal(
        createHash("sha256")
          .update(fs.readFileSync(join(paths.folder, "blobs", name)))
          .digest("hex"),
        name,
      );
    }
  });
});

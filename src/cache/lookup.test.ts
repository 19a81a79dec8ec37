import assert from "node:assert/strict";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { createRepo } from "../core/repo.ts";
import { ensureCacheFolder } from "./cache-tag.ts";
import { realPathOfPrefix } from "./folders.ts";
import { freeSpace } from "./free-space.ts";
import { findCachedEntry, findCachedSnapshot } from "./lookup.ts";
import { markNoExist } from "./no-exist.ts";
import { noExistPath, pointerPath, repoPaths, snapshotPath } from "./paths.ts";
import type { RepoPaths } from "./paths.ts";
import { writeRef } from "./refs.ts";
import { writeTree } from "./trees.ts";
import type { CachedTreeEntry } from "./trees.ts";

const commit = "c".repeat(40);
const blobId = "b".repeat(40);
const posix = { skip: process.platform === "win32" ? "links need rights on Windows" : false };

let root = "";
let paths: RepoPaths;
beforeEach(() => {
  root = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), "latchkey-lookup-")));
  paths = repoPaths(join(root, "hub"), createRepo("acme/tiny"));
});
afterEach(() => {
  fs.rmSync(root, { recursive: true, force: true });
});

function put(entry: string, text: string): string {
  const path = pointerPath(paths, commit, entry);
  fs.mkdirSync(dirname(path), { recursive: true });
  fs.writeFileSync(path, text);
  return path;
}

describe("findCachedEntry()", () => {
  it("finds by branch and by commit, and without any ref by commit alone", () => {
    const path = put("a/f", "x");
    assert.deepEqual(findCachedEntry(paths, commit, "a/f"), { kind: "found", commit, path });
    assert.deepEqual(findCachedEntry(paths, "main", "a/f"), { kind: "absent", commit: undefined });
    writeRef(paths, "refs/pr/1", commit);
    assert.deepEqual(findCachedEntry(paths, "refs/pr/1", "a/f"), { kind: "found", commit, path });
    assert.deepEqual(findCachedEntry(paths, "refs/pr/1", "other"), { kind: "absent", commit });
  });

  it("knows what the commit has not, but believes a file that is there", () => {
    markNoExist(paths, commit, "none");
    assert.deepEqual(findCachedEntry(paths, commit, "none"), { kind: "known-missing", commit });
    put("f", "x");
    fs.mkdirSync(dirname(noExistPath(paths, commit, "f")), { recursive: true });
    fs.writeFileSync(noExistPath(paths, commit, "f"), "");
    assert.equal(findCachedEntry(paths, commit, "f").kind, "found");
  });

  it("takes neither a dangling link, nor a loop, nor a folder for a file", posix, () => {
    put("folder/f", "x");
    fs.symlinkSync("../../blobs/gone", pointerPath(paths, commit, "dangling"));
    fs.symlinkSync("loop", pointerPath(paths, commit, "loop"));
    for (const entry of ["folder", "dangling", "loop", "folder/f/below"]) {
      assert.equal(findCachedEntry(paths, commit, entry).kind, "absent", entry);
    }
  });

  it("refuses to look outside", () => {
    assert.throws(() => findCachedEntry(paths, commit, "../../x"), { code: "ERR_HF_UNSAFE_NAME" });
    assert.throws(() => findCachedEntry(paths, "../x", "f"), { code: "ERR_HF_INVALID_REVISION" });
  });
});

describe("findCachedSnapshot()", () => {
  it("finds nothing of a revision that was never fetched", () => {
    assert.equal(findCachedSnapshot(paths, commit), undefined);
    assert.equal(findCachedSnapshot(paths, "main"), undefined);
    writeRef(paths, "main", commit);
    assert.equal(findCachedSnapshot(paths, "main"), undefined);
  });

  it("gives the folder unverified where no listing was kept, by branch and by commit", () => {
    put("f", "x");
    writeRef(paths, "main", commit);
    const snapshot = { commit, path: snapshotPath(paths, commit), tree: undefined, missing: [] };
    assert.deepEqual(findCachedSnapshot(paths, "main"), snapshot);
    assert.deepEqual(findCachedSnapshot(paths, commit), snapshot);
  });

  it("names what is missing or of the wrong size, of the files that matter", () => {
    put("whole", "123");
    put("large", "12345");
    put("short", "1");
    const plain = { size: 3, blobId };
    const tree = new Map<string, CachedTreeEntry>([
      ["whole", plain],
      ["short", plain],
      ["dir/missing", plain],
      ["large", { size: 130, blobId, lfs: { sha256: "5".repeat(64), size: 5 } }],
    ]);
    writeTree(paths, commit, tree);
    assert.deepEqual(findCachedSnapshot(paths, commit)?.missing.toSorted(), ["dir/missing", "short"]);
    const wanted = (path: string): boolean => !path.startsWith("dir/") && path !== "short";
    assert.deepEqual(findCachedSnapshot(paths, commit, { wanted })?.missing, []);
    assert.equal(findCachedSnapshot(paths, commit)?.tree?.size, 4);
  });
});

describe("ensureCacheFolder()", () => {
  it("makes the folder and the tag with the standard signature, and never rewrites one", () => {
    const hub = join(root, "new", "hub");
    ensureCacheFolder(hub);
    const tag = join(hub, "CACHEDIR.TAG");
    assert.equal(fs.readFileSync(tag, "utf8").slice(0, 43), "Signature: 8a477f597d28d172789f06886806bc55");
    fs.writeFileSync(tag, "theirs");
    ensureCacheFolder(hub);
    assert.equal(fs.readFileSync(tag, "utf8"), "theirs");
    assert.deepEqual(fs.readdirSync(hub), ["CACHEDIR.TAG"]);
  });
});

describe("realPathOfPrefix()", () => {
  it("resolves links in what exists and keeps the rest", posix, () => {
    fs.mkdirSync(join(root, "real"));
    fs.symlinkSync("real", join(root, "link"));
    assert.equal(realPathOfPrefix(join(root, "link")), join(root, "real"));
    assert.equal(realPathOfPrefix(join(root, "link", "a", "b")), join(root, "real", "a", "b"));
    assert.equal(realPathOfPrefix(join(root, "none", "hub")), join(root, "none", "hub"));
  });
});

describe("freeSpace()", () => {
  it("asks the nearest folder that is there", () => {
    const free = freeSpace(join(root, "none", "at", "all"));
    assert.ok(free !== undefined && free > 0);
    const { bsize, blocks } = fs.statfsSync(root);
    assert.ok(free <= bsize * blocks);
  });
});

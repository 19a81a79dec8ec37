import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createRepo } from "../core/repo.ts";
import * as door from "./index.ts";
import { pointerTarget } from "./paths.ts";

const commit = "c".repeat(40);
const etag = "e".repeat(40);
const tiny = door.repoPaths("/hub", createRepo("acme/tiny"), "linux");

describe("repoPaths()", () => {
  it("names the folder by type and id", () => {
    const name = (id: string, type: "model" | "dataset" | "space" | "kernel"): string =>
      door.repoPaths("/hub", createRepo(id, type), "linux").folder;
    assert.equal(name("gpt2", "model"), "/hub/models--gpt2");
    assert.equal(name("org/set", "dataset"), "/hub/datasets--org--set");
    assert.equal(name("a/b", "space"), "/hub/spaces--a--b");
    assert.equal(name("a/b", "kernel"), "/hub/kernels--a--b");
    assert.equal(door.repoPaths("C:\\hub", createRepo("a/b"), "win32").folder, "C:\\hub\\models--a--b");
  });
});

describe("the paths of a repo", () => {
  it("are those of Python's layout", () => {
    assert.equal(door.blobPath(tiny, etag), `/hub/models--acme--tiny/blobs/${etag}`);
    assert.equal(door.snapshotPath(tiny, commit), `/hub/models--acme--tiny/snapshots/${commit}`);
    assert.equal(door.pointerPath(tiny, commit, "a/b"), `/hub/models--acme--tiny/snapshots/${commit}/a/b`);
    assert.equal(door.refPath(tiny, "refs/pr/1"), "/hub/models--acme--tiny/refs/refs/pr/1");
    assert.equal(door.noExistPath(tiny, commit, "a/b"), `/hub/models--acme--tiny/.no_exist/${commit}/a/b`);
    assert.equal(door.treePath(tiny, commit), `/hub/models--acme--tiny/trees/${commit}.json`);
    assert.equal(door.lockPath(tiny, etag), `/hub/.locks/models--acme--tiny/${etag}.lock`);
    assert.equal(pointerTarget(tiny, "f", etag), `../../blobs/${etag}`);
    assert.equal(pointerTarget(tiny, "a/b/f", etag), `../../../../blobs/${etag}`);
    const windows = { ...tiny, platform: "win32" as const };
    assert.equal(pointerTarget(windows, "a/f", etag), `..\\..\\..\\blobs\\${etag}`);
  });

  it("give every incomplete file a name of its own that a pruner knows", () => {
    const one = door.incompletePath(tiny, etag);
    assert.match(one, new RegExp(`^/hub/models--acme--tiny/blobs/${etag}\\.[0-9a-f]{8}\\.incomplete$`));
    assert.notEqual(one, door.incompletePath(tiny, etag));
  });

  it("are never built from a hostile name", () => {
    const hostile = ["../../../x", "..", "/x", ""];
    for (const name of hostile) {
      for (const build of [
        () => door.blobPath(tiny, name),
        () => door.incompletePath(tiny, name),
        () => door.lockPath(tiny, name),
        () => door.snapshotPath(tiny, name),
        () => door.treePath(tiny, name),
        () => door.pointerPath(tiny, name, "f"),
        () => door.pointerPath(tiny, commit, name),
        () => door.noExistPath(tiny, name, "f"),
        () => door.noExistPath(tiny, commit, name),
        () => pointerTarget(tiny, name, etag),
        () => pointerTarget(tiny, "f", name),
      ]) {
        assert.throws(build, { code: "ERR_HF_UNSAFE_NAME" });
      }
      assert.throws(() => door.refPath(tiny, name), { code: "ERR_HF_INVALID_REVISION" });
    }
  });
});

describe("extendedPath()", () => {
  const long = `C:\\${"x".repeat(253)}`;

  it("changes only absolute paths of more than 255 characters on Windows", () => {
    assert.equal(long.length, 256);
    assert.equal(door.extendedPath(long, "win32"), `\\\\?\\${long}`);
    assert.equal(door.extendedPath(long.slice(0, 255), "win32"), long.slice(0, 255));
    assert.equal(door.extendedPath(`\\\\?\\${long}`, "win32"), `\\\\?\\${long}`);
    assert.equal(door.extendedPath(`/${"x".repeat(300)}`, "linux"), `/${"x".repeat(300)}`);
  });

  it("has a form of its own for network shares", () => {
    const share = `\\\\server\\share\\${"x".repeat(250)}`;
    assert.equal(door.extendedPath(share, "win32"), `\\\\?\\UNC\\server\\share\\${"x".repeat(250)}`);
  });

  it("reaches blobs and locks", () => {
    const paths = door.repoPaths(`C:\\${"x".repeat(200)}`, createRepo("acme/tiny"), "win32");
    for (const path of [door.blobPath(paths, etag), door.lockPath(paths, etag), door.incompletePath(paths, etag)]) {
      assert.ok(path.startsWith("\\\\?\\C:\\"), path);
    }
  });
});

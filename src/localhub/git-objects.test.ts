import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { decodePointer, encodePointer, encodeTag } from "./git-objects.ts";
import {
  ancestors,
  blobInfo,
  changeTree,
  filesOf,
  lastCommits,
  writeBlob,
  writeCommit,
  writePointer,
} from "./history.ts";
import { createLooseObjects } from "./storage-folder.ts";
import { createMemoryObjects } from "./storage-memory.ts";

const hasGit = spawnSync("git", ["--version"]).status === 0;
const who = { name: "A <b>", email: "a@example.org", at: Date.UTC(2026, 0, 2, 3, 4, 5, 678) };

describe("git objects", { skip: hasGit ? false : "git is not installed" }, () => {
  let dir = "";
  before(() => {
    dir = mkdtempSync(join(tmpdir(), "localhub-git-"));
    git("init", "-q", "--bare", dir);
  });
  after(() => rmSync(dir, { recursive: true, force: true }));

  function git(...args: string[]): string {
    const run = spawnSync("git", ["--git-dir", dir, ...args], { encoding: "utf8" });
    assert.equal(run.status, 0, run.stderr);
    return run.stdout;
  }

  it("has the ids and the sorting that git itself finds right", () => {
    const objects = createLooseObjects(join(dir, "objects"));
    const blob = writeBlob(objects, Buffer.from("hello\n"));
    assert.equal(blob, "ce013625030ba8dba906f756967f9e9ca394464a");
    const file = { mode: "100644", id: blob };
    // `a.txt` sorts before the folder `a/`, which sorts before `a0`.
    const tree = changeTree(
      objects,
      undefined,
      new Map([
        ["a0", file],
        ["a/b/c", file],
        ["a.txt", file],
        ["ü", file],
      ]),
    );
    const first = writeCommit(objects, { tree, parents: [], author: who, message: "One" });
    const next = changeTree(
      objects,
      tree,
      new Map([
        ["a/b/c", undefined],
        ["d", file],
      ]),
    );
    const second = writeCommit(objects, { tree: next, parents: [first], author: who, message: "Two\n\nMore" });
    const tag = objects.write("tag", encodeTag({ object: second, name: "v1", tagger: who, message: "Tagged" }));
    git("update-ref", "refs/heads/main", second);
    git("update-ref", "refs/tags/v1", tag);
    assert.equal(git("fsck", "--strict", "--full"), "");
    assert.equal(git("-c", "core.quotePath=false", "ls-tree", "-r", "--name-only", first), "a.txt\na/b/c\na0\nü\n");
    assert.equal(git("-c", "core.quotePath=false", "ls-tree", "--name-only", second), "a.txt\na0\nd\nü\n");
    assert.equal(
      git("log", "--format=%an|%ae|%at|%B", "-1", "main").trim(),
      "A b|a@example.org|1767323045|Two\n\nMore",
    );
  });

  it("reads what git wrote", () => {
    const objects = createLooseObjects(join(dir, "objects"));
    const run = spawnSync("git", ["--git-dir", dir, "hash-object", "-w", "--stdin"], {
      input: "by git",
      encoding: "utf8",
    });
    const id = run.stdout.trim();
    assert.deepEqual(objects.read(id), { type: "blob", data: Buffer.from("by git") });
    assert.deepEqual(objects.withPrefix(id.slice(0, 7)), [id]);
  });
});

describe("history", () => {
  it("tells which commit changed a path last", () => {
    const objects = createMemoryObjects();
    const put = (text: string): { mode: string; id: string } => ({
      mode: "100644",
      id: writeBlob(objects, Buffer.from(text)),
    });
    const commit = (tree: string, parents: string[], hour: number): string =>
      writeCommit(objects, { tree, parents, author: { ...who, at: hour * 3600_000 }, message: `${hour}` });
    const one = changeTree(
      objects,
      undefined,
      new Map([
        ["x/a", put("1")],
        ["b", put("1")],
      ]),
    );
    const first = commit(one, [], 1);
    const two = changeTree(objects, one, new Map([["x/a", put("2")]]));
    const second = commit(two, [first], 2);
    const last = lastCommits(objects, second, ["x", "x/a", "b", "none"]);
    assert.deepEqual(
      ["x", "x/a", "b", "none"].map((path) => last.get(path)?.id),
      [second, second, first, undefined],
    );
    assert.deepEqual(
      ancestors(objects, second).map((each) => each.id),
      [second, first],
    );
    assert.deepEqual(
      filesOf(objects, two).map((entry) => entry.path),
      ["b", "x/a"],
    );
  });

  it("knows an LFS pointer by its text", () => {
    const objects = createMemoryObjects();
    const pointer = { oid: "ab".repeat(32), size: 12 };
    assert.deepEqual(blobInfo(objects, writePointer(objects, pointer)), {
      size: 12,
      lfs: { ...pointer, pointerSize: encodePointer(pointer).length },
    });
    assert.equal(decodePointer(Buffer.from("version 1\n")), undefined);
  });
});

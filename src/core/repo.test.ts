import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  createRepo,
  encodePath,
  encodeSegment,
  isCommit,
  parseRepoId,
  parseRepoSpec,
  repoApiPath,
  repoPath,
} from "./repo.ts";

describe("parseRepoId()", () => {
  it("takes what the Hub takes", () => {
    for (const id of [
      "123",
      "foo",
      "foo/bar",
      "Foo-BAR_foo.bar123",
      "_/_",
      "a",
      "x".repeat(96),
      "a.git/b",
      "a.b/c-d",
    ]) {
      assert.equal(parseRepoId(id), id);
    }
  });

  it("refuses everything else, with an example of what is right", () => {
    for (const id of [
      "",
      "/",
      "a/",
      "/a",
      "a/b/c",
      "datasets/foo/bar",
      "x".repeat(97),
      `${"x".repeat(97)}/a`,
      ".repo",
      "repo.",
      "-repo",
      "repo-",
      "a/-b",
      "foo--bar",
      "a--b/c",
      "foo..bar",
      "..",
      "../x",
      "a/..",
      "foo.git",
      "a/foo.git",
      "a b",
      "a/b\n",
      "é/è",
      "日本/x",
      "a\\b",
      "a:b",
      "a\0",
    ]) {
      assert.throws(
        () => parseRepoId(id),
        (error: Error & { code?: string; hint?: string }) => {
          assert.equal(error.code, "ERR_HF_INVALID_REPO_ID");
          assert.match(error.hint ?? "", /namespace\/name/);
          return true;
        },
        JSON.stringify(id),
      );
    }
  });
});

describe("parseRepoSpec()", () => {
  it("reads the type in front of a full id, and lets it be said twice", () => {
    assert.deepEqual(parseRepoSpec("acme/tiny"), { type: "model", id: "acme/tiny" });
    assert.deepEqual(parseRepoSpec("datasets/acme/words"), { type: "dataset", id: "acme/words" });
    assert.deepEqual(parseRepoSpec("datasets/acme/words", "dataset"), { type: "dataset", id: "acme/words" });
    assert.deepEqual(parseRepoSpec("acme/words", "dataset"), { type: "dataset", id: "acme/words" });
    assert.deepEqual(parseRepoSpec("datasets/words"), { type: "model", id: "datasets/words" });
  });

  it("refuses a contradiction, and more parts than there are", () => {
    assert.throws(() => parseRepoSpec("datasets/acme/words", "space"), { code: "ERR_HF_USAGE" });
    assert.throws(() => parseRepoSpec("dataset/acme/words"), { code: "ERR_HF_INVALID_REPO_ID" });
    assert.throws(() => parseRepoSpec("datasets/a/b/c"), { code: "ERR_HF_INVALID_REPO_ID" });
  });
});

describe("the addresses of a repo", () => {
  it("have the type in front, models only in the API", () => {
    assert.equal(repoPath(createRepo("acme/tiny")), "acme/tiny");
    assert.equal(repoPath(createRepo("acme/words", "dataset")), "datasets/acme/words");
    assert.equal(repoApiPath(createRepo("gpt2")), "api/models/gpt2");
    assert.equal(repoApiPath(createRepo("acme/app", "space")), "api/spaces/acme/app");
    assert.equal(repoApiPath(createRepo("acme/fast", "kernel")), "api/kernels/acme/fast");
  });
});

describe("isCommit()", () => {
  it("takes 40 lower-case hex digits alone", () => {
    assert.equal(isCommit("0123456789abcdef0123456789abcdef01234567"), true);
    for (const other of ["", "main", "a".repeat(39), "a".repeat(41), "A".repeat(40), `${"a".repeat(40)}\n`]) {
      assert.equal(isCommit(other), false);
    }
  });
});

describe("encodeSegment() and encodePath()", () => {
  it("encode as Python's quote does", () => {
    assert.equal(encodeSegment("refs/pr/1"), "refs%2Fpr%2F1");
    assert.equal(encodeSegment("aZ9_.-~"), "aZ9_.-~");
    assert.equal(encodeSegment("!*'()"), "%21%2A%27%28%29");
    assert.equal(encodeSegment("ä😀"), "%C3%A4%F0%9F%98%80");
    assert.equal(
      encodePath("subfolder/to?/awful?filename%you:should,never.give"),
      "subfolder/to%3F/awful%3Ffilename%25you%3Ashould%2Cnever.give",
    );
  });

  it("refuse half a character, which no address can carry", () => {
    assert.throws(() => encodeSegment("a\ud800"), { code: "ERR_HF_USAGE" });
  });
});

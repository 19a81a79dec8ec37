import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isRefName, isRepoName, newRefName, newRepoId, safePath } from "./names.ts";
import { Refusal } from "./refusals.ts";

const refused = (status: number) => (error: unknown) => error instanceof Refusal && error.status === status;

describe("safePath()", () => {
  const good = ["a.txt", "a/b c/ü #1.txt", ".gitattributes", ".github/x.yml", "..a/b..", "git~2", "ab:c"];
  for (const path of good) it(`takes ${path}`, () => assert.equal(safePath(path), path));

  const bad = [
    "",
    undefined,
    7,
    "/etc/passwd",
    "../x",
    "a/../b",
    "a/..",
    "./a",
    "a//b",
    "a/",
    "a\0b",
    "a\nb",
    ".git/config",
    "sub/.GIT/hooks/x",
    ".git",
    ".git. /config",
    "git~1/config",
    ".git::$INDEX_ALLOCATION/config",
    ".g\u200cit/config",
    "..\\..\\x",
    ".git\\config",
    "C:\\x",
    "c:x",
    "\\\\host\\x",
    "a".repeat(5000),
  ];
  for (const path of bad) {
    it(`refuses ${JSON.stringify(path)?.slice(0, 40)}`, () => assert.throws(() => safePath(path), refused(400)));
  }
});

describe("isRefName()", () => {
  for (const name of ["main", "feature/one", "v1.0", "ü", "pr/1"])
    it(`takes ${name}`, () => assert.ok(isRefName(name)));
  const bad = [
    "",
    "@",
    "a b",
    "a..b",
    "a/",
    "/a",
    "a//b",
    ".a",
    "a/.b",
    "a.lock",
    "a.lock/b",
    "a~1",
    "a^",
    "a:b",
    "a?",
  ];
  for (const name of [...bad, "a*", "a[", "a\\b", "a@{1}", "a.", "a\0", "a\u007f"]) {
    it(`refuses ${JSON.stringify(name)}`, () => assert.ok(!isRefName(name)));
  }

  it("keeps full refs and HEAD from becoming branches", () => {
    assert.throws(() => newRefName("refs/heads/x", "branch"), refused(400));
    assert.throws(() => newRefName("HEAD", "branch"), refused(400));
    assert.throws(() => newRefName(undefined, "tag"), refused(400));
  });
});

describe("newRepoId()", () => {
  it("takes the Hub's characters", () => {
    assert.equal(newRepoId("alice", "My_model-1.0"), "alice/My_model-1.0");
    for (const name of ["", "-a", "a-", ".a", "a.", "a--b", "a..b", "x.git", "a/b", "ü", "a b", "a".repeat(97)]) {
      assert.ok(!isRepoName(name), name);
      assert.throws(() => newRepoId("alice", name), refused(400));
    }
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkCommit, checkEntryPath, checkEtag, checkRevision } from "./names.ts";

const unsafe = { code: "ERR_HF_UNSAFE_NAME" };

describe("checkCommit()", () => {
  it("takes 40 lower-case hex digits and nothing else", () => {
    const commit = "0123456789abcdef0123456789abcdef01234567";
    assert.equal(checkCommit(commit), commit);
    for (const bad of ["", "main", commit.toUpperCase(), `${commit}\n`, ` ${commit}`, `../${commit.slice(3)}`]) {
      assert.throws(() => checkCommit(bad), unsafe, JSON.stringify(bad));
    }
  });
});

describe("checkEtag()", () => {
  it("takes any file name of up to 200 bytes", () => {
    for (const good of ["a".repeat(64), 'a"b', "W", "..a", "x".repeat(200), "ä".repeat(100)]) {
      assert.equal(checkEtag(good, "linux"), good);
    }
  });

  it("refuses what is a path, a folder or no name", () => {
    for (const bad of [
      "",
      ".",
      "..",
      "a/b",
      "../x",
      "/etc/x",
      "a\\b",
      "a\0b",
      "a\nb",
      "x".repeat(201),
      "ä".repeat(101),
    ]) {
      assert.throws(() => checkEtag(bad, "linux"), unsafe, JSON.stringify(bad));
    }
  });

  it("refuses on Windows what that system reads otherwise", () => {
    for (const bad of ["nul", "a:b", "a.", 'a"b', "COM1.txt"])
      assert.throws(() => checkEtag(bad, "win32"), unsafe, bad);
  });
});

describe("checkEntryPath()", () => {
  it("takes the names that repos have", () => {
    for (const good of [
      "config.json",
      "onnx/model.onnx",
      "a..b/..c",
      ".gitattributes",
      "subfolder/to?/awful?filename%you:should,never.give",
      "日本/😀",
      "aux",
      "x.",
      "x\\y",
      "__proto__",
    ]) {
      assert.equal(checkEntryPath(good, "network", "linux"), good);
    }
  });

  it("refuses on every system what leaves the folder on any", () => {
    for (const bad of [
      "../x",
      "a/../../x",
      "a/..",
      "..",
      "/etc/x",
      "C:\\x",
      "C:/x",
      "D:rel",
      "a:b",
      "😀:b",
      "\\\\host\\share",
      "\\x",
      "folder/C:\\x",
      "folder/\\\\host\\s",
      "folder/..\\..\\x",
      "",
      ".",
      "./x",
      "a/./b",
      "a//b",
      "a/",
      "a\0b",
      "a/\ud800",
    ]) {
      for (const platform of ["linux", "darwin", "win32"] as const) {
        assert.throws(() => checkEntryPath(bad, "network", platform), unsafe, JSON.stringify(bad));
        assert.throws(() => checkEntryPath(bad, "user", platform), { code: "ERR_HF_USAGE" }, JSON.stringify(bad));
      }
    }
  });

  it("refuses on Windows its devices, characters and endings", () => {
    for (const bad of [
      "aux",
      "a/NUL",
      "con.json",
      "Lpt1.tar.gz",
      "COM¹",
      "nul .txt",
      "x\\y",
      "a?b",
      "a<b",
      "ab:stream",
      "x.",
      "x ",
      "a\tb",
    ]) {
      assert.throws(() => checkEntryPath(bad, "network", "win32"), unsafe, JSON.stringify(bad));
    }
    for (const good of ["auxiliary.json", "console", "com10", "a b/c.d"]) checkEntryPath(good, "network", "win32");
  });

  it("refuses what is longer than any system takes", () => {
    assert.equal(checkEntryPath("a/".repeat(2047) + "b").length, 4095);
    assert.throws(() => checkEntryPath("a/".repeat(2048) + "b"), unsafe);
  });

  it("never shows the terminal what the server hid in a name", () => {
    assert.throws(
      () => checkEntryPath("../\u001b[31m\u202ered"),
      (error: Error) => !/[\u001b\u202e]/.test(error.message),
    );
  });
});

describe("checkRevision()", () => {
  it("takes branches, tags and refs", () => {
    for (const good of ["main", "v1.0", "refs/pr/1", "feature/x", "a@b", "0123abc", "A".repeat(40)]) {
      assert.equal(checkRevision(good), good);
    }
  });

  it("refuses what would leave refs/ or name two files at once", () => {
    for (const bad of [
      "",
      "/main",
      "../main",
      "a/../b",
      "..",
      ".",
      "a//b",
      "a/",
      "a\0",
      "a\nb",
      "a\\b",
      "..\\x",
      "C:/x",
    ]) {
      assert.throws(() => checkRevision(bad, "linux"), { code: "ERR_HF_INVALID_REVISION" }, JSON.stringify(bad));
    }
    assert.throws(() => checkRevision("nul", "win32"), { code: "ERR_HF_INVALID_REVISION" });
  });
});

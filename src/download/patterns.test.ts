import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compilePattern, compileSelection, isPlainName } from "./patterns.ts";

const matching = (pattern: string, ...paths: string[]): string[] => paths.filter(compilePattern(pattern));

describe("compilePattern()", () => {
  it("lets a star cross folders, and finds only whole paths", () => {
    assert.deepEqual(matching("*.json", "a.json", "a/b.json", "a/c/d.json", "a.jsonl"), [
      "a.json",
      "a/b.json",
      "a/c/d.json",
    ]);
    assert.deepEqual(matching("a", "a/b", "a"), ["a"]);
    assert.deepEqual(matching("**/*.json", "x.json", "a/x.json"), ["a/x.json"]);
    assert.deepEqual(matching("data/*", "data/x", "DATA/x", "data/a/b"), ["data/x", "data/a/b"]);
    assert.deepEqual(matching("./a/b.json", "a/b.json"), []);
    assert.deepEqual(matching("*", ".gitattributes", "a/.b"), [".gitattributes", "a/.b"]);
  });

  it("reads a trailing slash as everything below, a backslash as a slash, and an empty pattern as nothing", () => {
    assert.deepEqual(matching("data/", "data/a", "data/b/c", "data", "xdata/a"), ["data/a", "data/b/c"]);
    assert.deepEqual(matching("*/", "a/b", "a"), ["a/b"]);
    assert.deepEqual(matching("a\\*.txt", "a/b.txt"), ["a/b.txt"]);
    assert.deepEqual(matching("a/b", "a\\b"), ["a\\b"]);
    assert.deepEqual(matching("", "", "a"), []);
  });

  it("knows ?, classes, negated classes and odd classes as Python's fnmatch does", () => {
    assert.deepEqual(matching("a?c", "abc", "a\nc", "a😀c", "ac", "abbc"), ["abc", "a\nc", "a😀c"]);
    assert.deepEqual(matching("x[a-c-e]", "xb", "x-", "xe", "xd"), ["xb", "x-", "xe"]);
    assert.deepEqual(matching("x[!ab]", "xa", "xc", "x!"), ["xc", "x!"]);
    assert.deepEqual(matching("x[^a]", "x^", "xa", "xb"), ["x^", "xa"]);
    assert.deepEqual(matching("x[]a]", "x]", "xa", "xb"), ["x]", "xa"]);
    assert.deepEqual(matching("x[!]]", "x]", "xb"), ["xb"]);
    assert.deepEqual(matching("x[a", "x[a", "xa"), ["x[a"]);
    assert.deepEqual(matching("x[b-a]", "xa", "xb"), []);
    assert.deepEqual(matching("x[b-a!y]", "xy", "xz"), ["xz"]);
    assert.deepEqual(matching("x[!b-a]", "xq"), ["xq"]);
    assert.deepEqual(matching("{a,b}", "a", "{a,b}"), ["{a,b}"]);
    assert.deepEqual(matching("*.TXT", "a.txt"), []);
  });

  it("stays quick on a pattern made to explode", () => {
    assert.equal(compilePattern(`${"*a".repeat(40)}b`)("a".repeat(2000)), false);
  });
});

describe("compileSelection()", () => {
  const paths = ["README.md", "config.json", "data/a.bin", "data/b.json", "odd[1].txt"];

  it("applies the ignore list after the allow list", () => {
    assert.deepEqual(paths.filter(compileSelection({ include: "*.json", exclude: ["data/*"] })), ["config.json"]);
    assert.deepEqual(paths.filter(compileSelection({})), paths);
    assert.deepEqual(paths.filter(compileSelection({ include: [] })), []);
    assert.deepEqual(paths.filter(compileSelection({ exclude: [] })), paths);
  });

  it("takes names of entries and of folders, also a name that would be a pattern", () => {
    assert.deepEqual(paths.filter(compileSelection({ files: ["data/", "README.md"] })), [
      "README.md",
      "data/a.bin",
      "data/b.json",
    ]);
    assert.deepEqual(paths.filter(compileSelection({ files: ["odd[1].txt"] })), ["odd[1].txt"]);
  });
});

describe("isPlainName()", () => {
  it("tells an entry's name from a folder and from a pattern", () => {
    assert.deepEqual(["a/b.json", "a/", "a\\", "*.json", "a[1]", "a?"].map(isPlainName), [
      true,
      false,
      false,
      false,
      false,
      false,
    ]);
  });
});

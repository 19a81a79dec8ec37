import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defaultAttributes } from "./gitattributes.ts";
import { matchesPattern } from "./path-patterns.ts";
import { ignoredPaths, isBinary, lfsPaths, uploadMode, withLfsPaths } from "./upload-rules.ts";

describe("matchesPattern()", () => {
  const table: [pattern: string, path: string, fits: boolean][] = [
    ["*.bin", "a.bin", true],
    ["*.bin", "deep/er/a.bin", true],
    ["*.bin", "a.bin.txt", false],
    ["/a.bin", "a.bin", true],
    ["/a.bin", "b/a.bin", false],
    ["data/*", "data/a", true],
    ["data/*", "data/a/b", false],
    ["data/**", "data/a/b", true],
    ["**/x/*.txt", "a/b/x/1.txt", true],
    ["**/x/*.txt", "x/1.txt", true],
    ["a?c", "abc", true],
    ["a?c", "ac", false],
    ["[a-c]1", "b1", true],
    ["[!a-c]1", "b1", false],
    ["[]]", "]", true],
    ["[[:space:]]x", " x", true],
    ["\\*.txt", "a.txt", false],
    ["\\*.txt", "*.txt", true],
    ["*tfevents*", "runs/events.out.tfevents.1", true],
    ["a[", "a[", true],
  ];
  for (const [pattern, path, fits] of table) {
    it(`${pattern} ${fits ? "fits" : "does not fit"} ${path}`, () => assert.equal(matchesPattern(pattern, path), fits));
  }

  it("does not lose itself in stars", () => {
    assert.equal(matchesPattern(`${"*a".repeat(500)}b`, "a".repeat(2000)), false);
    assert.equal(matchesPattern(`${"**/a/".repeat(200)}b`, "a/".repeat(500) + "c"), false);
  });
});

describe("lfsPaths()", () => {
  it("lets the last line that speaks of LFS decide", () => {
    const test = lfsPaths(
      '# *.txt filter=lfs\n*.bin filter=lfs diff=lfs\n/small.bin -filter\n*.md text\n"a b" filter=lfs\n',
    );
    assert.deepEqual(["x.bin", "small.bin", "n/small.bin", "a.md", "a.txt", "a b"].map(test), [
      true,
      false,
      true,
      false,
      false,
      true,
    ]);
  });
});

describe("withLfsPaths()", () => {
  it("adds what is not there yet, so that git means that very file", () => {
    const before = defaultAttributes();
    assert.equal(withLfsPaths(before, ["a.safetensors"]), before);
    const paths = ["big file.dat", "n/we[ir]d*.dat", "#x", "!y"];
    const after = withLfsPaths(before, paths);
    const test = lfsPaths(after);
    assert.deepEqual(paths.map(test), [true, true, true, true]);
    assert.deepEqual(["n/big file.dat", "n/weird1.dat"].map(test), [false, false]);
    assert.equal(withLfsPaths(after, paths), after);
  });
});

describe("ignoredPaths()", () => {
  it("knows folders, exceptions and the root", () => {
    const test = ignoredPaths("*.log\n!keep.log\nbuild/\n/only-root\n");
    assert.deepEqual(["a.log", "n/keep.log", "build/a/b", "build", "only-root", "n/only-root"].map(test), [
      true,
      false,
      true,
      false,
      true,
      false,
    ]);
  });
});

describe("uploadMode()", () => {
  const isLfs = lfsPaths(defaultAttributes());
  const text = Buffer.from("hello");
  it("goes by attributes, then size, then what the bytes look like", () => {
    assert.equal(uploadMode(isLfs, "a.bin", 5, text), "lfs");
    assert.equal(uploadMode(isLfs, "a.bin", 0, Buffer.alloc(0)), "regular");
    assert.equal(uploadMode(isLfs, "a.txt", 5, text), "regular");
    assert.equal(uploadMode(isLfs, "a.txt", 10 * 1024 * 1024 + 1, text), "lfs");
    assert.equal(uploadMode(isLfs, "a.png", 5, Buffer.from([0x89, 0x50])), "lfs");
  });

  it("does not take a sample that ends inside a character for binary", () => {
    assert.equal(isBinary(Buffer.from("aü").subarray(0, 2)), false);
    assert.equal(isBinary(Buffer.from([0x61, 0])), true);
    assert.equal(isBinary(Buffer.from([0xff, 0x61])), true);
  });
});

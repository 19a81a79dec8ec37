import assert from "node:assert/strict";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { createRepo } from "../core/repo.ts";
import { repoPaths, treePath } from "./paths.ts";
import type { RepoPaths } from "./paths.ts";
import { compareCodePoints, etagOf, formatTree, readTree, writeTree } from "./trees.ts";
import type { CachedTreeEntry } from "./trees.ts";

const commit = "c".repeat(40);
const blobId = "b".repeat(40);
const sha256 = "5".repeat(64);
const xetHash = "e".repeat(64);

let cache = "";
let paths: RepoPaths;
beforeEach(() => {
  cache = fs.mkdtempSync(join(tmpdir(), "latchkey-trees-"));
  paths = repoPaths(cache, createRepo("acme/tiny"));
});
afterEach(() => {
  fs.rmSync(cache, { recursive: true, force: true });
});

const plain: CachedTreeEntry = { size: 3, blobId };
const large: CachedTreeEntry = { size: 9, blobId, lfs: { sha256, size: 9 }, xetHash };

const put = (text: string): void => {
  fs.mkdirSync(dirname(treePath(paths, commit)), { recursive: true });
  fs.writeFileSync(treePath(paths, commit), text);
};

describe("formatTree()", () => {
  it("is Python's json.dump(indent=1), byte for byte", () => {
    const tree = new Map([
      ["model.bin", large],
      ["1", plain],
      ["lfs", { size: 9, blobId, lfs: { sha256, size: 9 } }],
    ]);
    assert.equal(
      formatTree(tree),
      `{
 "format_version": 1,
 "files": {
  "1": {
   "size": 3,
   "blob_id": "${blobId}"
  },
  "lfs": {
   "size": 9,
   "blob_id": "${blobId}",
   "lfs_sha256": "${sha256}",
   "lfs_size": 9
  },
  "model.bin": {
   "size": 9,
   "blob_id": "${blobId}",
   "lfs_sha256": "${sha256}",
   "lfs_size": 9,
   "xet_hash": "${xetHash}"
  }
 }
}`,
    );
    assert.equal(formatTree(new Map()), '{\n "format_version": 1,\n "files": {}\n}');
  });

  it("escapes all but printable ASCII and orders by code point", () => {
    const names = ["\ue000", "😀", "ä", "b", "2", "10", "\u007f", 'q"\\\n', "__proto__"];
    const text = formatTree(new Map(names.map((name) => [name, plain])));
    const keys = [...text.matchAll(/^ {2}(".*"): \{$/gm)].map((match) => match[1]);
    assert.deepEqual(keys, [
      '"10"',
      '"2"',
      '"__proto__"',
      '"b"',
      '"q\\"\\\\\\n"',
      '"\\u007f"',
      '"\\u00e4"',
      '"\\ue000"',
      '"\\ud83d\\ude00"',
    ]);
    assert.deepEqual(Object.keys(JSON.parse(text).files).toSorted(), names.toSorted());
  });
});

describe("compareCodePoints()", () => {
  it("orders as Python orders strings", () => {
    const sorted = ["", "a", "a\0", "aa", "b", "\ud7ff", "\ue000", "\uffff", "\u{10000}", "\u{10ffff}"];
    assert.deepEqual(sorted.toReversed().toSorted(compareCodePoints), sorted);
  });
});

describe("writeTree() and readTree()", () => {
  it("give back what they were given, and leave only the file", () => {
    const tree = new Map([
      ["a/b", plain],
      ["__proto__", large],
      ["日本", large],
    ]);
    assert.equal(writeTree(paths, commit, tree), true);
    assert.deepEqual(new Map(readTree(paths, commit)), tree);
    assert.deepEqual(fs.readdirSync(dirname(treePath(paths, commit))), [`${commit}.json`]);
  });

  it("use the umask's mode, so that others of a shared cache can read", { skip: process.platform === "win32" }, () => {
    const umask = process.umask(0o027);
    try {
      writeTree(paths, commit, new Map());
    } finally {
      process.umask(umask);
    }
    assert.equal(fs.statSync(treePath(paths, commit)).mode & 0o777, 0o640);
  });

  it("keep nothing that is masked, unsafe or impossible", () => {
    for (const [path, entry] of [
      ["f", { ...large, xetHash: "*".repeat(64) }],
      ["f", { ...large, lfs: { sha256: "*".repeat(64), size: 9 } }],
      ["f", { ...plain, blobId: "*".repeat(40) }],
      ["f", { ...plain, size: -1 }],
      ["../f", plain],
      ["/f", plain],
    ] as const) {
      assert.equal(
        writeTree(
          paths,
          commit,
          new Map([
            ["ok", plain],
            [path, entry],
          ]),
        ),
        false,
      );
    }
    assert.deepEqual(fs.readdirSync(cache), []);
  });

  it("trust no file that is broken, of another version, masked or unsafe", () => {
    assert.equal(readTree(paths, commit), undefined);
    const file = (files: unknown, version: unknown = 1): string => JSON.stringify({ format_version: version, files });
    const raw = { size: 3, blob_id: blobId };
    for (const text of [
      "",
      "{",
      "null",
      "[]",
      file({ f: raw }, 2),
      file({ f: raw }, "1"),
      file(null),
      file([]),
      file({ f: null }),
      file({ f: { ...raw, size: "3" } }),
      file({ f: { ...raw, size: 1.5 } }),
      file({ f: { ...raw, blob_id: "x" } }),
      file({ f: { ...raw, xet_hash: "***" } }),
      file({ f: { ...raw, xet_hash: 1 } }),
      file({ f: { ...raw, lfs_sha256: sha256 } }),
      file({ f: { ...raw, lfs_sha256: "*".repeat(64), lfs_size: 3 } }),
      file({ ok: raw, "../f": raw }),
    ]) {
      put(text);
      assert.equal(readTree(paths, commit), undefined, text);
    }
    put(file({ f: { ...raw, lfs_sha256: null, xet_hash: null } }));
    assert.deepEqual(readTree(paths, commit)?.get("f"), plain);
  });

  it("refuse a hostile commit", () => {
    assert.throws(() => readTree(paths, "../../x"), { code: "ERR_HF_UNSAFE_NAME" });
    assert.throws(() => writeTree(paths, "../../x", new Map()), { code: "ERR_HF_UNSAFE_NAME" });
  });
});

describe("etagOf()", () => {
  it("is the sha256 of an LFS file, else git's hash, never the Xet hash", () => {
    assert.equal(etagOf(large), sha256);
    assert.equal(etagOf(plain), blobId);
  });
});

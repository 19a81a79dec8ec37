import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { collectTree } from "./tree.ts";
import type { Listing } from "./tree.ts";

const SHA1 = "a".repeat(40);
const SHA256 = "b".repeat(64);

async function* pages(items: readonly unknown[]): AsyncIterable<unknown> {
  yield* items;
}

const collect = (...items: unknown[]): Promise<Listing> => collectTree(pages(items));
const file = (path: string, more: object = {}): object => ({ type: "file", path, oid: SHA1, size: 3, ...more });

describe("collectTree()", () => {
  it("names the blob of a plain file by git's hash and that of an LFS file by sha256", async () => {
    const lfs = { oid: SHA256, size: 1000, pointerSize: 134 };
    const { entries, masked } = await collect(
      { type: "directory", path: "data", oid: SHA1, size: 0 },
      file("README.md"),
      file("data/model.bin", { size: 1000, lfs, xetHash: "c".repeat(64) }),
    );
    assert.equal(masked, false);
    assert.deepEqual(entries, [
      { path: "README.md", size: 3, blobId: SHA1, lfs: false, etag: SHA1, xetHash: undefined },
      { path: "data/model.bin", size: 1000, blobId: SHA1, lfs: true, etag: SHA256, xetHash: "c".repeat(64) },
    ]);
  });

  it("understands hashes that the Hub hides from a caller without access", async () => {
    const lfs = { oid: "*".repeat(64), size: 9, pointerSize: 134 };
    const { entries, masked } = await collect(file("model.bin", { size: 9, lfs, xetHash: "*".repeat(64) }));
    assert.equal(masked, true);
    assert.equal(entries[0]?.etag, undefined);
    assert.equal(entries[0]?.size, 9);
  });

  for (const path of [
    "../x",
    "a/../../x",
    "/etc/x",
    "C:\\x",
    "\\\\host\\share",
    "a/..\\..\\x",
    "",
    "a//b",
    ".",
    "a\0b",
  ]) {
    it(`refuses the name ${JSON.stringify(path)}, also of a folder`, async () => {
      for (const type of ["file", "directory"]) {
        await assert.rejects(collect(file("fine"), file(path, { type })), { code: "ERR_HF_UNSAFE_NAME" });
      }
    });
  }

  it("refuses a name that is there twice, and one that is a file and a folder", async () => {
    await assert.rejects(collect(file("a"), file("a")), { code: "ERR_HF_UNSAFE_NAME", message: /'a'/ });
    await assert.rejects(collect(file("a/b/c"), file("a")), { code: "ERR_HF_UNSAFE_NAME" });
    await assert.rejects(collect(file("x/y"), file("x/y/z/w")), { code: "ERR_HF_UNSAFE_NAME" });
    assert.equal((await collect(file("a/b"), file("a.b"), file("a/c/d"))).entries.length, 3);
  });

  it("refuses hashes that would be another path than a blob's", async () => {
    for (const oid of ["../../x", SHA256, "", 5, undefined, SHA1.toUpperCase()]) {
      await assert.rejects(collect(file("a", { oid })), { code: "ERR_HF_UNSAFE_NAME" });
    }
    for (const oid of ["../../x", SHA1, "", 5]) {
      await assert.rejects(collect(file("a", { lfs: { oid, size: 1 } })), { code: "ERR_HF_UNSAFE_NAME" });
    }
  });

  it("refuses what is no listing", async () => {
    for (const item of [null, "x", {}, { type: "file" }, file("a", { size: -1 }), file("a", { size: 1.5 })]) {
      await assert.rejects(collect(item), { code: "ERR_HF_BAD_ANSWER" });
    }
  });

  it("takes no listing without an end, of whatever it is made", async () => {
    const limits = { files: 3, folders: 4, characters: 40 };
    const take = (item: (at: number) => unknown): Promise<Listing> => {
      async function* endless(): AsyncIterable<unknown> {
        for (let at = 0; ; at++) yield item(at);
      }
      return collectTree(endless(), limits);
    };
    const refused = (message: RegExp) => ({ code: "ERR_HF_BAD_ANSWER", message });
    await assert.rejects(
      take((at) => file(`f${at}`)),
      refused(/more than 3 files/),
    );
    await assert.rejects(
      take((at) => file(`${at}/a/b/c`)),
      refused(/more than 4 folders/),
    );
    await assert.rejects(
      take((at) => file(`${at}${"x".repeat(25)}`)),
      refused(/more than 40 characters/),
    );
    await assert.rejects(
      take((at) => ({ type: "directory", path: `d${at}` })),
      refused(/it has no end/),
    );
    const whole = collectTree(pages([file("a/b/c/d/e"), file("f".repeat(30)), file("g")]), limits);
    assert.equal((await whole).entries.length, 3);
  });
});

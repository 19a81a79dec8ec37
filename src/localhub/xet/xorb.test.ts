import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, it } from "node:test";
import { groupBytes, lz4Frame, ungroupBytes, unframeLz4 } from "./lz4.ts";
import { bestScheme, decodeChunk, encodeChunk, parseXorb } from "./xorb.ts";
import { chunkHash, treeRoot } from "./hashes.ts";

const text = Buffer.from("all work and no play makes a dull chunk; ".repeat(3000));
/** Numbers of four bytes that differ in the first alone. */
const numbers = Buffer.from(
  Float32Array.from({ length: 30_000 }, (_, index) => Math.fround(1 + ((index * 7919) % 1000) / 1e4)).buffer,
);

describe("lz4", () => {
  it("gives back what it was given, of every length and kind", () => {
    const samples = [text, numbers, Buffer.alloc(131_072), randomBytes(100_000)];
    for (let size = 0; size < 40; size++) samples.push(text.subarray(0, size), Buffer.alloc(size, 7));
    for (const sample of samples) assert.deepEqual(unframeLz4(lz4Frame(sample), sample.length), Buffer.from(sample));
  });

  it("has the header that every reader of frames checks", () => {
    assert.equal(lz4Frame(text).subarray(0, 7).toString("hex"), "04224d18604082");
    assert.ok(lz4Frame(text).length < text.length / 20);
  });

  it("refuses another length, a cut frame, and a match before the beginning", () => {
    const frame = lz4Frame(text);
    assert.equal(unframeLz4(frame, text.length + 1), undefined);
    assert.equal(unframeLz4(frame, text.length - 1), undefined);
    for (const cut of [0, 3, 7, 10, frame.length - 4])
      assert.equal(unframeLz4(frame.subarray(0, cut), text.length), undefined);
    // One literal, then a match two bytes back.
    const head = frame.subarray(0, 7);
    const block = Buffer.from([0x10, 0x41, 0x02, 0x00, 0x50, 1, 2, 3, 4, 5]);
    const size = Buffer.from([block.length, 0, 0, 0]);
    assert.equal(unframeLz4(Buffer.concat([head, size, block, Buffer.alloc(4)]), 10), undefined);
  });

  it("reads blocks that refer to the one before", () => {
    // 0x40: blocks are linked. The second block is one match over the first.
    const head = Buffer.from("04224d184040c0", "hex");
    const first = Buffer.from([0x80, ...Buffer.from("abcdefgh")]);
    const second = Buffer.from([0x04, 0x08, 0x00, 0x50, ...Buffer.from("ABCDE")]);
    const sized = (block: Buffer): Buffer => Buffer.concat([Buffer.from([block.length, 0, 0, 0]), block]);
    const frame = Buffer.concat([head, sized(first), sized(second), Buffer.alloc(4)]);
    assert.equal(unframeLz4(frame, 21)?.toString(), "abcdefghabcdefghABCDE");
    frame[4] = 0x60;
    assert.equal(unframeLz4(frame, 21), undefined);
  });

  it("takes numbers of four bytes apart and puts them together", () => {
    assert.deepEqual([...groupBytes(Buffer.from([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]))], [0, 4, 8, 1, 5, 9, 2, 6, 3, 7]);
    for (let size = 0; size < 20; size++) {
      const sample = randomBytes(size);
      assert.deepEqual(ungroupBytes(groupBytes(sample)), sample);
    }
  });
});

describe("xorbs", () => {
  it("keep each content by the scheme that suits it", () => {
    assert.equal(bestScheme(text), "lz4");
    assert.equal(bestScheme(numbers), "grouped-lz4");
    assert.equal(bestScheme(randomBytes(50_000)), "none");
    for (const sample of [text, numbers, randomBytes(50_000)]) {
      for (const scheme of ["none", "lz4", "grouped-lz4"] as const) {
        assert.deepEqual(decodeChunk(encodeChunk(sample, scheme)), sample);
      }
    }
  });

  it("are read to their footer and named by what is in them", () => {
    const contents = [text.subarray(0, 9000), numbers.subarray(0, 12_000)];
    const serialized = Buffer.concat(contents.map((one) => encodeChunk(one, "lz4")));
    const nodes = contents.map((one) => ({ hash: chunkHash(one), size: one.length }));
    const parsed = parseXorb(Buffer.concat([serialized, Buffer.from("XETBLOB\x01and more")]));
    assert.ok(typeof parsed !== "string", String(parsed));
    assert.equal(parsed.hash, treeRoot(nodes));
    assert.deepEqual(
      parsed.chunks.map(({ hash, size }) => ({ hash, size })),
      nodes,
    );
    assert.equal(parsed.chunks.at(-1)?.end, serialized.length);
  });

  it("are refused when damaged", () => {
    const good = encodeChunk(text.subarray(0, 9000), "lz4");
    assert.match(String(parseXorb(Buffer.alloc(0))), /no chunks/);
    assert.match(String(parseXorb(good.subarray(0, good.length - 1))), /header/);
    const wrongScheme = Buffer.from(good);
    wrongScheme[4] = 9;
    assert.match(String(parseXorb(wrongScheme)), /header/);
    const wrongSize = Buffer.from(good);
    wrongSize.writeUIntLE(9001, 5, 3);
    assert.match(String(parseXorb(wrongSize)), /decoded/);
  });
});

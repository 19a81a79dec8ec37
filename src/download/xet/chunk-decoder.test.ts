import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isHfError } from "../../core/errors.ts";
import { encodeChunk } from "../../localhub/xet/xorb.ts";
import type { Scheme } from "../../localhub/xet/xorb.ts";
import { createChunkDecoder } from "./chunk-decoder.ts";
import { createKernel, MOST_CONTENT, MOST_PAYLOAD } from "./kernel.ts";

const SCHEMES: readonly Scheme[] = ["none", "lz4", "grouped-lz4"];
const kernel = createKernel();

/** Bytes of a kind that compresses: short words, far repeats, and some noise between. */
function sample(size: number, seed: number): Buffer {
  const bytes = Buffer.alloc(size);
  let x = seed * 2654435761 + 1;
  for (let at = 0; at < size; at++) {
    x = (Math.imul(x, 1664525) + 1013904223) | 0;
    bytes[at] = at > 700 && x >>> 28 < 13 ? (bytes[at - 1 - (seed % 600)] ?? 0) : x >>> 24;
  }
  return bytes;
}

/** Feeds `bytes` in pieces; what came out, and where each run of it began. */
function decode(bytes: Uint8Array, count: number, piece = bytes.length, breaks: readonly number[] = []) {
  const parts: Buffer[] = [];
  const starts: number[] = [];
  const decoder = createChunkDecoder({
    kernel,
    chunks: { start: 5, end: 5 + count },
    breaks: new Set(breaks),
    onContent: (content, first) => {
      parts.push(Buffer.from(content));
      starts.push(first);
    },
  });
  for (let at = 0; at < bytes.length; at += Math.max(piece, 1)) decoder.feed(bytes.subarray(at, at + piece));
  decoder.finish();
  return { content: Buffer.concat(parts), starts, parts };
}

const integrity = (error: unknown): boolean => isHfError(error) && error.code === "ERR_HF_INTEGRITY";

/** A header of 8 bytes. */
function header(length: number, scheme: number, size: number, version = 0): Buffer {
  const bytes = Buffer.alloc(8);
  bytes[0] = version;
  bytes.writeUIntLE(length, 1, 3);
  bytes[4] = scheme;
  bytes.writeUIntLE(size, 5, 3);
  return bytes;
}

describe("createChunkDecoder()", () => {
  it("gives the content of chunks of every scheme and length, in whatever pieces they come", () => {
    const contents = [1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 63, 64, 65, 66, 67, 130, 8191, 70_003, 131_072].map(sample);
    for (const scheme of SCHEMES) {
      const serialized = Buffer.concat(contents.map((content) => encodeChunk(content, scheme)));
      for (const piece of [1, 7, 8, 4096, serialized.length]) {
        assert.deepEqual(decode(serialized, contents.length, piece).content, Buffer.concat(contents));
      }
    }
  });

  it("repeats near matches of every distance as LZ4 means them", () => {
    for (let distance = 1; distance < 40; distance++) {
      const content = Buffer.from(Array.from({ length: 5000 }, (_, at) => (at % distance) * 7 + distance));
      const serialized = encodeChunk(content, "lz4");
      assert.ok(serialized.length < content.length / 2, String(distance));
      assert.deepEqual(decode(serialized, 1).content, content);
    }
  });

  it("reads frames whose blocks refer back, with the checksums that others put in", () => {
    const first = Buffer.from([0x80, ...Buffer.from("abcdefgh")]);
    const second = Buffer.from([0x04, 0x08, 0x00, 0x50, ...Buffer.from("ABCDE")]);
    const frame = (flags: number, extra: Buffer, sum: Buffer, contentSum: Buffer): Buffer => {
      const sized = (block: Buffer): Buffer => Buffer.concat([Buffer.from([block.length, 0, 0, 0]), block, sum]);
      const head = Buffer.concat([Buffer.from("04224d18", "hex"), Buffer.from([flags, 0x40]), extra, Buffer.from([0])]);
      return Buffer.concat([head, sized(first), sized(second), Buffer.alloc(4), contentSum]);
    };
    const none = Buffer.alloc(0);
    for (const [flags, extra, sum, contentSum] of [
      [0x40, none, none, none],
      [0x48, Buffer.alloc(8), none, none],
      [0x50, none, Buffer.alloc(4), none],
      [0x44, none, none, Buffer.alloc(4)],
    ] as const) {
      const bytes = frame(flags, extra, sum, contentSum);
      const serialized = Buffer.concat([header(bytes.length, 1, 21), bytes]);
      assert.equal(decode(serialized, 1).content.toString(), "abcdefghabcdefghABCDE");
      // The same with blocks that stand alone: the match would reach into another.
      serialized[8 + 4] = flags | 0x20;
      assert.throws(() => decode(serialized, 1), integrity);
    }
  });

  it("hands out what it gathered before a break, and before its memory is full", () => {
    const contents = Array.from({ length: 20 }, (_, index) => sample(100_000, index));
    const serialized = Buffer.concat(contents.map((content) => encodeChunk(content, "lz4")));
    const { content, starts } = decode(serialized, 20, 65_536, [7, 8, 25]);
    assert.deepEqual(content, Buffer.concat(contents));
    assert.deepEqual(starts, [5, 7, 8, 19]);
  });

  it("refuses what is no chunk", () => {
    const good = encodeChunk(sample(9000, 1), "lz4");
    const cases: Record<string, [Buffer, number]> = {
      "another version": [Buffer.concat([header(1, 0, 1, 1), Buffer.from("a")]), 1],
      "an unknown scheme": [Buffer.concat([header(1, 3, 1), Buffer.from("a")]), 1],
      "nothing in it": [header(0, 0, 0), 1],
      "two lengths": [Buffer.concat([header(2, 0, 3), Buffer.from("abc")]), 1],
      "a bomb": [Buffer.concat([header(30, 1, MOST_CONTENT + 1), Buffer.alloc(30)]), 1],
      "too long": [Buffer.concat([header(MOST_PAYLOAD + 1, 1, 9), Buffer.alloc(30)]), 1],
      "too large as it is": [
        Buffer.concat([header(MOST_CONTENT + 1, 0, MOST_CONTENT + 1), Buffer.alloc(MOST_CONTENT + 1)]),
        1,
      ],
      "no LZ4": [Buffer.concat([header(30, 1, 30), Buffer.alloc(30)]), 1],
      "an end within a header": [Buffer.concat([good, good.subarray(0, 5)]), 2],
      "an end within a chunk": [good.subarray(0, 800), 1],
      "an end before the last": [good, 2],
      "more than were asked for": [Buffer.concat([good, good]), 1],
      "one byte more": [Buffer.concat([good, Buffer.from([0])]), 1],
    };
    for (const [name, [bytes, count]] of Object.entries(cases)) {
      assert.throws(() => decode(bytes, count, 100), integrity, name);
    }
  });

  it("goes on with good chunks after bad ones: nothing of them stays", () => {
    const bad = Buffer.concat([header(30, 1, 30), Buffer.alloc(30, 9)]);
    assert.throws(() => decode(bad, 1), integrity);
    const content = sample(20_000, 4);
    assert.deepEqual(decode(encodeChunk(content, "grouped-lz4"), 1).content, content);
  });
});

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import { bufferContent } from "../content.ts";
import { keyedBlake3 } from "./blake3.ts";
import { chunksOf } from "./chunker.ts";
import type { Node } from "./hashes.ts";
import { chunkHash, EMPTY_HASH, fileHash, hashBytes, printHash, treeRoot, verificationHash } from "./hashes.ts";

/** Bytes that any program can make again: the upper bytes of a linear congruential generator. */
export function lcgBytes(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  let x = 1n;
  for (let at = 0; at < size; at++) {
    x = (x * 6364136223846793005n + 1442695040888963407n) & 0xffff_ffff_ffff_ffffn;
    bytes[at] = Number(x >> 56n);
  }
  return bytes;
}

async function nodesOf(bytes: Buffer): Promise<Node[]> {
  const nodes: Node[] = [];
  for await (const chunk of chunksOf(bufferContent(bytes))) nodes.push({ hash: chunkHash(chunk), size: chunk.length });
  return nodes;
}

/** What the Rust engine of the Hub's own client (hf_xet 1.6.0) computes for these inputs. */
const VECTORS = [
  {
    name: "one short chunk",
    bytes: Buffer.from("Hello, world!\n"),
    chunks: [14],
    first: "8eef889b758224241c608ba59c68247f98b1531b04047f2a6f078e5a122a54ce",
    root: "8eef889b758224241c608ba59c68247f98b1531b04047f2a6f078e5a122a54ce",
    file: "982c5e56431b00fc9fafe9409492f0e12bf84edbeb2ee17868f32d54c78ff583",
  },
  {
    name: "1 MiB of zeros",
    bytes: Buffer.alloc(1024 * 1024),
    chunks: Array.from({ length: 8 }, () => 131_072),
    first: "2e39f13c248013b27e22913ba2893a654120ed0ad8eb7ecbf3f05b9d708634fc",
    root: "8c15d5bfe292d5f8f3b992149581636a5c4078ce9c4349d43f1a762ba0609839",
    file: "1e671fe124cea35586b1d1c30b9d4fc6b4e05ee60c93406986444f7c23d54056",
  },
  {
    name: "1 MiB of noise",
    bytes: lcgBytes(1024 * 1024),
    chunks: [64_662, 131_072, 23_091],
    first: "d268e73ccad507db1e32904cbbb76cf651682582a09bb5a2a494e6b5fec61ca8",
    root: "df222b10719b3780e02fc489c65c01a0c408130ecceb0b28d0bab645b8d598dd",
    file: "46cc8e67a6c0ced4008d75931263aca51a291132458d226958c1b0715b12f465",
  },
] as const;

describe("Xet hashes", () => {
  for (const vector of VECTORS) {
    it(`are those of the Hub's own client: ${vector.name}`, async () => {
      const nodes = await nodesOf(vector.bytes);
      assert.deepEqual(nodes.map(({ size }) => size).slice(0, vector.chunks.length), vector.chunks);
      assert.equal(nodes[0]?.hash, vector.first);
      assert.equal(treeRoot(nodes), vector.root);
      assert.equal(fileHash(nodes), vector.file);
    });
  }

  it("are those of the Hub's own client for a tree of several levels, however the content arrives", async () => {
    const bytes = lcgBytes(10_000_000);
    assert.match(createHash("sha256").update(bytes).digest("hex"), /^bcc3e213/);
    const nodes = await nodesOf(bytes);
    assert.equal(nodes.length, 136);
    assert.equal(treeRoot(nodes), "ac1913e680527f06af8eac0224da8acf7bf159bcb0f26dfadc93a0af0661bd86");
    assert.equal(fileHash(nodes), "cf4732cd9b9235cf1f4a1f955d3d9c297d081fb43a5684d1357c6dee2eda4448");
    const pieces = {
      size: bytes.length,
      async *read() {
        for (let at = 0; at < bytes.length; at += 7919) yield bytes.subarray(at, at + 7919);
      },
    };
    const sizes: number[] = [];
    for await (const chunk of chunksOf(pieces)) sizes.push(chunk.length);
    assert.deepEqual(
      sizes,
      nodes.map(({ size }) => size),
    );
  });

  it("verifies a segment by the hashes of its chunks", async () => {
    assert.equal(
      verificationHash(await nodesOf(lcgBytes(1024 * 1024))),
      "da8246c26ba7efc9f274578eb7241f1631a3ee3d55c6c639590afdadb81aeae9",
    );
  });

  it("prints each group of eight bytes turned round, and reads it back", () => {
    const bytes = Buffer.from(Array.from({ length: 32 }, (_, index) => index));
    const text = "07060504030201000f0e0d0c0b0a090817161514131211101f1e1d1c1b1a1918";
    assert.equal(printHash(bytes), text);
    assert.deepEqual(hashBytes(text), bytes);
  });

  it("names no content by zeros", () => {
    assert.equal(treeRoot([]), EMPTY_HASH);
    assert.equal(fileHash([]), EMPTY_HASH);
  });

  it("computes keyed BLAKE3 as the published vectors have it", () => {
    const key = Buffer.from("whats the Elvish word for friend");
    const input = (size: number): Buffer => Buffer.from(Array.from({ length: size }, (_, index) => index % 251));
    const published: [number, string][] = [
      [0, "92b2b75604ed3c761f9d6f62392c8a9227ad0ea3f09573e783f1498a4ed60d26"],
      [1, "6d7878dfff2f485635d39013278ae14f1454b8c0a3a2d34bc1ab38228a80c95b"],
      [1024, "75c46f6f3d9eb4f55ecaaee480db732e6c2105546f1e675003687c31719c7ba4"],
    ];
    for (const [size, expected] of published) assert.equal(keyedBlake3(key, input(size)).toString("hex"), expected);
  });
});

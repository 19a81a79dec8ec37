import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Content } from "./content.ts";
import { bytesOf, generatedContent } from "./content.ts";
import { parseRange } from "./serve-content.ts";

const MIB = 1024 * 1024;

async function part(content: Content, start: number, end: number): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const chunk of content.read(start, end)) parts.push(chunk);
  return Buffer.concat(parts);
}

describe("generatedContent()", () => {
  it("gives the same bytes from any offset, and others for another seed", async () => {
    const content = generatedContent(3 * MIB + 5, 7);
    const whole = await bytesOf(content);
    assert.equal(whole.length, 3 * MIB + 5);
    for (const [start, end] of [
      [0, 3],
      [10, 40],
      [MIB - 1, MIB + 20],
      [2 * MIB + 8, 3 * MIB + 5],
      [5, 5],
    ] as const) {
      assert.deepEqual(await part(content, start, end), whole.subarray(start, end), `${start}-${end}`);
    }
    assert.notDeepEqual(await part(generatedContent(MIB, 8), 0, 64), whole.subarray(0, 64));
    assert.notDeepEqual(whole.subarray(0, MIB), whole.subarray(MIB, 2 * MIB));
  });

  it("makes very small and empty content", async () => {
    assert.equal((await bytesOf(generatedContent(3, 1))).length, 3);
    assert.equal((await bytesOf(generatedContent(0, 1))).length, 0);
  });
});

describe("parseRange()", () => {
  it("reads single ranges and leaves the rest whole", () => {
    assert.deepEqual(parseRange("bytes=0-0", 10), { start: 0, end: 1 });
    assert.deepEqual(parseRange("bytes=4-", 10), { start: 4, end: 10 });
    assert.deepEqual(parseRange("bytes=4-99", 10), { start: 4, end: 10 });
    assert.deepEqual(parseRange("bytes=-3", 10), { start: 7, end: 10 });
    assert.deepEqual(parseRange("bytes=-30", 10), { start: 0, end: 10 });
    assert.equal(parseRange("bytes=10-", 10), "beyond");
    assert.equal(parseRange("bytes=-0", 10), "beyond");
    assert.equal(parseRange("bytes=0-", 0), "beyond");
    for (const odd of [undefined, "bytes=5-4", "bytes=0-1,3-4", "bytes=-", "lines=1-2"]) {
      assert.equal(parseRange(odd, 10), "whole");
    }
  });
});

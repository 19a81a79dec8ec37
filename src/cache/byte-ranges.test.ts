import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createByteRanges, holesIn } from "./byte-ranges.ts";

describe("createByteRanges()", () => {
  it("follows what is complete from the beginning, in whatever order the parts come", () => {
    const ranges = createByteRanges();
    ranges.add(30, 40);
    ranges.add(10, 20);
    assert.equal(ranges.at, 0);
    ranges.add(0, 10);
    assert.equal(ranges.at, 20);
    ranges.add(20, 30);
    assert.equal(ranges.at, 40);
    ranges.add(40, 41);
    assert.equal(ranges.at, 41);
    assert.deepEqual(ranges.list, [[0, 41]]);
  });

  it("joins what touches or overlaps, and counts no byte twice", () => {
    const ranges = createByteRanges([
      [0, 5],
      [20, 30],
    ]);
    ranges.add(10, 12);
    ranges.add(7, 7);
    assert.deepEqual(ranges.list, [
      [0, 5],
      [10, 12],
      [20, 30],
    ]);
    assert.equal(ranges.bytes, 17);
    ranges.add(4, 22);
    assert.deepEqual([ranges.list, ranges.bytes, ranges.at], [[[0, 30]], 30, 30]);
  });

  it("says the same as a list of single bytes, for a thousand parts at random", () => {
    const there = new Set<number>();
    const ranges = createByteRanges();
    for (let turn = 0; turn < 1000; turn++) {
      const start = Math.floor(Math.random() * 3000);
      const end = start + Math.floor(Math.random() * 12);
      ranges.add(start, end);
      for (let at = start; at < end; at++) there.add(at);
      assert.equal(ranges.bytes, there.size);
    }
    const said = ranges.list.flatMap(([start, end]) => Array.from({ length: end - start }, (_, at) => start + at));
    assert.deepEqual(
      said,
      [...there].toSorted((a, b) => a - b),
    );
    const missing = holesIn(ranges.list, 4000).reduce((sum, [start, end]) => sum + end - start, 0);
    assert.equal(missing, 4000 - there.size);
  });
});

describe("holesIn()", () => {
  it("says what is missing, before, between and after", () => {
    assert.deepEqual(holesIn([], 10), [[0, 10]]);
    assert.deepEqual(holesIn([[0, 10]], 10), []);
    assert.deepEqual(holesIn([], 0), []);
    assert.deepEqual(
      holesIn(
        [
          [2, 4],
          [6, 10],
        ],
        12,
      ),
      [
        [0, 2],
        [4, 6],
        [10, 12],
      ],
    );
  });
});

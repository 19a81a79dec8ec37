import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createThroughput } from "./throughput.ts";
import type { Throughput } from "./throughput.ts";

const MB = 1_000_000;
const FAR = 10_000 * MB;

/** A line with so many connections as are wanted, each of which begins at once. */
function line(bytesPerSecond: (connections: number) => number, isBound?: (rate: number) => boolean) {
  let ms = 0;
  let left = FAR;
  const watch = createThroughput(() => ms, isBound);
  const asked: number[] = [];
  return {
    watch,
    asked,
    /** Lets seconds go by. @param most connections that can be had */
    run(seconds: number, most = Infinity, ends = left): Throughput {
      left = ends;
      for (let step = 0; step < seconds * 20; step++) {
        const delivering = Math.min(watch.wanted, most);
        const bytes = bytesPerSecond(delivering) / 20;
        ms += 50;
        left -= bytes;
        watch.received(bytes, () => ({ delivering, left }));
        if (asked.at(-1) !== watch.wanted) asked.push(watch.wanted);
      }
      return watch;
    },
  };
}

describe("createThroughput()", () => {
  it("doubles the connections as long as each brings its own share", () => {
    const { run, asked } = line((connections) => connections * 5 * MB);
    assert.equal(Math.round(run(6, 8).rate / MB), 40);
    assert.deepEqual(asked.slice(0, 4), [1, 2, 4, 8]);
  });

  it("gives back what brings nothing, and tries again later and later", () => {
    const { run, asked, watch } = line(() => 50 * MB);
    run(5);
    assert.deepEqual([asked, watch.wanted], [[1, 2, 1], 1]);
    run(10);
    assert.deepEqual(asked, [1, 2, 1], "no other try within 15 s");
    run(10);
    assert.deepEqual(asked, [1, 2, 1, 2, 1]);
    run(20);
    assert.deepEqual(asked, [1, 2, 1, 2, 1], "no other try within 30 s");
  });

  it("stays where the line is full", () => {
    const { run, asked, watch } = line((connections) => Math.min(connections * 10, 42) * MB);
    run(12);
    assert.deepEqual([asked, watch.wanted], [[1, 2, 4, 8, 4], 4]);
  });

  it("leaves a file alone that is soon there, one that comes as fast as the machine goes, and one held to a rate", () => {
    const fast = line((connections) => connections * 250 * MB);
    fast.run(10);
    assert.deepEqual(fast.asked, [1]);
    const soon = line((connections) => connections * 100 * MB);
    soon.run(1.5, 8, 200 * MB);
    assert.deepEqual(soon.asked, [1]);
    const bound = line(
      (connections) => connections * 5 * MB,
      (rate) => rate > 4 * MB,
    );
    bound.run(20);
    assert.deepEqual(bound.asked, [1]);
  });

  it("wants no more than there are after one was refused, for a while, and never more than one without ranges", () => {
    const { run, asked, watch } = line((connections) => connections * 5 * MB);
    run(2, 8);
    assert.equal(watch.wanted, 4);
    watch.refused(3);
    run(10, 8);
    assert.equal(watch.wanted, 3);
    run(20, 8);
    assert.ok(watch.wanted > 3);
    watch.never();
    asked.length = 0;
    run(100);
    assert.deepEqual(asked, [1]);
  });

  it("wants what there is where no more are to be had", () => {
    const { run, watch } = line((connections) => connections * 5 * MB);
    run(30, 3);
    assert.ok(watch.wanted >= 3, String(watch.wanted));
    assert.equal(Math.round(watch.rate / MB), 15);
  });
});

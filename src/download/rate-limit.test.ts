import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Clock } from "../core/ports.ts";
import { createRateLimit } from "./rate-limit.ts";

/** Time that passes only while somebody sleeps, and as the test says. */
function clockAt(start: number): Clock & { at: number; readonly slept: number[] } {
  const clock = {
    at: start,
    slept: [] as number[],
    now: () => clock.at,
    sleep: async (ms: number) => {
      clock.slept.push(ms);
    },
  };
  return clock;
}

describe("createRateLimit()", () => {
  const { signal } = new AbortController();

  it("lets all takers together have the rate, in the order in which they came", async () => {
    const clock = clockAt(5000);
    const limit = createRateLimit(1000, clock);
    await limit.take(500, signal);
    await limit.take(250, signal);
    assert.deepEqual(clock.slept, [500, 750]);
    clock.at += 600;
    await limit.take(100, signal);
    assert.deepEqual(clock.slept.slice(2), [250]);
  });

  it("saves nothing up while nobody takes", async () => {
    const clock = clockAt(0);
    const limit = createRateLimit(1000, clock);
    clock.at = 60_000;
    await limit.take(2000, signal);
    assert.deepEqual(clock.slept, [2000]);
  });

  it("does not wait for less than a timer can tell", () => {
    const clock = clockAt(0);
    assert.equal(createRateLimit(1_000_000, clock).take(999, signal), undefined);
    assert.deepEqual(clock.slept, []);
  });
});

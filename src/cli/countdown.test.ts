import assert from "node:assert/strict";
import { describe, it, mock } from "node:test";
import { createCountdown } from "./countdown.ts";

describe("createCountdown()", () => {
  it("counts down on a terminal, the longest wait where there are several, and leaves nothing", () => {
    mock.timers.enable({ apis: ["setInterval", "Date"] });
    try {
      let written = "";
      const stream = { write: (text: string) => ((written += text), true), columns: 60 };
      const fail = (message: string): void => assert.fail(message);
      const show = createCountdown({ stream, live: true, warn: fail, now: () => Date.now() });
      const last = (): string => written.slice(written.lastIndexOf("\u001b[2K") + 4);
      const first = show("The Hub is busy.", 3000);
      assert.equal(last(), "The Hub is busy. Trying again in 3 s");
      const second = show(`The Hub\u001b[31m limits you: ${"x".repeat(100)}`, 9500);
      assert.match(last(), /^The Hub\S* ?limits you: x+… Trying again in 10 s$/);
      assert.ok(last().length < 60, last());
      mock.timers.tick(2000);
      assert.match(last(), /Trying again in 8 s$/);
      second();
      assert.equal(last(), "The Hub is busy. Trying again in 1 s");
      first();
      assert.equal(last(), "");
      mock.timers.tick(5000);
      assert.equal(last(), "");
    } finally {
      mock.timers.reset();
    }
  });

  it("is one warning elsewhere", () => {
    const told: string[] = [];
    const stream = { write: (text: string) => assert.fail(text), columns: 80 };
    createCountdown({ stream, live: false, warn: (text) => void told.push(text), now: () => 0 })("Busy.", 2100)();
    assert.deepEqual(told, ["Busy. Trying again in 3 s."]);
  });

  it("says once what several wait for at the same time, and again what is longer, other, or later", () => {
    const told: string[] = [];
    const stream = { write: (text: string) => assert.fail(text), columns: 80 };
    const show = createCountdown({ stream, live: false, warn: (text) => void told.push(text), now: () => 0 });
    const ends = [show("Busy.", 9000), show("Busy.", 9900), show("Busy.", 8000)];
    assert.deepEqual(told.splice(0), ["Busy. Trying again in 9 s."]);
    ends.push(show("Busy.", 60_000), show("Slow.", 9000));
    assert.deepEqual(told.splice(0), ["Busy. Trying again in 60 s.", "Slow. Trying again in 9 s."]);
    ends.forEach((end) => end());
    show("Busy.", 3000);
    assert.deepEqual(told, ["Busy. Trying again in 3 s."]);
  });
});

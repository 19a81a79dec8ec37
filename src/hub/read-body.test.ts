import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readBody } from "./read-body.ts";
import type { OnBytes, OpenedBody } from "./transfer-types.ts";

const url = new URL("http://hub.example/x");

/** A body of chunks in one buffer that is used again, as the transfer path does; endless when `chunks` is Infinity. */
function body(chunks: number, pauseMs = 0): OpenedBody & { readonly cancelled: boolean } {
  const state = { cancelled: false };
  const buffer = new Uint8Array(4);
  return {
    get cancelled() {
      return state.cancelled;
    },
    status: 200,
    headers: { get: () => null },
    length: undefined,
    async receive(onBytes: OnBytes) {
      let count = 0;
      for (; count < chunks; count++) {
        if (state.cancelled) throw new Error("cancelled");
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
        await onBytes(buffer.fill(count));
      }
      return count * buffer.length;
    },
    cancel: () => void (state.cancelled = true),
  };
}

describe("readBody()", () => {
  it("keeps bytes of a buffer that is used again", async () => {
    const bytes = await readBody(body(3), url, { maxBytes: 12, totalMs: 60_000, longer: "refuse" });
    assert.deepEqual([...bytes], [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]);
  });

  it("refuses a longer body, or takes its beginning, and lets go of the rest", async () => {
    const long = body(Infinity);
    const refused = { code: "ERR_HF_BAD_ANSWER" };
    await assert.rejects(readBody(long, url, { maxBytes: 6, totalMs: 60_000, longer: "refuse" }), refused);
    assert.ok(long.cancelled);
    const cut = await readBody(body(Infinity), url, { maxBytes: 6, totalMs: 60_000, longer: "cut" });
    assert.deepEqual([...cut], [0, 0, 0, 0, 1, 1]);
  });

  it("ends a body that trickles for ever", async () => {
    const trickle = body(Infinity, 2);
    const limits = { maxBytes: 1_000_000, totalMs: 30, longer: "refuse" } as const;
    await assert.rejects(readBody(trickle, url, limits), { code: "ERR_HF_TIMEOUT" });
    assert.ok(trickle.cancelled);
  });

  it("ends a body that comes too slowly before its time is over", async () => {
    const slow = body(Infinity, 20);
    const limits = {
      maxBytes: 1_000_000,
      totalMs: 60_000,
      longer: "refuse",
      slowest: { bytes: 100, inMs: 100 },
    } as const;
    await assert.rejects(readBody(slow, url, limits), { code: "ERR_HF_TIMEOUT", message: /bytes in 0.1 s/ });
    assert.ok(slow.cancelled);
  });

  it("passes a failure of the connection on", async () => {
    const broken: OpenedBody = { ...body(0), receive: () => Promise.reject(new Error("cut")) };
    await assert.rejects(readBody(broken, url, { maxBytes: 1, totalMs: 60_000, longer: "cut" }), /cut/);
  });
});

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { closeSync, ftruncateSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { createHashers } from "../../cache/index.ts";
import type { ByteRange, Hashers } from "../../cache/index.ts";
import { isHfError, NetworkError } from "../../core/errors.ts";
import { encodeChunk } from "../../localhub/xet/xorb.ts";
import { quickClock } from "../../../test/support/scripted-server.ts";
import type { Cas } from "./cas.ts";
import { fetchXet } from "./fetch-xet.ts";
import type { XetPorts } from "./fetch-xet.ts";
import { createKernelPool } from "./kernel-pool.ts";
import type { XorbRange } from "./reconstruction.ts";

let folder: string;
let path: string;
let fd: number;
let hashers: Hashers;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "latchkey-xet-"));
  path = join(folder, "file");
  fd = openSync(path, "wx+");
  hashers = createHashers();
});
afterEach(() => {
  hashers.close();
  closeSync(fd);
  rmSync(folder, { recursive: true, force: true });
});

const chunks = Array.from({ length: 6 }, () => randomBytes(10_000));
const whole = Buffer.concat(chunks);
const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const url = new URL("http://127.0.0.1/");
const cut = (): NetworkError => new NetworkError("ERR_HF_NETWORK", "the connection was cut");

/** Chunks `start` to `end` of the file, whose chunks are those of one xorb. */
function range(start: number, end: number): XorbRange {
  const uses = [{ start, end, at: start * 10_000, size: (end - start) * 10_000 }];
  return {
    xorb: "a".repeat(64),
    url,
    first: 0,
    last: 1,
    chunks: { start, end },
    uses,
    window: { start: 0, end: 60_000 },
  };
}

const serialized = (start: number, end: number): Buffer =>
  Buffer.concat(chunks.slice(start, end).map((chunk) => encodeChunk(chunk, "none")));

type Send = (feed: (bytes: Uint8Array) => Promise<void>) => Promise<void>;

/** A storage whose answers the test writes: by the first chunk of the range, one for each try. */
function storage(ranges: XorbRange[], answers: Record<number, Send[]>): Cas & { readonly asked: number[] } {
  const asked: number[] = [];
  return {
    asked,
    reconstruct: async () => ranges,
    async open({ chunks: { start } }) {
      asked.push(start);
      const send = answers[start]?.shift() ?? assert.fail(`not foreseen: another request for ${start}`);
      return {
        receive: async (onBytes) => {
          await send(async (bytes) => onBytes(bytes));
          return 0;
        },
        cancel: () => undefined,
      };
    },
  };
}

function fetch(cas: Cas, more: Partial<XetPorts> = {}, there: readonly ByteRange[] = []): Promise<string> {
  ftruncateSync(fd, 60_000);
  return fetchXet(
    { hash: "b".repeat(64), size: 60_000 },
    { fd, path, there },
    {
      cas,
      hashers,
      kernels: createKernelPool(4),
      clock: quickClock(),
      random: () => 0,
      signal: new AbortController().signal,
      onBytes: () => undefined,
      onRetry: () => undefined,
      ...more,
    },
  );
}

describe("fetchXet()", () => {
  it("puts ranges in their place in whatever order they come, and says the hash of the file", async () => {
    const late = new Promise((resolve) => setTimeout(resolve, 20));
    const cas = storage([range(0, 2), range(2, 6)], {
      0: [
        async (feed) => {
          await late;
          await feed(serialized(0, 2));
        },
      ],
      2: [async (feed) => feed(serialized(2, 6))],
    });
    let bytes = 0;
    assert.equal(await fetch(cas, { onBytes: (count) => (bytes += count) }), sha256(whole));
    assert.deepEqual(readFileSync(path), whole);
    assert.equal(bytes, 60_000);
  });

  it("writes no byte twice: what a broken try has brought, and is hashed, another one does not change", async () => {
    // Two places, so that the first chunk is written when the second begins.
    const uses = [
      { start: 0, end: 1, at: 0, size: 10_000 },
      { start: 1, end: 3, at: 10_000, size: 20_000 },
    ];
    // The second try lies about the chunk that the first one brought, and is right about the rest.
    const lie = Buffer.concat([encodeChunk(randomBytes(10_000), "none"), serialized(1, 3)]);
    const cas = storage([{ ...range(0, 3), uses }, range(3, 6)], {
      0: [
        async (feed) => {
          await feed(serialized(0, 3).subarray(0, 15_000));
          throw cut();
        },
        async (feed) => feed(lie),
      ],
      3: [async (feed) => feed(serialized(3, 6))],
    });
    const retries: unknown[] = [];
    let bytes = 0;
    const ports = { onRetry: (retry: unknown) => retries.push(retry), onBytes: (count: number) => (bytes += count) };
    assert.equal(await fetch(cas, { ...ports, connections: 1 }), sha256(whole));
    assert.deepEqual(readFileSync(path), whole);
    assert.equal(bytes, 60_000);
    assert.deepEqual(retries, [{ attempt: 1, waitMs: 0, reason: "the connection was cut", from: 0 }]);
  });

  it("goes on behind what is there: asks for the rest, and hashes the whole", async () => {
    const cas = storage([{ ...range(2, 6), window: { start: 25_000, end: 60_000 } }], {
      2: [async (feed) => feed(serialized(2, 6))],
    });
    const windows: unknown[] = [];
    const plan = cas.reconstruct.bind(cas);
    const told: number[] = [];
    const noting: Cas = {
      open: (one, signal) => cas.open(one, signal),
      reconstruct(hash, window, signal) {
        windows.push(window);
        return plan(hash, window, signal);
      },
    };
    ftruncateSync(fd, 60_000);
    writeSync(fd, whole, 0, 25_000, 0);
    let bytes = 0;
    const ports = {
      onBytes: (count: number) => (bytes += count),
      onReached: (there: { bytes: number }) => told.push(there.bytes),
    };
    assert.equal(await fetch(noting, ports, [[0, 25_000]]), sha256(whole));
    assert.deepEqual(windows, [{ start: 25_000, end: 60_000 }]);
    assert.deepEqual([bytes, told.at(-1)], [35_000, 60_000]);
    assert.deepEqual(readFileSync(path), whole);
  });

  it("fetches what is missing between what is there, and writes nothing of that again", async () => {
    const gaps = [
      { start: 5_000, end: 20_000 },
      { start: 42_000, end: 60_000 },
    ];
    const plans = new Map([
      [5_000, [range(0, 2)]],
      [42_000, [range(4, 6)]],
    ]);
    const cas = storage([], {
      0: [async (feed) => feed(serialized(0, 2))],
      4: [async (feed) => feed(serialized(4, 6))],
    });
    const asked: unknown[] = [];
    const byGap: Cas = {
      open: (one, signal) => cas.open(one, signal),
      async reconstruct(_hash, window) {
        asked.push(window);
        return (plans.get(window.start) ?? []).map((one) => ({ ...one, window }));
      },
    };
    const mark = Buffer.from(whole);
    mark.fill(0, 5_000, 20_000);
    mark.fill(0, 42_000);
    ftruncateSync(fd, 60_000);
    writeSync(fd, mark, 0, 42_000, 0);
    let bytes = 0;
    const there: ByteRange[] = [
      [0, 5_000],
      [20_000, 42_000],
    ];
    assert.equal(await fetch(byGap, { onBytes: (count) => (bytes += count) }, there), sha256(whole));
    assert.deepEqual([asked, bytes], [gaps, 33_000]);
    assert.deepEqual(readFileSync(path), whole);
  });

  it("keeps to a rate: what has come is booked, and no more is read until it may", async () => {
    const cas = storage([range(0, 6)], {
      0: [
        async (feed) => {
          await feed(serialized(0, 3));
          order.push("read on");
          await feed(serialized(3, 6));
        },
      ],
    });
    const order: unknown[] = [];
    const pace = async (count: number): Promise<void> => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      order.push(count);
    };
    assert.equal(await fetch(cas, { pace }), sha256(whole));
    assert.deepEqual(order, [30_024, "read on", 30_024]);
  });

  it("gives up a range that brings nothing, and stops the others", async () => {
    let go = (): void => undefined;
    const broken = new Promise<void>((resolve) => (go = resolve));
    const cas = storage([range(0, 2), range(2, 6)], {
      0: [0, 1, 2].map(() => async () => {
        throw cut();
      }),
      2: [
        async (feed) => {
          await feed(serialized(2, 4));
          await broken;
          await feed(serialized(4, 6));
        },
      ],
    });
    const failing = fetch(cas, { onRetry: () => go() });
    await assert.rejects(failing, (error) => isHfError(error) && error.code === "ERR_HF_NETWORK");
    assert.deepEqual(cas.asked, [0, 2, 0, 0]);
  });

  it("refuses more and less content than was said", async () => {
    const more = { ...range(0, 6), uses: [{ start: 0, end: 6, at: 0, size: 59_999 }] };
    const less = { ...range(0, 6), uses: [{ start: 0, end: 6, at: 0, size: 60_001 }] };
    for (const wrong of [more, less]) {
      const send: Send = async (feed) => feed(serialized(0, 6));
      const cas = storage([wrong], { 0: [send, send, send, send] });
      await assert.rejects(fetch(cas), (error) => isHfError(error) && error.code === "ERR_HF_INTEGRITY");
    }
  });

  it("ends with the caller's reason when it is stopped", async () => {
    const stop = new AbortController();
    const cas = storage([range(0, 6)], {
      0: [
        async (feed) => {
          await feed(serialized(0, 2));
          stop.abort(new Error("enough"));
          throw cut();
        },
      ],
    });
    await assert.rejects(fetch(cas, { signal: stop.signal }), /enough/);
  });

  it("waits for a decoder no longer than the caller does", async () => {
    const kernels = createKernelPool(1);
    const { signal } = new AbortController();
    const only = await kernels.take(signal);
    const stop = new AbortController();
    const waiting = kernels.take(stop.signal);
    const next = kernels.take(signal);
    stop.abort(new Error("enough"));
    await assert.rejects(waiting, /enough/);
    kernels.give(only);
    assert.equal(await next, only);
  });

  it("never has more decoders at work than there are", async () => {
    let now = 0;
    let most = 0;
    const send =
      (start: number): Send =>
      async (feed) => {
        most = Math.max(most, ++now);
        await new Promise((resolve) => setTimeout(resolve, 5));
        await feed(serialized(start, start + 1));
        now--;
      };
    const starts = [0, 1, 2, 3, 4, 5];
    const cas = storage(
      starts.map((start) => range(start, start + 1)),
      Object.fromEntries(starts.map((start) => [start, [send(start)]])),
    );
    assert.equal(await fetch(cas, { kernels: createKernelPool(2), connections: 6 }), sha256(whole));
    assert.equal(most, 2);
  });
});

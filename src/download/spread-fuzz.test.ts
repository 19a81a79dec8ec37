import assert from "node:assert/strict";
import { it } from "node:test";
import { createByteRanges, holesIn } from "../cache/index.ts";
import type { ByteRanges } from "../cache/index.ts";
import { HfError, isHfError, NetworkError, RateLimitError } from "../core/errors.ts";
import { createConnections } from "./connections.ts";
import { spread } from "./spread.ts";
import type { SpreadSource } from "./spread.ts";
import type { Throughput } from "./throughput.ts";

const CASES = Number(process.env["LATCHKEY_FUZZ_CASES"] ?? 1_500);
/** With the seed of a failure, its number here has the failing case run first. */
const FIRST = Number(process.env["LATCHKEY_FUZZ_FIRST"] ?? 0);
const SEED = Number(process.env["LATCHKEY_FUZZ_SEED"] ?? Date.now() % 1_000_000);

const MOST = 60_000;
const COMMIT = "c".repeat(40);
const CONTENT = Buffer.alloc(MOST);
for (let at = 0; at < MOST; at++) CONTENT[at] = (at * 31 + (at >> 8) * 7) & 255;
const OTHER = Buffer.from(CONTENT.map((byte) => byte ^ 0xff));

/** Numbers in [0, 1) from a seed (a linear congruence on 32 bits, its high part taken): a failure can be had again. */
function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const mixed = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) >>> 0;
    return ((mixed ^ (mixed >>> 13)) >>> 0) / 2 ** 32;
  };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

interface Peer {
  readonly source: SpreadSource;
  /** It has sent, or said, what is not of the content. */
  readonly lied: () => boolean;
}

/** A storage that at each request does what is right, or one of the things that go wrong. */
function makePeer(random: () => number, size: number, badness: number): Peer {
  let lied = false;
  /** From some day on it has another content, under another etag. */
  const changesAt = random() < 0.15 ? Math.floor(random() * 6) : Infinity;
  let asked = 0;
  /** A moment in which everything that waits for it fails at once. */
  let outage: Promise<void> | undefined;
  const below = (limit: number): number => Math.floor(random() * limit);
  const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T;
  const open: SpreadSource["open"] = async (from, ifRange, end, { signal }) => {
    for (let wait = random() < 0.2 ? below(60) : 1; wait > 0; wait--) await turn();
    signal.throwIfAborted();
    const bad =
      random() < badness ? pick(["429", "503", "416", "reset", "whole", "range", "etag", "short", "cut", "out"]) : "";
    if (bad === "out") {
      outage ??= (async () => {
        for (let wait = 20; wait > 0; wait--) await turn();
        outage = undefined;
      })();
      await outage;
      throw new HfError("ERR_HF_HUB_DOWN", "busy", { status: 503 });
    }
    if (bad === "429") throw new RateLimitError("slow down", { status: 429 });
    if (bad === "503") throw new HfError("ERR_HF_HUB_DOWN", "busy", { status: 503 });
    if (bad === "416") throw new HfError("ERR_HF_HTTP", "no such range", { status: 416 });
    if (bad === "reset") throw new NetworkError("ERR_HF_NETWORK", "reset");
    const changed = ++asked > changesAt;
    const [content, name] = changed ? [OTHER, '"other"'] : [CONTENT, '"content"'];
    const isRange = (from > 0 || end < size) && bad !== "whole" && (ifRange === undefined || ifRange === name);
    const [start, stop] = isRange ? [from, end] : [0, size];
    if (changed || bad === "range" || bad === "etag" || bad === "short") lied = true;
    const shift = bad === "range" ? pick([-1, 1, 100]) : 0;
    const headers: Readonly<Record<string, string>> = {
      etag: bad === "etag" ? '"etag"' : name,
      ...(isRange ? { "content-range": `bytes ${start + shift}-${stop - 1}/${size}` } : {}),
    };
    const ends = bad === "short" || bad === "cut" ? start + below(stop - start) : stop;
    let cancelled = false;
    return {
      status: isRange ? 206 : 200,
      headers: { get: (header) => headers[header] ?? null },
      length: random() < 0.1 ? undefined : stop - start,
      commit: COMMIT,
      etag: undefined,
      size: undefined,
      xetHash: undefined,
      url: new URL("http://localhost/"),
      async receive(onBytes) {
        for (let at = start; at < ends;) {
          await turn();
          signal.throwIfAborted();
          if (cancelled) throw new Error("the body was cancelled");
          const next = Math.min(at + 1 + below(4_000), ends);
          // Memory that is used again as soon as the callee is done with it.
          const memory = Buffer.from(content.subarray(at, next));
          await onBytes(memory);
          memory.fill(0);
          at = next;
        }
        if (cancelled) throw new Error("the body was cancelled");
        if (bad === "cut") throw new NetworkError("ERR_HF_NETWORK", "cut");
        return ends - start;
      },
      cancel: () => void (cancelled = true),
    };
  };
  return { source: { path: "file", size, commit: COMMIT, open }, lied: () => lied };
}

/** Wants some number of connections, and soon another. */
function moody(random: () => number): Throughput {
  let wanted = 1;
  let never = false;
  return {
    get wanted() {
      return never ? 1 : wanted;
    },
    rate: 1_000,
    received() {
      if (random() < 0.3) wanted = 1 + Math.floor(random() * 8);
    },
    refused: (held) => void (wanted = Math.max(1, held)),
    never: () => void (never = true),
  };
}

async function runCase(number: number): Promise<string> {
  const random = numbers(SEED * 7919 + number);
  const size = 20_000 + Math.floor(random() * (MOST - 20_000));
  const badness = random() < 0.2 ? 0 : random() * 0.4;
  const { source, lied } = makePeer(random, size, badness);
  const most = 1 + Math.floor(random() * 8);
  const connections = createConnections(most);
  connections.reserve(1);
  const kept = Buffer.alloc(size);
  let there: ByteRanges = createByteRanges();
  let progress = 0;
  // What an earlier download left.
  const parts = random() < 0.5 ? 0 : 1 + Math.floor(random() * 3);
  for (let part = 0; part < parts; part++) {
    const start = Math.floor(random() * size);
    there.add(part === 0 ? 0 : start, Math.min(size, start + 1 + Math.floor(random() * 9_000)));
  }
  for (const [start, end] of there.list) CONTENT.copy(kept, start, start, end);
  progress = there.bytes;
  const holes = holesIn(there.list, size);
  if (holes.length === 0) return "there";
  let apart = false;
  let restarted = false;
  const sink = {
    async write(bytes: Uint8Array, offset: number): Promise<void> {
      const before = there.bytes;
      if (!apart) assert.equal(offset, there.at, "ahead of a gap before it was said");
      there.add(offset, offset + bytes.length);
      assert.equal(there.bytes, before + bytes.length, "a byte came twice");
      assert.ok(offset + bytes.length <= size, "more than the content has");
      await turn();
      kept.set(bytes, offset);
    },
    restart(): void {
      assert.ok(!apart, "begun anew while others bring other pieces");
      restarted = true;
      there = createByteRanges();
      kept.fill(0);
    },
    onSpread: () => void (apart = true),
  };
  const throughput = moody(random);
  let ended: string;
  try {
    ended = await spread(source, sink, {
      clock: { now: () => 0, sleep: turn },
      random,
      signal: new AbortController().signal,
      pace: random() < 0.1 ? () => turn() : undefined,
      onBytes: (count) => (progress += count),
      onRetry: () => undefined,
      onValidator: () => undefined,
      holes,
      validator: parts === 0 ? undefined : '"content"',
      connections,
      throughput,
      smallest: 1_000,
    });
  } catch (error) {
    assert.ok(isHfError(error), String(error));
    ended = error.code;
  }
  if (!restarted || ended === "whole") assert.equal(progress, there.bytes, "the progress is what is there");
  if (ended === "whole") {
    assert.deepEqual(there.list, [[0, size]]);
    if (!lied()) assert.ok(kept.equals(CONTENT.subarray(0, size)), "wrong bytes from a peer that told no lie");
  } else if (badness === 0 && !lied()) {
    assert.fail(`nothing went wrong, and it ended with ${ended}`);
  }
  let free = 0;
  while (connections.take()) free++;
  assert.equal(free, most - 1, "connections were not given back");
  return apart ? `${ended}, divided` : ended;
}

it(`a content over any number of connections from a storage that lies: seed ${SEED}`, async () => {
  const ends = new Map<string, number>();
  for (let number = FIRST; number < FIRST + CASES; number++) {
    const late = setTimeout(() => {
      process.stderr.write(`case ${number} of seed ${SEED} does not end\n`);
      process.exit(1);
    }, 60_000);
    try {
      const ended = await runCase(number);
      ends.set(ended, (ends.get(ended) ?? 0) + 1);
    } catch (error) {
      throw new Error(`LATCHKEY_FUZZ_SEED=${SEED} LATCHKEY_FUZZ_FIRST=${number}`, { cause: error });
    } finally {
      clearTimeout(late);
    }
  }
  if (CASES < 500) return;
  for (const wanted of ["whole", "whole, divided", "misfit, divided"]) {
    assert.ok((ends.get(wanted) ?? 0) > CASES / 100, `${wanted}: ${JSON.stringify([...ends])}`);
  }
});

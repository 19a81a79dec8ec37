import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { NetworkError } from "../core/errors.ts";
import { quickClock } from "../../test/support/scripted-server.ts";
import { retrying, toldSeconds, waitMs, usedUp } from "./retry.ts";
import type { Outcome, RetryKind } from "./retry.ts";

const failed = new NetworkError("ERR_HF_NETWORK", "It broke.");

function policy(more: object = {}): Parameters<typeof retrying>[1] & { clock: ReturnType<typeof quickClock> } {
  return { clock: quickClock(), random: () => 1, retries: 5, maxWaitMs: 60_000, ...more };
}

function failing(kind: RetryKind | undefined, toldMs?: number): { attempt(): Promise<Outcome<string>>; tries: number } {
  const counter = {
    tries: 0,
    attempt: async (): Promise<Outcome<string>> => {
      counter.tries++;
      return { failed, kind, toldMs };
    },
  };
  return counter;
}

describe("retrying()", () => {
  it("ends with the failure after five more tries, waiting longer each time", async () => {
    const calls = failing("status");
    const rules = policy();
    await assert.rejects(retrying(calls.attempt, rules), failed);
    assert.equal(calls.tries, 6);
    assert.deepEqual(rules.clock.waits, [1000, 2000, 4000, 8000, 8000]);
  });

  it("does not try again what is final, nor when switched off", async () => {
    const final = failing(undefined);
    await assert.rejects(retrying(final.attempt, policy()), failed);
    const off = failing("status");
    await assert.rejects(retrying(off.attempt, policy({ retries: 0 })), failed);
    assert.deepEqual([final.tries, off.tries], [1, 1]);
  });

  it("tells a person soon that nobody is there", async () => {
    const calls = failing("unreachable");
    const rules = policy();
    await assert.rejects(retrying(calls.attempt, rules), failed);
    assert.deepEqual(rules.clock.waits, [250, 500]);
  });

  it("waits as long as it is told, and says so", async () => {
    const told: string[] = [];
    const rules = policy({ random: () => 0.5, warn: (text: string) => void told.push(text) });
    let tries = 0;
    const done = await retrying(async (): Promise<Outcome<string>> => {
      return ++tries === 1 ? { failed, kind: "status", toldMs: 7000 } : { done: "ok" };
    }, rules);
    assert.equal(done, "ok");
    assert.deepEqual(rules.clock.waits, [7500]);
    assert.deepEqual(told, ["It broke. Trying again in 8 s."]);
  });

  it("does not sit out a wait beyond the limit", async () => {
    const calls = failing("status", 61_000);
    const rules = policy();
    await assert.rejects(retrying(calls.attempt, rules), failed);
    assert.deepEqual([calls.tries, rules.clock.waits.length], [1, 0]);
  });

  it("begins no try later than five minutes after the first", async () => {
    let now = 0;
    const clock = {
      now: () => now,
      sleep: async (ms: number) => {
        now += ms;
      },
    };
    const slow = failing("status", 55_000);
    const attempt = async (): Promise<Outcome<string>> => {
      now += 50_000;
      return slow.attempt();
    };
    await assert.rejects(retrying(attempt, { ...policy(), clock }), failed);
    assert.equal(slow.tries, 3);
  });

  it("ends when aborted during a wait", async () => {
    const stop = new AbortController();
    const reason = new Error("enough");
    const clock = { now: () => 0, sleep: async () => stop.abort(reason) };
    const rules = {
      ...policy(),
      signal: stop.signal,
      clock: { ...clock, sleep: async () => (await clock.sleep(), stop.signal.throwIfAborted()) },
    };
    await assert.rejects(retrying(failing("network").attempt, rules), reason);
  });
});

describe("waitMs()", () => {
  it("is spread over the whole span", () => {
    assert.equal(waitMs("status", 1, undefined, 0), 0);
    assert.equal(waitMs("status", 4, undefined, 0.5), 4000);
    assert.equal(waitMs("network", 30, undefined, 1), 8000);
  });

  it("is never less than what was told", () => assert.equal(waitMs("status", 1, 3000, 0), 3000));
});

describe("toldSeconds()", () => {
  const now = Date.UTC(2026, 0, 1, 12, 0, 0);
  const told = (status: number, headers: Record<string, string>): number | undefined =>
    toldSeconds(status, { get: (name) => headers[name] ?? null }, now);

  it("reads RateLimit of a 429, for the limits that are used up", () => {
    assert.equal(told(429, { ratelimit: '"api";r=0;t=55' }), 55);
    assert.equal(told(429, { ratelimit: '"api";r=3;t=55, "pages"; r=0; t=12' }), 12);
    assert.equal(told(429, { ratelimit: '"api";r=7;t=55' }), undefined);
    assert.equal(told(503, { ratelimit: '"api";r=0;t=55' }), undefined);
  });

  it("are told apart by the limit that is used up, also by an answer that is none of a refusal", () => {
    const header = (text: string) => ({ get: (name: string) => (name === "ratelimit" ? text : null) });
    assert.deepEqual(usedUp(header('"api";r=0;t=55, "resolvers"; r=0; t=2, "pages";r=10;t=3')), [
      { limit: "api", seconds: 55 },
      { limit: "resolvers", seconds: 2 },
    ]);
    assert.deepEqual(usedUp(header('"api";r=00;t=5, api;r=0;t=5, "a b";r=0;t=1, "x";r=0;t=-1')), []);
    assert.deepEqual(usedUp({ get: () => null }), []);
  });

  it("reads Retry-After in seconds and as a date", () => {
    assert.equal(told(503, { "retry-after": "17" }), 17);
    assert.equal(told(429, { "retry-after": "Thu, 01 Jan 2026 12:01:30 GMT" }), 90);
    assert.equal(told(429, { "retry-after": "Thu, 01 Jan 2026 11:00:00 GMT" }), 0);
    assert.equal(told(429, { "retry-after": "100", ratelimit: '"api";r=0;t=55' }), 100);
  });

  it("takes no nonsense", () => {
    for (const text of ["-1", "1.5", "soon", "9999999999999999", "", "0x10", "Infinity", "Mon, nonsense"]) {
      assert.equal(told(429, { "retry-after": text }), undefined, text);
    }
    assert.equal(told(429, { ratelimit: '"api";r=0;t=99999999999' }), undefined);
  });
});

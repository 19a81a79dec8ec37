import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Clock } from "../core/ports.ts";
import { AccessError, NetworkError, RateLimitError } from "../core/errors.ts";
import type { HfError } from "../core/errors.ts";
import type { AccessHub } from "./evidence.ts";
import type { AccessEvidence } from "./types.ts";
import { waitForAccess } from "./wait.ts";
import type { WaitEvent, WaitOptions, WaitOutcome } from "./wait.ts";

const repo = { type: "model", id: "acme/gated" } as const;
const pending = new AccessError("ERR_HF_GATED_PENDING", "pending");
const rejected = new AccessError("ERR_HF_GATED_REJECTED", "rejected");
const gone = new NetworkError("ERR_HF_NETWORK", "no route", {
  cause: Object.assign(new Error("no route"), { code: "ENETUNREACH" }),
});
const down = new NetworkError("ERR_HF_HUB_DOWN", "503");
const granted = "granted";

/** A clock that jumps over every sleep and writes down its milliseconds. */
function jumpingClock(onSleep: () => void = () => undefined): Clock & { readonly sleeps: number[] } {
  let now = 1_800_000_000_000;
  const sleeps: number[] = [];
  return {
    sleeps,
    now: () => now,
    async sleep(ms, signal) {
      onSleep();
      signal?.throwIfAborted();
      sleeps.push(ms);
      now += ms;
    },
  };
}

/** Gives the answers one by one, and the last one for ever. */
function hubThatSays(answers: readonly (HfError | typeof granted)[]): AccessHub {
  let at = 0;
  const refuse = (): never => assert.fail("nothing else is asked while one waits");
  return {
    endpoint: "https://hub.example",
    credential: undefined,
    request: refuse,
    async openBody(target) {
      assert.equal(target, "acme/gated/resolve/main/.gitattributes");
      const answer = answers[Math.min(at++, answers.length - 1)];
      if (answer !== granted) throw answer ?? new Error("no answer");
      const url = new URL(`https://hub.example/${target}`);
      const headers = new Headers({ "x-repo-commit": "0".repeat(40) });
      const body = { status: 200, headers, length: 0, receive: () => refuse(), cancel: () => undefined };
      return { answer: body, url, heads: [{ url, status: 200, headers }] };
    },
  };
}

interface Watched extends WaitOutcome {
  readonly events: readonly WaitEvent[];
  readonly sleeps: readonly number[];
}

async function watch(
  answers: readonly (HfError | typeof granted)[],
  options: Partial<WaitOptions> = {},
): Promise<Watched> {
  const [first = granted, ...rest] = answers;
  const evidence: AccessEvidence = {
    subject: { repo },
    need: "read",
    endpoint: "https://hub.example",
    now: 0,
    token: { kind: "used", source: "env:HF_TOKEN", shadows: [] },
    answer:
      first === granted
        ? { kind: "readable", at: undefined, status: 200, requestId: undefined }
        : { kind: "refused", error: first, at: undefined, said: "" },
  };
  const clock = jumpingClock();
  const events: WaitEvent[] = [];
  const outcome = await waitForAccess(hubThatSays(rest), evidence, {
    timeoutMs: 3_600_000,
    clock,
    random: () => 0,
    onEvent: (event) => events.push(event),
    ...options,
  });
  return { ...outcome, events, sleeps: clock.sleeps };
}

describe("waitForAccess()", () => {
  it("asks ever more seldom, at most once a minute, until access is given", async () => {
    const { kind, verdict, asked, sleeps } = await watch([...Array.from({ length: 10 }, () => pending), granted]);
    assert.deepEqual([kind, verdict.kind, asked], ["ended", "ok", 10]);
    const waits = [5000, 7500, 11250, 16875, 25312.5, 37968.75, 56953.125, 60000, 60000, 60000];
    assert.deepEqual(sleeps, waits);
  });

  it("spreads its questions by up to a fifth, so that those who began together do not stay together", async () => {
    const { sleeps } = await watch([pending, pending, granted], { random: () => 0.5, firstWaitMs: 10_000 });
    assert.deepEqual(sleeps, [11_000, 16_500]);
  });

  it("ends at a rejection, and at once for what no waiting mends", async () => {
    const late = await watch([pending, pending, rejected]);
    assert.deepEqual([late.kind, late.verdict.kind, late.asked], ["ended", "gate-rejected", 2]);
    const never = await watch([rejected]);
    assert.deepEqual([never.kind, never.asked, never.sleeps], ["ended", 0, []]);
  });

  it("is over exactly in time, with one last question", async () => {
    const { kind, verdict, sleeps, asked } = await watch([pending, pending], { timeoutMs: 20_000 });
    assert.deepEqual([kind, verdict.kind, asked], ["timed-out", "gate-pending", 3]);
    assert.equal(
      sleeps.reduce((sum, ms) => sum + ms, 0),
      20_000,
    );
  });

  it("lives through a network and a Hub that go away, and says each change once", async () => {
    const answers: readonly (HfError | typeof granted)[] = [pending, pending, gone, gone, down, down, pending, granted];
    const { verdict, events } = await watch(answers);
    assert.equal(verdict.kind, "ok");
    assert.deepEqual(
      events.map((event) => event.verdict.kind),
      ["gate-pending", "offline", "hub-down", "gate-pending"],
    );
  });

  it("waits as long as the Hub asks for, and does not come back before, not even at its end", async () => {
    const limited = new RateLimitError("slow down", { retryAfter: 300 });
    const obeyed = await watch([pending, limited, granted]);
    assert.deepEqual(obeyed.sleeps, [5000, 300_000]);
    const cut = await watch([limited, granted], { timeoutMs: 60_000 });
    assert.deepEqual([cut.kind, cut.verdict.kind, cut.asked], ["timed-out", "rate-limited", 0]);
  });

  it("ends with the signal's reason", async () => {
    const stop = new AbortController();
    const reason = new Error("enough");
    const clock = jumpingClock(() => stop.abort(reason));
    await assert.rejects(watch([pending, pending], { clock, signal: stop.signal }), reason);
  });
});

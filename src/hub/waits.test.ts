import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { createWaitBoard } from "../core/wait-board.ts";
import { Secret } from "../core/secret.ts";
import { startLocalhub } from "../localhub/index.ts";
import type { Localhub } from "../localhub/index.ts";
import { createHubClient } from "./client.ts";
import type { HubClientOptions } from "./client.ts";
import { openFile } from "./open-file.ts";

let hub: Localhub;
let folder: string;
before(async () => {
  hub = await startLocalhub();
  folder = mkdtempSync(join(tmpdir(), "latchkey-waits-"));
});
after(async () => {
  await hub.close();
  rmSync(folder, { recursive: true });
});
beforeEach(async () => {
  await hub.reset();
  rmSync(join(folder, "waits.json"), { force: true });
});

/** A process of its own, whose clock stands still: what it would wait is noted. */
function process(more: Partial<HubClientOptions> = {}) {
  const waits: number[] = [];
  const clock = { now: () => 1_000_000, sleep: async (ms: number) => void waits.push(ms) };
  const board = createWaitBoard({ path: join(folder, "waits.json"), now: clock.now });
  const client = createHubClient({ endpoint: hub.url, clock, random: () => 0.5, board, ...more });
  return { client, waits };
}

describe("a limit that one process met", () => {
  it("holds others back until it is over, and no longer than they would wait", async () => {
    await hub.fault({ origin: "hub", status: 429, retryAfter: 5, times: 1 });
    const first = process();
    await first.client.json("api/models/alice/tiny-model");
    assert.deepEqual(first.waits.slice(0, 1), [5500]);
    const shown: string[] = [];
    const showWait = (message: string, ms: number) => {
      shown.push(`${message} ${ms}`);
      return () => void shown.push("over");
    };
    const second = process({ showWait });
    await second.client.json("api/models/alice/tiny-model");
    assert.deepEqual(second.waits, [5500]);
    assert.deepEqual(shown, [
      `${new URL(hub.url).host} takes no more requests from this machine for now. 5500`,
      "over",
    ]);
    const impatient = process({ maxWaitMs: 4000 });
    await impatient.client.json("api/models/alice/tiny-model");
    assert.deepEqual(impatient.waits, [], "the Hub itself is asked what it thinks by now");
  });

  it("is kept before anything is refused: where an answer says that it was the last one, the next waits", async () => {
    const last = '"resolvers";r=0;t=5';
    await hub.fault({ origin: "hub", path: "/resolve/", setHeader: { RateLimit: last }, times: 1 });
    const first = process();
    const file = "alice/tiny-model/resolve/main/config.json";
    (await openFile(first.client, file)).cancel();
    assert.deepEqual(first.waits, []);
    // The API has another limit, which is not used up.
    await first.client.json("api/models/alice/tiny-model");
    assert.deepEqual(first.waits, []);
    hub.journal.clear();
    (await openFile(first.client, file)).cancel();
    (await openFile(process().client, file)).cancel();
    assert.deepEqual(first.waits, [5500]);
    assert.deepEqual(
      hub.journal.entries.map(({ status }) => status === 429),
      hub.journal.entries.map(() => false),
    );
    const credential = { token: Secret.of(hub.tokens["alice-read"] ?? ""), origin: hub.url, source: "test" };
    const other = process({ credential });
    (await openFile(other.client, file)).cancel();
    assert.deepEqual(other.waits, [], "who is signed in has a limit of their own");
  });

  it("is sat out for a file also when it is nearly the whole window of five minutes, and for facts is not", async () => {
    const answer = { status: 429, rateLimit: { reset: 299, bucket: "resolvers" }, times: 1 } as const;
    await hub.fault({ origin: "hub", path: "/resolve/", ...answer });
    const file = process();
    (await openFile(file.client, "alice/tiny-model/resolve/main/config.json")).cancel();
    assert.deepEqual(file.waits.slice(0, 1), [299_500]);
    await hub.fault({ origin: "hub", path: "/api/", ...answer, rateLimit: { reset: 299 } });
    const facts = process();
    await assert.rejects(facts.client.json("api/models/alice/tiny-model"), { code: "ERR_HF_RATE_LIMITED" });
    assert.deepEqual(facts.waits, []);
  });
});

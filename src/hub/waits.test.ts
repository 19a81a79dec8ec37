import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { createWaitBoard } from "../core/wait-board.ts";
import { startLocalhub } from "../localhub/index.ts";
import type { Localhub } from "../localhub/index.ts";
import { createHubClient } from "./client.ts";
import type { HubClientOptions } from "./client.ts";

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
beforeEach(() => hub.reset());

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
    assert.deepEqual(shown, [`${new URL(hub.url).host} has told another call of this machine to wait. 5500`, "over"]);
    const impatient = process({ maxWaitMs: 4000 });
    await impatient.client.json("api/models/alice/tiny-model");
    assert.deepEqual(impatient.waits, [], "the Hub itself is asked what it thinks by now");
  });
});

import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, realpathSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { createRepo } from "../core/repo.ts";
import { createHubClient } from "../hub/index.ts";
import { startLocalhub } from "../localhub/index.ts";
import type { Localhub } from "../localhub/index.ts";
import { fetchSnapshot } from "./snapshot.ts";
import type { DownloadEvent } from "./types.ts";

const REPO = createRepo("alice/two");
const SIZE = 40_000_000;
const STOP = 24_000_000;
let hub: Localhub;
let home: string;
before(async () => {
  hub = await startLocalhub({
    seed: {
      users: [{ name: "alice" }],
      repos: [
        {
          id: REPO.id,
          commits: [{ message: "one", files: { "bad.txt": "small", "good.bin": { size: SIZE, seed: 5, lfs: true } } }],
        },
      ],
    },
  });
});
after(() => hub.close());
beforeEach(async () => {
  await hub.reset();
  home = realpathSync(mkdtempSync(join(tmpdir(), "latchkey-fetch-all-")));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function partialBytes(): number | undefined {
  const names = readdirSync(home, { recursive: true, encoding: "utf8" });
  const partial = names.find((name) => name.endsWith(".incomplete"));
  return partial === undefined ? undefined : statSync(join(home, partial), { throwIfNoEntry: false })?.size;
}

async function until(what: () => boolean): Promise<void> {
  for (const limit = Date.now() + 20_000; !what();) {
    assert.ok(Date.now() < limit, "it did not come to that in 20 s");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe("fetchAll()", () => {
  it("keeps what has come of a good file when another one is wrong, and blames the wrong one alone", async () => {
    // The good one stands still with 24 MB. The wrong one is busy until then, and wrong from then on.
    hub.fault({ origin: "cdn", method: "GET", stall: { afterBytes: STOP }, times: 1 });
    hub.fault({ method: "GET", path: "bad.txt", status: 503, times: 1 });
    hub.fault({ method: "GET", path: "bad.txt", corrupt: { at: 1 } });
    const clock = { now: () => Date.now(), sleep: () => until(() => partialBytes() === STOP) };
    const events: DownloadEvent[] = [];
    const onEvent = (event: DownloadEvent): void => void events.push(event);
    const client = createHubClient({ endpoint: hub.url, clock });
    const options = { cacheDir: join(home, "hub"), files: ["bad.txt", "good.bin"], maxWorkers: 2 };
    try {
      await assert.rejects(fetchSnapshot(client, REPO, { ...options, clock, onEvent }), {
        code: "ERR_HF_INTEGRITY",
        message: /^'bad\.txt': /,
      });
    } finally {
      client.close();
    }
    const told = events.flatMap((event) => (event.kind === "retry" || event.kind === "kept" ? [event] : []));
    assert.deepEqual(
      told.map(({ kind, path }) => [kind, path]),
      [
        ["retry", "bad.txt"],
        ["kept", "good.bin"],
      ],
    );
    await hub.reset();
    const again: DownloadEvent[] = [];
    const next = createHubClient({ endpoint: hub.url });
    try {
      const done = await fetchSnapshot(next, REPO, { ...options, onEvent: (event) => void again.push(event) });
      assert.equal(done.files.length, 2);
      assert.deepEqual(
        again.flatMap((event) => (event.kind === "resumed" ? [[event.path, event.from]] : [])),
        [["good.bin", STOP]],
      );
    } finally {
      next.close();
    }
  });

  it("has many workers wait for the rate at once, and the person hears nothing of it", async () => {
    const warnings: string[] = [];
    const onWarning = ({ name }: Error): void => void warnings.push(name);
    process.on("warning", onWarning);
    const files = Object.fromEntries(
      Array.from({ length: 24 }, (_, at) => [`${at}.bin`, { size: 100_000, seed: at + 1, lfs: true }]),
    );
    const many = await startLocalhub({
      seed: { users: [{ name: "alice" }], repos: [{ id: "alice/many", commits: [{ message: "one", files }] }] },
    });
    const client = createHubClient({ endpoint: many.url });
    try {
      const options = { cacheDir: join(home, "hub"), maxWorkers: 24, limitRate: 8_000_000 };
      const done = await fetchSnapshot(client, createRepo("alice/many"), options);
      assert.equal(done.files.length, 25);
      await new Promise((resolve) => setImmediate(resolve));
      assert.deepEqual(warnings, []);
    } finally {
      process.off("warning", onWarning);
      client.close();
      await many.close();
    }
  });
});

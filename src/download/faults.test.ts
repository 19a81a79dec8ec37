import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { createRepo } from "../core/repo.ts";
import { createHubClient } from "../hub/index.ts";
import { createTransfer } from "../hub/transfer.ts";
import { startLocalhub } from "../localhub/index.ts";
import type { Localhub } from "../localhub/index.ts";
import { fetchSnapshot } from "./snapshot.ts";
import type { DownloadEvent } from "./types.ts";

const REPO = createRepo("alice/faulty");
const FILES = { "large.bin": { size: 3_000_000, seed: 7 }, "small.bin": { size: 100_000, seed: 8 }, "a.txt": "text\n" };
let hub: Localhub;
let home: string;
before(async () => {
  hub = await startLocalhub({
    seed: { users: [{ name: "alice" }], repos: [{ id: REPO.id, commits: [{ message: "one", files: FILES }] }] },
  });
});
after(() => hub.close());
beforeEach(async () => {
  await hub.reset();
  hub.journal.clear();
  home = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), "latchkey-faults-")));
});
afterEach(() => fs.rmSync(home, { recursive: true, force: true }));

type Rule = Parameters<Localhub["fault"]>[0];

/** A download of one file whose waits cost no time: how long they would have been is noted. */
async function fetchOne(name: string, transferTimeoutMs = 30_000) {
  const waits: number[] = [];
  const clock = { now: () => Date.now(), sleep: async (ms: number) => void waits.push(ms) };
  const client = createHubClient({ endpoint: hub.url, clock, transferTimeoutMs });
  const events: DownloadEvent[] = [];
  const onEvent = (event: DownloadEvent): void => void events.push(event);
  try {
    const done = await fetchSnapshot(client, REPO, { cacheDir: join(home, "hub"), files: [name], clock, onEvent });
    return { done, waits, events };
  } finally {
    client.close();
  }
}

/** Every published blob is what its name says, and nothing else lies there. */
function assertGood(): void {
  const blobs = join(home, "hub/models--alice--faulty/blobs");
  for (const name of fs.existsSync(blobs) ? fs.readdirSync(blobs) : []) {
    const bytes = fs.readFileSync(join(blobs, name));
    const git = createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
    assert.equal(name.length === 40 ? git : createHash("sha256").update(bytes).digest("hex"), name);
  }
}

const cdn = { origin: "cdn", method: "GET" } as const;
const file = { origin: "hub", method: "GET", path: "/resolve/" } as const;

describe("a fault that passes", () => {
  const passing: Record<string, Rule> = {
    "a reset before the answer": { ...cdn, cut: { reset: true }, times: 2 },
    "a reset within the body": { ...cdn, cut: { afterBytes: 50_000, reset: true }, times: 2 },
    "a cut within the body": { ...cdn, cut: { afterBytes: 50_000 }, times: 2 },
    "a storage that is busy": { ...cdn, status: 503, times: 2 },
    "a storage that fails": { ...cdn, status: 500, times: 2 },
    "a Hub that is busy": { ...file, status: 502, times: 2 },
    "a signed address that has ended": { ...cdn, status: 403, times: 1 },
    "a signed address that has ended, twice": { ...cdn, status: 403, times: 2 },
    "a length that is too long": { ...cdn, wrongLength: 7, times: 1 },
    "a length that is too short": { ...cdn, wrongLength: -7, times: 1 },
    "wrong bytes": { ...cdn, corrupt: { at: 60_000 }, times: 1 },
    "a page of a portal": { ...cdn, htmlBody: true, times: 1 },
    "no HTTP at all": { ...cdn, garbage: true, times: 1 },
    "a limit": { ...cdn, status: 429, retryAfter: 3, times: 2 },
    "a limit of the Hub": { ...file, status: 429, rateLimit: { reset: 4 }, times: 2 },
  };
  for (const [name, rule] of Object.entries(passing)) {
    for (const path of ["large.bin", "small.bin"]) {
      it(`${name}: ${path} comes whole`, async () => {
        await hub.fault(rule);
        await fetchOne(path);
        assertGood();
      });
    }
  }
});

describe("a fault that stays", () => {
  const lasting: Record<string, { rule: Rule; code: string; tries?: number }> = {
    "wrong bytes": { rule: { ...cdn, corrupt: { at: 60_000 } }, code: "ERR_HF_INTEGRITY", tries: 2 },
    "a wrong length": { rule: { ...cdn, wrongLength: -7 }, code: "ERR_HF_INTEGRITY", tries: 2 },
    "a storage that refuses": { rule: { ...cdn, status: 403 }, code: "ERR_HF_HTTP", tries: 3 },
    "a storage that fails": { rule: { ...cdn, status: 500 }, code: "ERR_HF_HUB_DOWN", tries: 6 },
    "a reset before the answer": { rule: { ...cdn, cut: { reset: true } }, code: "ERR_HF_NETWORK" },
    "a reset within the body": { rule: { ...cdn, cut: { afterBytes: 0, reset: true } }, code: "ERR_HF_NETWORK" },
  };
  for (const [name, { rule, code, tries }] of Object.entries(lasting)) {
    it(`${name} ends after a bounded number of tries, and leaves what was good`, async () => {
      await fetchOne("a.txt");
      await hub.fault(rule);
      hub.journal.clear();
      for (const path of ["large.bin", "small.bin"]) await assert.rejects(fetchOne(path), { code });
      const asked = hub.journal.entries.filter(({ origin, method }) => origin === "cdn" && method === "GET").length / 2;
      if (tries === undefined) assert.ok(asked <= 40, String(asked));
      else assert.equal(asked, tries);
      assertGood();
      await hub.reset();
      await fetchOne("large.bin");
      assertGood();
    });
  }
});

describe("a download that stands still", () => {
  for (const path of ["large.bin", "small.bin"]) {
    it(`goes on from the last byte on another connection: ${path}`, async () => {
      await hub.fault({ ...cdn, stall: { afterBytes: 40_000 }, times: 2 });
      const { events } = await fetchOne(path, 150);
      assertGood();
      const retries = events.filter((event) => event.kind === "retry");
      assert.equal(retries.length, 2);
      assert.deepEqual(
        hub.journal.entries
          .filter(({ origin, method }) => origin === "cdn" && method === "GET")
          .map(({ headers }) => headers["range"]),
        [undefined, `bytes=${retries[0]?.from}-`, `bytes=${retries[1]?.from}-`],
      );
      assert.ok((retries[0]?.from ?? 0) > 0);
    });
  }

  it("is waited for no longer than that before its first byte", async () => {
    await hub.fault({ ...cdn, stall: {}, times: 1 });
    await fetchOne("large.bin", 150);
    assertGood();
  });
});

describe("an answer that is wrong", () => {
  for (const path of ["large.bin", "small.bin"]) {
    it(`is asked for again on connections that brought nothing before: ${path}`, async () => {
      await hub.fault({ ...cdn, corrupt: { at: 60_000 }, times: 1 });
      const asked: (boolean | undefined)[] = [];
      const transfer = createTransfer();
      const client = createHubClient({
        endpoint: hub.url,
        openBody: (url, headers, options) => {
          if (options?.method === "GET") asked.push(options.fresh);
          return transfer.openBody(url, headers, options);
        },
      });
      try {
        await fetchSnapshot(client, REPO, { cacheDir: join(home, "hub"), files: [path] });
      } finally {
        client.close();
        transfer.close();
      }
      // Each time the Hub, then the storage.
      assert.deepEqual(asked, [undefined, undefined, true, true]);
      assertGood();
    });
  }
});

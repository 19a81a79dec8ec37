import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { createRepo } from "../core/repo.ts";
import { createHubClient } from "../hub/index.ts";
import { startLocalhub } from "../localhub/index.ts";
import type { Localhub } from "../localhub/index.ts";
import { fetchFile } from "./file.ts";
import { planFetch } from "./plan-fetch.ts";
import type { PlanFetchOptions } from "./plan-fetch.ts";
import { fetchSnapshot } from "./snapshot.ts";
import type { DownloadPlan } from "./types.ts";

let hub: Localhub;
let home: string;
before(async () => {
  hub = await startLocalhub();
});
after(() => hub.close());
beforeEach(async () => {
  await hub.reset();
  home = realpathSync(mkdtempSync(join(tmpdir(), "latchkey-plan-")));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const TINY = createRepo("alice/tiny-model");
const cacheDir = (): string => join(home, "hub");
const client = () => createHubClient({ endpoint: hub.url });
const plan = (options: Partial<PlanFetchOptions> = {}, id = TINY.id): Promise<DownloadPlan> =>
  planFetch(client(), createRepo(id), { cacheDir: cacheDir(), ...options });
const transfers = (): string[] =>
  hub.journal.entries.filter(({ method, origin }) => method === "GET" && origin === "cdn").map(({ url }) => url);

describe("planFetch()", () => {
  it("tells what a download would do, fetches nothing and makes no file or folder", async () => {
    const before = await plan();
    assert.equal(before.missingFiles, before.files.length);
    assert.ok(before.missingBytes > 1_000_000 && before.missingBytes <= before.totalBytes);
    assert.ok((before.freeBytes ?? 0) > 0);
    assert.equal(before.shortBytes, 0);
    assert.ok(!existsSync(cacheDir()));
    assert.deepEqual(transfers(), []);

    const done = await fetchSnapshot(client(), TINY, { cacheDir: cacheDir() });
    assert.equal(before.path, done.path);
    assert.equal(before.commit, done.commit);
    assert.equal(before.missingBytes, done.downloadedBytes);
    const after = await plan();
    assert.deepEqual([after.missingFiles, after.missingBytes], [0, 0]);
    assert.deepEqual(
      after.files.map(({ path, size }) => [path, size]),
      before.files.map(({ path, size }) => [path, size]),
    );
    assert.equal((await plan({ forceDownload: true })).missingFiles, before.files.length);
    assert.equal((await plan({ include: "*.json" })).files.length, 2);
  });

  it("tells the same of one file, also of one whose pointer alone is gone, and leaves no note where there is none", async () => {
    const before = await plan({ path: "config.json" });
    assert.equal(before.missingFiles, 1);
    await assert.rejects(plan({ path: "no.txt" }), { code: "ERR_HF_ENTRY_NOT_FOUND" });
    assert.deepEqual(readdirSync(home), []);
    const done = await fetchFile(client(), TINY, "config.json", { cacheDir: cacheDir() });
    assert.equal(before.path, done.path);
    assert.equal((await plan({ path: "config.json" })).missingFiles, 0);
    rmSync(done.path);
    assert.equal((await plan({ path: "config.json" })).missingFiles, 0);
    assert.equal((await plan({ path: "config.json", forceDownload: true })).missingFiles, 1);
    await assert.rejects(plan({ path: "config.json", offline: true }), { code: "ERR_HF_OFFLINE" });
  });

  it("is refused where a gate is shut, before anything is fetched", async () => {
    await assert.rejects(plan({}, "acme/gated-manual"), { code: "ERR_HF_GATED_SIGN_IN" });
    assert.deepEqual(readdirSync(home), []);
  });
});

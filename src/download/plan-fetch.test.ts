import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { freeSpace } from "../cache/index.ts";
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

  it("counts what an earlier download left as room that is there, where too little is free", async () => {
    const free = freeSpace(home) ?? 0;
    const size = free + 2 ** 40;
    const files = { "huge.bin": { size, lfs: true, sha256: "a".repeat(64) } };
    const large = await startLocalhub({
      seed: { users: [{ name: "alice" }], repos: [{ id: "alice/huge", commits: [{ message: "one", files }] }] },
    });
    try {
      const huge = createRepo("alice/huge");
      const hubHere = createHubClient({ endpoint: large.url });
      for (const place of [{}, { localDir: join(home, "own") }]) {
        const options = { cacheDir: cacheDir(), ...place };
        const plans = async (): Promise<DownloadPlan[]> => [
          await planFetch(hubHere, huge, { ...options, files: ["huge.bin"] }),
          await planFetch(hubHere, huge, { ...options, path: "huge.bin" }),
        ];
        const short = (left: number) => (one: DownloadPlan) =>
          assert.equal(one.shortBytes, size - (one.freeBytes ?? 0) - left);
        (await plans()).forEach(short(0));
        // As with a plan, so with the download.
        await assert.rejects(fetchFile(hubHere, huge, "huge.bin", options), { code: "ERR_HF_NO_SPACE" });
        const stop = new AbortController();
        let kept = 0;
        const begun = fetchFile(hubHere, huge, "huge.bin", {
          ...options,
          allowLowSpace: true,
          signal: stop.signal,
          onEvent: (event) => {
            if (event.kind === "progress" && event.bytes > 20 * 2 ** 20) stop.abort(new Error("enough"));
            if (event.kind === "kept") kept = event.bytes;
          },
        });
        await assert.rejects(begun, { message: "enough" });
        assert.ok(kept >= 16 * 2 ** 20, String(kept));
        (await plans()).forEach(short(kept));
        assert.equal((await planFetch(hubHere, huge, { ...options, path: "huge.bin" })).missingBytes, size);
        const anew = await planFetch(hubHere, huge, { ...options, path: "huge.bin", resume: false });
        assert.equal(anew.shortBytes, size - (anew.freeBytes ?? 0));
      }
    } finally {
      await large.close();
    }
  });
});

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { createRepo } from "../core/repo.ts";
import { createHubClient } from "../hub/index.ts";
import { startLocalhub } from "../localhub/index.ts";
import type { Localhub } from "../localhub/index.ts";
import { applyPlan } from "./apply-plan.ts";
import { planFetch } from "./plan-fetch.ts";
import type { PlanFetchOptions } from "./plan-fetch.ts";
import { fetchSnapshot } from "./snapshot.ts";
import type { DownloadPlan } from "./types.ts";

let hub: Localhub;
let home: string;
before(async () => {
  hub = await startLocalhub({
    seed: {
      users: [{ name: "alice" }],
      tokens: [{ name: "alice-write", owner: "alice", role: "write" }],
      repos: [
        {
          id: "alice/moving",
          commits: [
            {
              message: "one",
              files: { "a.txt": "one", "b.txt": "same", "star*[x]?.txt": "odd", "starxxx.txt": "plain" },
            },
          ],
        },
      ],
    },
  });
});
after(() => hub.close());
beforeEach(async () => {
  await hub.reset();
  home = realpathSync(mkdtempSync(join(tmpdir(), "latchkey-apply-")));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const REPO = createRepo("alice/moving");
const cacheDir = (): string => join(home, "hub");
const ref = (): string => readFileSync(join(cacheDir(), "models--alice--moving/refs/main"), "utf8");
const client = () => createHubClient({ endpoint: hub.url });
/** Kept as text in between, as a plan that somebody has to approve. */
const planned = async (options: Partial<PlanFetchOptions> = {}): Promise<DownloadPlan> =>
  JSON.parse(JSON.stringify(await planFetch(client(), REPO, { cacheDir: cacheDir(), ...options }))) as DownloadPlan;
const text = (folder: string, name: string): string => readFileSync(join(folder, name), "utf8");
const contents = (): string[] =>
  hub.journal.entries
    .filter(({ method, url }) => method === "GET" && url.includes("/resolve/"))
    .map(({ url }) => url.split("/").at(-1) ?? "");

/** A second commit on main, in which a.txt has other content. */
async function move(): Promise<void> {
  const lines = [
    { key: "header", value: { summary: "two" } },
    { key: "file", value: { path: "a.txt", content: Buffer.from("two").toString("base64"), encoding: "base64" } },
  ];
  const answer = await fetch(`${hub.url}/api/models/alice/moving/commit/main`, {
    method: "POST",
    headers: { authorization: `Bearer ${hub.tokens["alice-write"]}`, "content-type": "application/x-ndjson" },
    body: lines.map((line) => JSON.stringify(line)).join("\n"),
  });
  assert.equal(answer.status, 200, await answer.text());
}

describe("applyPlan()", () => {
  it("brings what was planned, to where the plan says, and notes the branch", async () => {
    const plan = await planned();
    assert.ok(!existsSync(cacheDir()));
    const done = await applyPlan(client(), plan, {});
    assert.equal(done.path, plan.path);
    assert.equal(done.downloadedBytes, plan.missingBytes);
    assert.equal(done.files.length, plan.files.length);
    assert.equal(ref(), plan.commit);
    hub.journal.clear();
    assert.equal((await applyPlan(client(), plan, {})).fromCache, true);
    assert.equal(hub.journal.entries.length, 0);
  });

  it("brings the commit of the plan when the branch has moved, and does not turn back what came since", async () => {
    const plan = await planned();
    await move();
    const old = await applyPlan(client(), plan, {});
    assert.equal(text(old.path, "a.txt"), "one");
    assert.equal(ref(), plan.commit);

    const late = await planned();
    assert.notEqual(late.commit, plan.commit);
    rmSync(cacheDir(), { recursive: true });
    const now = await fetchSnapshot(client(), REPO, { cacheDir: cacheDir() });
    assert.equal(text((await applyPlan(client(), plan, {})).path, "a.txt"), "one");
    assert.equal(ref(), now.commit);
  });

  it("looks again at what is there: neither fetches it twice nor misses what went since", async () => {
    await fetchSnapshot(client(), REPO, { cacheDir: cacheDir() });
    const nothing = await planned();
    assert.equal(nothing.missingFiles, 0);
    const blob = realpathSync(join(nothing.path, "b.txt"));
    rmSync(blob);
    hub.journal.clear();
    assert.equal(text((await applyPlan(client(), nothing, {})).path, "b.txt"), "same");
    assert.deepEqual(contents(), ["b.txt"]);

    truncateSync(blob, 2);
    const one = await planned();
    assert.equal(one.missingFiles, 1);
    await fetchSnapshot(client(), REPO, { cacheDir: cacheDir() });
    hub.journal.clear();
    assert.equal((await applyPlan(client(), one, {})).fromCache, true);
    assert.deepEqual(contents(), []);
  });

  it("takes names for names, also those that look like patterns, and no others of the commit", async () => {
    const plan = await planned({ include: "star[*]*" });
    assert.deepEqual(
      plan.files.map(({ path }) => path),
      ["star*[x]?.txt"],
    );
    const done = await applyPlan(client(), plan, {});
    assert.deepEqual(readdirSync(done.path), ["star*[x]?.txt"]);
  });

  it("brings one entry by itself, by force too, and into a folder of one's own", async () => {
    const plan = await planned({ path: "a.txt" });
    assert.equal(plan.single, true);
    assert.equal((await applyPlan(client(), plan, {})).path, plan.path);
    assert.equal(ref(), plan.commit);
    assert.deepEqual(readdirSync(dirname(plan.path)), ["a.txt"]);

    hub.journal.clear();
    await applyPlan(client(), await planned({ path: "a.txt", forceDownload: true }), {});
    assert.deepEqual(contents(), ["a.txt"]);

    const localDir = join(home, "own");
    const local = await planned({ localDir, include: "a.txt" });
    await move();
    assert.equal(text((await applyPlan(client(), local, {})).path, "a.txt"), "one");
    assert.deepEqual(readdirSync(localDir).toSorted(), [".cache", "a.txt"]);
  });

  it("refuses a plan that somebody has bent", async () => {
    const plan = await planned();
    await assert.rejects(applyPlan(client(), { ...plan, commit: "../../x" }, {}), { code: "ERR_HF_UNSAFE_NAME" });
    await assert.rejects(applyPlan(client(), { ...plan, revision: "../x" }, {}), { code: "ERR_HF_INVALID_REVISION" });
    const files = [{ path: "../x", size: 1, present: false }];
    await assert.rejects(applyPlan(client(), { ...plan, files }, {}), { code: "ERR_HF_ENTRY_NOT_FOUND" });
    assert.deepEqual(readdirSync(home), []);
  });
});

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import type { DownloadResult } from "../download/index.ts";
import { defaultSeed, startLocalhub } from "../localhub/index.ts";
import type { Localhub } from "../localhub/index.ts";
import { downloadEvents } from "./download-events.ts";
import type { BeginDownload, DownloadStep } from "./download-events.ts";
import { download } from "./library.ts";

let hub: Localhub;
let home: string;
before(async () => {
  const seed = defaultSeed();
  const large = { id: "alice/large", commits: [{ message: "Upload", files: { "big.bin": { size: 30_000_000 } } }] };
  hub = await startLocalhub({ seed: { ...seed, repos: [...(seed.repos ?? []), large] } });
});
after(() => hub.close());
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "latchkey-events-"));
});
afterEach(async () => {
  rmSync(home, { recursive: true, force: true });
  await hub.reset();
});

const env = () => ({ HF_HOME: home, HF_ENDPOINT: hub.url });
const result: DownloadResult = {
  path: "/p",
  commit: "c",
  repo: { type: "model", id: "a/b" },
  files: [],
  downloadedBytes: 5,
  fromCache: false,
};
const progress = (bytes: number) =>
  ({ kind: "progress", bytes, totalBytes: 9, files: 0, totalFiles: 1, active: [] }) as const;

describe("download()", () => {
  it("tells what happens in order, and the result at last", async () => {
    const steps: DownloadStep[] = [];
    for await (const step of download("alice/tiny-model", { env: env() })) steps.push(step);
    const kinds = steps.map(({ kind }) => kind);
    assert.equal(kinds[0], "planned");
    for (const kind of ["started", "verified"]) assert.equal(kinds.filter((one) => one === kind).length, 9, kind);
    const last = steps.at(-1);
    assert.ok(last?.kind === "done");
    assert.equal(last.result.files.length, 9);
    assert.equal(last.downloadedBytes, last.result.downloadedBytes);
    assert.ok(existsSync(join(last.result.path, "config.json")));
    const again: DownloadStep[] = [];
    for await (const step of download("alice/tiny-model", { env: env(), path: "config.json" })) again.push(step);
    const end = again.at(-1);
    assert.ok(end?.kind === "done" && end.result.path.endsWith("config.json") && end.result.fromCache);
  });

  it("stops the download when the loop is left", async () => {
    hub.fault({ origin: "cdn", stall: { afterBytes: 10_000_000 } });
    for await (const step of download("alice/large", { env: env() })) {
      if (step.kind === "progress" && step.bytes > 0) break;
    }
    // Leaving the loop waits for the end, so nothing is written from here on.
    const blobs = join(home, "hub/models--alice--large/blobs");
    const published = existsSync(blobs) ? readdirSync(blobs).filter((name) => /^[0-9a-f]{64}$/.test(name)) : [];
    assert.deepEqual(published, []);
  });

  it("throws what the download throws, and the caller's reason", async () => {
    const all = async (repo: string, signal?: AbortSignal): Promise<void> => {
      for await (const step of download(repo, { env: env(), ...(signal === undefined ? {} : { signal }) })) void step;
    };
    await assert.rejects(all("alice/nothing"), { code: "ERR_HF_PRIVATE_OR_MISSING" });
    const stop = new AbortController();
    stop.abort(new Error("enough"));
    await assert.rejects(all("alice/tiny-model", stop.signal), /enough/);
  });
});

describe("downloadEvents()", () => {
  it("begins nothing before somebody reads", () => {
    downloadEvents(() => assert.fail("begun"));
  });

  it("keeps only the newest progress for who reads slowly, and every other event", async () => {
    const begin: BeginDownload = async (onEvent) => {
      for (let bytes = 1; bytes <= 5; bytes++) onEvent(progress(bytes));
      onEvent({ kind: "verified", path: "f", size: 9, etag: "e" });
      onEvent(progress(9));
      onEvent({ kind: "done", files: 1, downloadedBytes: 9 });
      return result;
    };
    const seen: string[] = [];
    for await (const step of downloadEvents(begin)) {
      seen.push(step.kind === "progress" ? `progress ${step.bytes}` : step.kind);
    }
    assert.deepEqual(seen, ["verified", "progress 9", "done"]);
  });
});

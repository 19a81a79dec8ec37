import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { createRepo } from "../core/repo.ts";
import { createHubClient } from "../hub/index.ts";
import { startLocalhub } from "../localhub/index.ts";
import type { JournalEntry, Localhub } from "../localhub/index.ts";
import { fetchSnapshot } from "./snapshot.ts";
import type { DownloadEvent, SnapshotOptions } from "./types.ts";

const REPO = createRepo("alice/large");
const NAME = "model.safetensors";
const SIZE = 80_000_000;
const SLACK = 16 * 1024 * 1024;
let hub: Localhub;
let home: string;
let cacheDir: string;
before(async () => {
  hub = await startLocalhub({
    seed: {
      users: [{ name: "alice" }],
      repos: [{ id: REPO.id, commits: [{ message: "one", files: { [NAME]: { size: SIZE, seed: 7 } } }] }],
    },
  });
});
after(() => hub.close());
beforeEach(async () => {
  await hub.reset();
  hub.journal.clear();
  home = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), "latchkey-spread-")));
  cacheDir = join(home, "hub");
});
afterEach(() => fs.rmSync(home, { recursive: true, force: true }));

const events: DownloadEvent[] = [];
const onEvent = (event: DownloadEvent): void => void events.push(event);
async function fetchHere(more: Partial<SnapshotOptions> = {}) {
  events.length = 0;
  const client = createHubClient({ endpoint: hub.url });
  try {
    return await fetchSnapshot(client, REPO, { cacheDir, onEvent, ...more });
  } finally {
    client.close();
  }
}
const gets = (): JournalEntry[] =>
  hub.journal.entries.filter(({ origin, method }) => origin === "cdn" && method === "GET");
const sent = (): number => gets().reduce((sum, entry) => sum + entry.sent, 0);
const event = (kind: DownloadEvent["kind"]): DownloadEvent | undefined => events.find((one) => one.kind === kind);

async function until(what: () => boolean): Promise<void> {
  for (const limit = Date.now() + 60_000; !what();) {
    assert.ok(Date.now() < limit, "it did not come to that in a minute");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** When it goes over several connections, and much of it has come. */
const isHalf = (): boolean => gets().length >= 4 && sent() >= SIZE / 2;

/** Holds each connection to a rate, and the first one to a lower: so that there are gaps behind which others go on. */
function slow(): () => void {
  hub.fault({ origin: "cdn", method: "GET", slowBody: 6_000_000, times: 1 });
  return hub.fault({ origin: "cdn", method: "GET", slowBody: 16_000_000 });
}

/** A process that was killed when half of it had come, over several connections. */
async function killOne(): Promise<void> {
  const here = (file: string): string => JSON.stringify(new URL(file, import.meta.url).href);
  const code = `
    import { createHubClient } from ${here("../hub/index.js")};
    import { fetchSnapshot } from ${here("./index.js")};
    const hub = createHubClient({ endpoint: ${JSON.stringify(hub.url)} });
    await fetchSnapshot(hub, ${JSON.stringify(REPO)}, ${JSON.stringify({ cacheDir })});`;
  const unslow = slow();
  const child = spawn(process.execPath, ["--input-type=module", "-e", code], { stdio: "ignore" });
  const ended = new Promise((resolve) => child.once("close", resolve));
  await until(isHalf);
  child.kill("SIGKILL");
  await ended;
  unslow();
}

async function abortOne(): Promise<void> {
  const unslow = slow();
  const stop = new AbortController();
  const ended = assert.rejects(fetchHere({ signal: stop.signal }), { message: "enough" });
  await until(isHalf);
  stop.abort(new Error("enough"));
  await ended;
  unslow();
}

function left(ending: string): string[] {
  const names = fs.readdirSync(cacheDir, { recursive: true, encoding: "utf8" });
  return names.filter((name) => name.endsWith(ending)).map((name) => join(cacheDir, name));
}

function rangesLeft(): number[][] {
  const [note = ""] = left(".owner.incomplete");
  return (JSON.parse(fs.readFileSync(note, "utf8")) as { ranges: number[][] }).ranges;
}

function assertWhole(path: string): void {
  const blob = fs.realpathSync(path);
  assert.equal(createHash("sha256").update(fs.readFileSync(blob)).digest("hex"), blob.slice(-64));
  assert.deepEqual(left(".incomplete"), [], "nothing is left behind");
}

describe("a download that came over several connections and did not end", () => {
  const linux = process.platform === "linux" ? false : "only Linux tells for certain that a process is gone";

  it("is gone on with after kill -9: what is missing comes, and little twice", { skip: linux }, async () => {
    await killOne();
    assert.ok(rangesLeft().length > 1, "there was nothing ahead of a gap");
    const { path, downloadedBytes } = await fetchHere();
    assertWhole(join(path, NAME));
    const resumed = event("resumed");
    assert.ok(resumed?.kind === "resumed");
    assert.equal(downloadedBytes, SIZE - resumed.from);
    assert.ok(sent() <= SIZE + SLACK, `${sent() - SIZE} bytes came twice`);
    assert.ok(gets().every(({ headers, status }) => headers["range"] === undefined || status === 206));
    assert.deepEqual(events.findLast(({ kind }) => kind === "progress")?.kind, "progress");
  });

  it("is gone on with after an abort, which says what it keeps, and again after that", async () => {
    await abortOne();
    const kept = event("kept");
    assert.ok(kept?.kind === "kept");
    const ranges = rangesLeft();
    assert.ok(ranges.length > 1);
    assert.equal(
      kept.bytes,
      ranges.reduce((sum, [start = 0, end = 0]) => sum + end - start, 0),
    );

    const stop = new AbortController();
    const ended = fetchHere({
      signal: stop.signal,
      onEvent: (one) => {
        events.push(one);
        if (one.kind === "resumed") stop.abort(new Error("at once"));
      },
    });
    await assert.rejects(ended, { message: "at once" });
    assert.deepEqual(rangesLeft(), ranges);

    hub.journal.clear();
    const { path, downloadedBytes } = await fetchHere();
    assertWhole(join(path, NAME));
    assert.equal(downloadedBytes, SIZE - kept.bytes);
    assert.equal(sent(), SIZE - kept.bytes, "not a byte came twice");
    const last = events.findLast(({ kind }) => kind === "progress");
    assert.ok(last?.kind === "progress" && last.bytes === SIZE);
  });

  it("is fetched anew where a part of it is wrong", async () => {
    await abortOne();
    const [, [start = 0] = []] = rangesLeft();
    const [file = ""] = left(".incomplete").filter((name) => !name.includes(".owner."));
    const fd = fs.openSync(file, "r+");
    fs.writeSync(fd, "wrong", start + 100);
    fs.closeSync(fd);
    const { path, downloadedBytes } = await fetchHere();
    assertWhole(join(path, NAME));
    assert.equal(downloadedBytes, SIZE);
    assert.equal(event("retry")?.kind, "retry");
  });

  it("comes whole where the storage gives no ranges of that content any more", async () => {
    for (const rule of [{ ignoreRange: true }, { etag: '"another"' }, { wrongContentRange: 3 }] as const) {
      await abortOne();
      const lift = hub.fault({ origin: "cdn", method: "GET", ...rule });
      const { path } = await fetchHere();
      lift();
      assertWhole(join(path, NAME));
      hub.journal.clear();
      fs.rmSync(cacheDir, { recursive: true });
    }
  });
});

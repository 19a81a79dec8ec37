import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { noLocks } from "../../test/support/locks.ts";
import { createRepo } from "../core/repo.ts";
import { createHubClient } from "../hub/index.ts";
import { startLocalhub } from "../localhub/index.ts";
import type { Localhub } from "../localhub/index.ts";
import { fetchSnapshot } from "./snapshot.ts";
import type { DownloadEvent, SnapshotOptions } from "./types.ts";

const REPO = createRepo("alice/large");
const NAME = "model.safetensors";
const SIZE = 40_000_000;
/** Here the first download stands still, to be ended. */
const STOP = 24_000_000;
const SLACK = 16 * 1024 * 1024;
let hub: Localhub;
let home: string;
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
  home = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), "latchkey-resume-")));
});
afterEach(() => fs.rmSync(home, { recursive: true, force: true }));

const events: DownloadEvent[] = [];
const options = (more: Partial<SnapshotOptions> = {}): SnapshotOptions => ({
  cacheDir: join(home, "hub"),
  files: [NAME],
  // One connection, however slow the machine is just now: several have tests of their own.
  maxWorkers: 1,
  ...more,
});
const fetchHere = (more: Partial<SnapshotOptions> = {}) => {
  events.length = 0;
  const onEvent = (event: DownloadEvent): void => void events.push(event);
  return fetchSnapshot(createHubClient({ endpoint: hub.url }), REPO, options({ onEvent, ...more }));
};
const stopHere = () => hub.fault({ origin: "cdn", method: "GET", stall: { afterBytes: STOP }, times: 1 });
const event = (kind: DownloadEvent["kind"]): DownloadEvent | undefined => events.find((one) => one.kind === kind);

/** Private files of downloads, and their bytes. */
function partials(folder = home): Map<string, number> {
  const names = fs.existsSync(folder) ? fs.readdirSync(folder, { recursive: true, encoding: "utf8" }) : [];
  return new Map(
    names.filter((name) => name.endsWith(".incomplete")).map((name) => [name, fs.statSync(join(folder, name)).size]),
  );
}

/** The requests for bytes: what range of what etag, and what was sent. */
function gets(): { range: string | undefined; ifRange: string | undefined; sent: number; status: number }[] {
  return hub.journal.entries
    .filter(({ origin, method }) => origin === "cdn" && method === "GET")
    .map(({ headers, sent, status }) => ({ range: headers["range"], ifRange: headers["if-range"], sent, status }));
}

async function until(what: () => boolean): Promise<void> {
  for (const limit = Date.now() + 30_000; !what();) {
    assert.ok(Date.now() < limit, "it did not come to that in 30 s");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function run(more: Partial<SnapshotOptions> = {}, env = process.env) {
  const here = (file: string): string => JSON.stringify(new URL(file, import.meta.url).href);
  const code = `
    import { createHubClient } from ${here("../hub/index.js")};
    import { fetchSnapshot } from ${here("./index.js")};
    const hub = createHubClient({ endpoint: ${JSON.stringify(hub.url)} });
    await fetchSnapshot(hub, ${JSON.stringify(REPO)}, ${JSON.stringify(options(more))});`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", code], {
    env,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let stderr = "";
  child.stderr.on("data", (text: Buffer) => (stderr += text.toString()));
  return {
    child,
    ended: new Promise<{ code: number | null; stderr: string }>((resolve) =>
      child.once("close", (exit) => resolve({ code: exit, stderr })),
    ),
  };
}

/** A process that was killed when it had STOP bytes. */
async function killOne(more: Partial<SnapshotOptions> = {}): Promise<void> {
  await stopHere();
  const { child, ended } = run(more);
  await until(() => [...partials().values()].includes(STOP));
  child.kill("SIGKILL");
  await ended;
}

async function abortOne(more: Partial<SnapshotOptions> = {}): Promise<void> {
  await stopHere();
  const stop = new AbortController();
  const ended = assert.rejects(fetchHere({ ...more, signal: stop.signal }), { message: "enough" });
  await until(() => [...partials().values()].includes(STOP));
  stop.abort(new Error("enough"));
  await ended;
}

function assertWhole(path: string): void {
  const blob = fs.realpathSync(path);
  const digest = createHash("sha256").update(fs.readFileSync(blob)).digest("hex");
  const [etag] = [...hub.journal.entries].map(({ url }) => /[0-9a-f]{64}/.exec(url)?.[0]).filter(Boolean);
  if (blob.includes("blobs")) assert.equal(digest, blob.slice(-64));
  else assert.equal(digest, etag);
  assert.deepEqual([...partials()], [], "nothing is left behind");
}

describe("a download after one that did not end", () => {
  const linux = process.platform === "linux" ? false : "only Linux tells for certain that a process is gone";

  it("goes on where a killed process stopped: asks for the rest, of the same etag", { skip: linux }, async () => {
    await killOne();
    const done = await fetchHere();
    assert.equal(done.downloadedBytes, SIZE - STOP);
    assert.deepEqual(event("resumed"), { kind: "resumed", path: NAME, from: STOP });
    const [first, second, ...more] = gets();
    assert.deepEqual(more, []);
    assert.equal(first?.range, undefined);
    assert.equal(second?.range, `bytes=${STOP}-`);
    assert.match(second?.ifRange ?? "", /^"[^"]+"$/);
    assert.equal(second?.status, 206);
    assert.ok((first?.sent ?? 0) + (second?.sent ?? 0) <= SIZE + SLACK);
    assertWhole(join(done.path, NAME));
  });

  it("into a local dir does the same", { skip: linux }, async () => {
    const localDir = join(home, "dir");
    await killOne({ localDir });
    const done = await fetchHere({ localDir });
    assert.equal(done.downloadedBytes, SIZE - STOP);
    assertWhole(join(localDir, NAME));
  });

  it("goes on in the same process after an abort, which leaves what came", async () => {
    await abortOne();
    assert.deepEqual(event("kept"), { kind: "kept", path: NAME, bytes: STOP });
    assert.equal(partials().size, 2);
    const done = await fetchHere();
    assert.equal(done.downloadedBytes, SIZE - STOP);
    assert.deepEqual(events.findLast((one) => one.kind === "progress")?.bytes, SIZE);
    assertWhole(join(done.path, NAME));
  });

  it("is stopped again further on, and leaves more", async () => {
    await abortOne();
    await hub.fault({ origin: "cdn", method: "GET", stall: { afterBytes: 6_000_000 }, times: 1 });
    const stop = new AbortController();
    const ended = assert.rejects(fetchHere({ signal: stop.signal }), { message: "enough" });
    await until(() => [...partials().values()].includes(STOP + 6_000_000));
    stop.abort(new Error("enough"));
    await ended;
    assert.equal((await fetchHere()).downloadedBytes, SIZE - STOP - 6_000_000);
  });

  it("goes on as well when the abort came while it read what was there", async () => {
    await abortOne();
    const stop = new AbortController();
    const ended = fetchHere({
      signal: stop.signal,
      onEvent: ({ kind }) => (kind === "resumed" ? stop.abort(new Error("at once")) : undefined),
    });
    await assert.rejects(ended, { message: "at once" });
    assert.ok([...partials().values()].includes(STOP));
    assert.equal((await fetchHere()).downloadedBytes, SIZE - STOP);
  });

  it("believes no byte of the disk: wrong ones cost a fresh download, and are never published", async () => {
    await abortOne();
    const [name] = [...partials().entries()].find(([, bytes]) => bytes === STOP) ?? [""];
    const file = fs.openSync(join(home, name), "r+");
    fs.writeSync(file, Buffer.from([1, 2, 3]), 0, 3, 1000);
    fs.closeSync(file);
    hub.journal.clear();
    const done = await fetchHere();
    assert.equal(done.downloadedBytes, SIZE);
    assert.deepEqual(
      gets().map(({ range }) => range),
      [`bytes=${STOP}-`, undefined],
    );
    assertWhole(join(done.path, NAME));
  });

  it("asks twice more where the network is wrong as well, then says integrity and keeps nothing", async () => {
    await abortOne();
    hub.journal.clear();
    await hub.fault({ origin: "cdn", method: "GET", corrupt: { at: SIZE - 5 } });
    await assert.rejects(fetchHere(), { code: "ERR_HF_INTEGRITY" });
    assert.equal(gets().length, 3);
    assert.deepEqual([...partials()], []);
  });

  it("takes the whole where the storage has another etag by now, or knows no ranges", async () => {
    for (const fault of [{ ignoreRange: true }, { etag: '"another"' }] as const) {
      await abortOne();
      hub.journal.clear();
      await hub.fault({ origin: "cdn", method: "GET", ...fault });
      const done = await fetchHere();
      assertWhole(join(done.path, NAME));
      await hub.reset();
      fs.rmSync(join(home, "hub"), { recursive: true });
    }
  });

  it("asks for nothing when the bytes were whole already", async () => {
    await abortOne();
    const [name] = [...partials().entries()].find(([, bytes]) => bytes === STOP) ?? [""];
    const done = await fetchHere({ cacheDir: join(home, "other") });
    const note = name.replace(/incomplete$/, "owner.incomplete");
    fs.copyFileSync(fs.realpathSync(join(done.path, NAME)), join(home, name));
    const text = fs.readFileSync(join(home, note), "utf8");
    fs.writeFileSync(join(home, note), text.replace(`[0,${STOP}]`, `[0,${SIZE}]`));
    hub.journal.clear();
    assert.equal((await fetchHere()).downloadedBytes, 0);
    assert.deepEqual(gets(), []);
  });

  it("begins anew, and leaves nothing, without resume; by force it begins anew", async () => {
    await abortOne();
    assert.equal((await fetchHere({ forceDownload: true })).downloadedBytes, SIZE);
    fs.rmSync(join(home, "hub"), { recursive: true });
    await abortOne();
    assert.equal((await fetchHere({ resume: false })).downloadedBytes, SIZE);
    assert.deepEqual([...partials()], []);
    fs.rmSync(join(home, "hub"), { recursive: true });
    await stopHere();
    const stop = new AbortController();
    const onEvent = ({ kind }: DownloadEvent): void => (kind === "progress" ? stop.abort(new Error("x")) : undefined);
    await assert.rejects(fetchHere({ resume: false, signal: stop.signal, onEvent }), { message: "x" });
    assert.deepEqual([...partials()], []);
  });

  it("touches nothing of a process that is still writing", async () => {
    await stopHere();
    // Without locks, so that the second one does not wait for the first.
    const first = run({}, { PATH: "" });
    await until(() => [...partials().values()].includes(STOP));
    const before = [...partials()];
    const second = await run({}, { PATH: "" }).ended;
    assert.equal(second.code, 0, second.stderr);
    assert.deepEqual([...partials()], before);
    assert.equal(gets().at(-1)?.range, undefined);
    first.child.kill("SIGKILL");
    await first.ended;
  });

  it("goes on once where many begin at the same time", { skip: linux || noLocks }, async () => {
    await killOne();
    hub.journal.clear();
    for (const { ended } of [run(), run(), run()]) {
      const { code, stderr } = await ended;
      assert.equal(code, 0, stderr);
    }
    assert.deepEqual(
      gets().map(({ range }) => range),
      [`bytes=${STOP}-`],
    );
    assert.deepEqual([...partials()], []);
  });

  it(
    "goes on once also where nothing can lock: one gets what is there, the others begin anew",
    { skip: linux },
    async () => {
      await killOne();
      hub.journal.clear();
      for (const { ended } of [run({}, { PATH: "" }), run({}, { PATH: "" }), run({}, { PATH: "" })]) {
        const { code, stderr } = await ended;
        assert.equal(code, 0, stderr);
      }
      assert.ok(gets().filter(({ range }) => range !== undefined).length <= 1);
      assertWhole(
        join(
          home,
          "hub/models--alice--large/snapshots",
          fs.readdirSync(join(home, "hub/models--alice--large/snapshots"))[0] ?? "",
          NAME,
        ),
      );
    },
  );
});

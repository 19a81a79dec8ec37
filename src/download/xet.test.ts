import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { isHfError } from "../core/errors.ts";
import type { HfErrorCode } from "../core/errors.ts";
import { createRepo } from "../core/repo.ts";
import { Secret } from "../core/secret.ts";
import { createHubClient } from "../hub/index.ts";
import { defaultSeed, startLocalhub } from "../localhub/index.ts";
import type { Fault, HubResponse, Localhub } from "../localhub/index.ts";
import { quickClock } from "../../test/support/scripted-server.ts";
import { fetchFile } from "./file.ts";
import { fetchSnapshot } from "./snapshot.ts";
import type { DownloadEvent, SnapshotOptions } from "./types.ts";

const MODEL = createRepo("alice/xet-model");
const BIG = createRepo("alice/big-xet");
const MANY = createRepo("alice/many-xet");
const LONG_REPO = createRepo("alice/long-xet");
/** Above the size from which `auto` takes this way. Of equal blocks, over several xorbs. */
const SIZE = 17_000_000;
/** Long enough that something of it is worth keeping. */
const LONG = 40_000_000;

let hub: Localhub;
let cacheDir: string;
let folder: string;
before(async () => {
  const seed = defaultSeed();
  // Nothing in it repeats, so that bytes of the file take as many on the wire.
  folder = mkdtempSync(join(tmpdir(), "latchkey-noise-"));
  const noise = join(folder, "noise.bin");
  writeFileSync(noise, randomBytes(LONG));
  const big = { size: SIZE, xet: { xorbBytes: 700_000 } };
  const repo = (id: string, files: Record<string, typeof big & { seed: number }>) => ({
    id,
    private: true,
    commits: [{ message: "Upload", files }],
  });
  const repos = [
    { id: LONG_REPO.id, commits: [{ message: "Up", files: { "big.bin": { file: noise, xet: big.xet } } }] },
    repo(BIG.id, { "big.bin": { ...big, seed: 3 } }),
    repo(MANY.id, { "a.bin": { ...big, seed: 4 }, "b.bin": { ...big, seed: 5 }, "c.bin": { ...big, seed: 6 } }),
  ];
  hub = await startLocalhub({ seed: { ...seed, repos: [...(seed.repos ?? []), ...repos] } });
});
after(async () => {
  await hub.close();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  hub.journal.clear();
  cacheDir = join(realpathSync(mkdtempSync(join(tmpdir(), "latchkey-xet-"))), "hub");
});
afterEach(() => {
  hub.faults.length = 0;
  undo.splice(0).forEach((one) => one());
  rmSync(join(cacheDir, ".."), { recursive: true, force: true });
});

const linux = process.platform === "linux" ? false : "only Linux tells for certain that a process is gone";
const undo: (() => void)[] = [];
const fault = (rule: Parameters<Localhub["fault"]>[0]): void => void undo.push(hub.fault(rule));

type Options = Partial<SnapshotOptions> & { requestTimeoutMs?: number };

function client({ requestTimeoutMs }: Options) {
  const token = Secret.of(hub.tokens["alice-read"] ?? "");
  return createHubClient({
    endpoint: hub.url,
    credential: { token, origin: new URL(hub.url).origin, source: "test" },
    clock: quickClock(Date.now()),
    ...(requestTimeoutMs === undefined ? {} : { requestTimeoutMs, transferTimeoutMs: requestTimeoutMs }),
  });
}

/** Brings the big file; what happened on the way besides. */
async function big(options: Options = {}, repo = BIG) {
  const events: DownloadEvent[] = [];
  const hubClient = client(options);
  const clock = quickClock(Date.now());
  const all = { cacheDir, clock, onEvent: (event: DownloadEvent) => void events.push(event), ...options };
  try {
    const result = await fetchFile(hubClient, repo, "big.bin", all);
    return { path: result.path, events: told(events), downloadedBytes: result.downloadedBytes };
  } finally {
    hubClient.close();
  }
}

const long = (options: Options = {}) => big(options, LONG_REPO);

/** A download of the long file, stopped when more than half of it was sent; what happened on the way. */
async function stopped(transport: "xet" | "http"): Promise<DownloadEvent[]> {
  hub.journal.clear();
  const stop = new AbortController();
  const events: DownloadEvent[] = [];
  const unslow = hub.fault({ origin: "cdn", method: "GET", slowBody: 20_000_000 });
  const going = long({ transport, signal: stop.signal, onEvent: (event) => void events.push(event) });
  const sent = (): number => hub.journal.entries.reduce((sum, entry) => sum + entry.sent, 0);
  while (sent() < 25_000_000) await new Promise((resolve) => setTimeout(resolve, 5));
  stop.abort(new Error("enough"));
  await assert.rejects(going, /enough/);
  unslow();
  return events;
}

const told = (events: readonly DownloadEvent[]): string[] =>
  events.flatMap((event) =>
    event.kind === "transport" || event.kind === "retry"
      ? [
          `${event.kind}${event.kind === "transport" ? ` ${event.transport}` : ""}${event.reason === undefined ? "" : `: ${event.reason}`}`,
        ]
      : [],
  );

function sha256(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

/** A published blob has its hash for a name. */
function assertRight(path: string): void {
  assert.equal(sha256(path), realpathSync(path).split("/").at(-1));
}

const asked = (part: string) => hub.journal.entries.filter(({ url }) => url.includes(part));
const refusal = (code: HfErrorCode) => (error: unknown) => isHfError(error) && error.code === code;

/** Rewrites the JSON of answers to some requests. */
function rewrite(part: string, change: (body: Record<string, unknown>) => unknown): void {
  const after: NonNullable<Fault["after"]> = (request, response): HubResponse => {
    if (!request.target.includes(part) || response.status !== 200 || !Buffer.isBuffer(response.body)) return response;
    const body = JSON.parse(response.body.toString("utf8")) as Record<string, unknown>;
    return { ...response, body: Buffer.from(JSON.stringify(change(body))) };
  };
  hub.faults.push({ after });
}

describe("downloads from Xet storage", () => {
  it("bring every kind of chunk, verified, and ask for one token", async () => {
    const hubClient = client({});
    const result = await fetchSnapshot(hubClient, MODEL, { cacheDir, transport: "xet" });
    hubClient.close();
    for (const name of ["model.safetensors", "vocab.txt", "embeddings.bin"]) assertRight(join(result.path, name));
    assert.equal(asked("/lfs/").length, 0);
    assert.equal(asked("/xorbs/").length, 3);
    assert.equal(asked("xet-read-token").length, 1);
  });

  it("take the way of themselves for a large file, and fetch equal chunks once", async () => {
    const { path, events, downloadedBytes } = await big();
    assertRight(path);
    assert.deepEqual([events, downloadedBytes], [["transport xet"], SIZE]);
    const ranges = asked("/xorbs/").map(({ url, headers }) => `${new URL(url).pathname} ${headers["range"]}`);
    assert.equal(new Set(ranges).size, ranges.length);
    assert.ok(asked("/xorbs/").reduce((sum, { sent }) => sum + sent, 0) < SIZE / 4);
  });

  it("leave small files to plain HTTP, and all of them when that was asked for", async () => {
    const hubClient = client({});
    await fetchSnapshot(hubClient, MODEL, { cacheDir });
    hubClient.close();
    const { events } = await big({ transport: "http" });
    assert.deepEqual(events, []);
    assert.equal(asked("reconstructions").length + asked("xet-read-token").length, 0);
  });

  it("go into a local dir just so", async () => {
    const localDir = join(cacheDir, "..", "mine");
    const { path } = await big({ localDir, transport: "xet" });
    assert.equal(path, join(localDir, "big.bin"));
    assert.ok(asked("/xorbs/").length > 0);
    assert.equal(readFileSync(path).length, SIZE);
  });

  it("send the Hub's token to the Hub, the storage's to the storage, and none to signed addresses", async () => {
    await big();
    const token = hub.tokens["alice-read"] ?? "";
    for (const { url, origin, headers } of hub.journal.entries) {
      const sent = headers["authorization"] ?? "";
      if (origin === "hub") assert.equal(sent, `Bearer ${token}`, url);
      else if (url.includes("reconstructions")) assert.match(sent, /^Bearer xet\./);
      else assert.equal(sent, "", url);
      assert.ok(origin === "hub" || !JSON.stringify(headers).includes(token), url);
      assert.ok(!url.includes("/xorbs/") || !JSON.stringify(headers).includes("xet."), url);
    }
  });

  it("take the first version of the storage where there is no second, and ask for the second once", async () => {
    fault({ origin: "cdn", path: "/v2/reconstructions", status: 404 });
    const { path } = await big();
    assertRight(path);
    assert.equal(asked("/v2/").length, 1);
    assert.ok(asked("/v1/").length >= 1);
  });

  it("go on when a connection breaks", async () => {
    fault({ origin: "cdn", path: "/xorbs/", cut: { afterBytes: 300_000, reset: true }, times: 2 });
    const { path, events } = await big();
    assertRight(path);
    assert.equal(events.filter((event) => event.startsWith("retry")).length, 2);
    assert.equal(asked("/lfs/").length, 0);
  });

  it("ask anew for an address that is over, and for a token that is", async () => {
    fault({ origin: "cdn", path: "/xorbs/", status: 403, times: 1 });
    fault({ origin: "cdn", path: "/v2/reconstructions", status: 401, times: 1 });
    const { path } = await big();
    assertRight(path);
    assert.equal(asked("xet-read-token").length, 2);
    assert.equal(asked("/lfs/").length, 0);
  });

  for (const [name, rule] of [
    ["is down", { origin: "cdn", path: "/v2/reconstructions", status: 503 }],
    ["does not know the file", { origin: "cdn", path: "reconstructions", status: 404 }],
    ["stands still", { origin: "cdn", path: "/xorbs/", stall: { afterBytes: 1000 } }],
    ["sends wrong bytes", { origin: "cdn", path: "/xorbs/", corrupt: { at: 200_000, bytes: 4 } }],
    ["sends wrong ranges", { origin: "cdn", path: "/xorbs/", wrongContentRange: 1 }],
    ["sends web pages", { origin: "cdn", path: "/v2/reconstructions", htmlBody: true }],
    ["gives no token", { origin: "hub", path: "xet-read-token", status: 404 }],
    ["sends one elsewhere", { origin: "cdn", path: "/v2/reconstructions", redirect: "http://127.0.0.1:1/" }],
  ] as const) {
    it(`switch to plain HTTP by themselves, and say so, when the storage ${name}`, async () => {
      fault(rule);
      const { path, events } = await big({ requestTimeoutMs: 400 });
      assertRight(path);
      assert.equal(asked("/lfs/").length, 1);
      assert.match(events.at(-1) ?? "", /^transport http: ./);
      const blobs = readdirSync(join(cacheDir, "models--alice--big-xet", "blobs"));
      assert.deepEqual(blobs.length, 1, "a temporary file was left");
    });
  }

  it("try no third file on a way that failed twice", async () => {
    fault({ origin: "cdn", path: "/v2/reconstructions", status: 503 });
    const events: DownloadEvent[] = [];
    const hubClient = client({});
    const clock = quickClock(Date.now());
    const onEvent = (event: DownloadEvent): void => void events.push(event);
    const { path } = await fetchSnapshot(hubClient, MANY, { cacheDir, clock, maxWorkers: 1, onEvent });
    hubClient.close();
    for (const name of ["a.bin", "b.bin", "c.bin"]) assertRight(join(path, name));
    assert.equal(told(events).filter((event) => event === "transport xet").length, 2);
    assert.equal(asked("/lfs/").length, 3);
  });

  it("do not switch where Xet was asked for: wrong bytes twice are an error, and nothing is kept", async () => {
    fault({ origin: "cdn", path: "/xorbs/", corrupt: { at: 200_000, bytes: 4 } });
    await assert.rejects(big({ transport: "xet" }), refusal("ERR_HF_INTEGRITY"));
    assert.equal(asked("/lfs/").length, 0);
    fault({ origin: "cdn", path: "/v2/reconstructions", status: 503 });
    await assert.rejects(big({ transport: "xet" }), refusal("ERR_HF_HTTP"));
  });

  it("mend wrong bytes that come once", async () => {
    fault({ origin: "cdn", path: "/xorbs/", corrupt: { at: 200_000, bytes: 4 }, times: 1 });
    assertRight((await big({ transport: "xet" })).path);
  });

  it("tell no other server a token, whatever the Hub and the storage say", async () => {
    const elsewhere = await startLocalhub();
    try {
      rewrite("xet-read-token", (body) => ({ ...body, casUrl: elsewhere.cdnUrl.replace("127.0.0.1", "10.1.2.3") }));
      await assert.rejects(big({ transport: "xet" }), refusal("ERR_HF_BAD_ANSWER"));
      hub.faults.length = 0;
      rewrite("reconstructions", (body) => {
        const text = JSON.stringify(body).replaceAll(hub.cdnUrl, elsewhere.cdnUrl);
        return JSON.parse(text) as unknown;
      });
      await assert.rejects(big({ transport: "xet" }), refusal("ERR_HF_HTTP"));
      assert.ok(elsewhere.journal.entries.length > 0);
      for (const { headers } of elsewhere.journal.entries) assert.equal(headers["authorization"], undefined);
      hub.faults.length = 0;
      fault({ origin: "cdn", path: "reconstructions", redirect: `${elsewhere.url}/{target}` });
      elsewhere.journal.clear();
      await assert.rejects(big({ transport: "xet" }), refusal("ERR_HF_REDIRECT"));
      assert.deepEqual(elsewhere.journal.entries, []);
    } finally {
      await elsewhere.close();
    }
  });

  it("do not believe a plan that leaves something out, or repeats it", async () => {
    for (const change of [
      (terms: unknown[]) => terms.slice(1),
      (terms: unknown[]) => [...terms, terms.at(-1)],
      (terms: unknown[]) => Array.from({ length: 50_000 }, () => terms[0]),
    ]) {
      rewrite("reconstructions", (body) => ({ ...body, terms: change(body["terms"] as unknown[]) }));
      await assert.rejects(big({ transport: "xet" }), refusal("ERR_HF_BAD_ANSWER"));
      hub.faults.length = 0;
    }
    // As long as it should be, in another order: only the hash can tell.
    rewrite("reconstructions", (body) => ({ ...body, terms: (body["terms"] as unknown[]).toReversed() }));
    await assert.rejects(big({ transport: "xet" }), (error) => isHfError(error));
  });

  it("go on where an aborted download was, by either way", async () => {
    for (const [first, second] of [
      ["xet", "xet"],
      ["xet", "http"],
      ["http", "xet"],
    ] as const) {
      const events = await stopped(first);
      const kept = events.find((event) => event.kind === "kept");
      assert.ok(kept !== undefined && kept.bytes >= 16 * 1024 * 1024, `${first} kept nothing`);
      const again: DownloadEvent[] = [];
      const { path, downloadedBytes } = await long({ transport: second, onEvent: (event) => void again.push(event) });
      assertRight(path);
      assert.equal(downloadedBytes, LONG - kept.bytes, `${first} then ${second}`);
      assert.ok(again.some((event) => event.kind === "resumed" && event.from === kept.bytes));
      rmSync(cacheDir, { recursive: true });
    }
  });

  it("go on where a killed process was, as far as it had noted", { skip: linux }, async () => {
    const here = (file: string): string => JSON.stringify(new URL(file, import.meta.url).href);
    const code = `
      import { createHubClient } from ${here("../hub/index.js")};
      import { fetchFile } from ${here("./index.js")};
      const hub = createHubClient({ endpoint: ${JSON.stringify(hub.url)} });
      await fetchFile(hub, ${JSON.stringify(LONG_REPO)}, "big.bin", ${JSON.stringify({ cacheDir, transport: "xet" })});`;
    const unslow = hub.fault({ origin: "cdn", method: "GET", slowBody: 20_000_000 });
    const child = spawn(process.execPath, ["--input-type=module", "-e", code], { stdio: "ignore" });
    const ended = new Promise((resolve) => child.once("close", resolve));
    const sent = (): number => hub.journal.entries.reduce((sum, entry) => sum + entry.sent, 0);
    while (sent() < 28_000_000) await new Promise((resolve) => setTimeout(resolve, 5));
    child.kill("SIGKILL");
    await ended;
    unslow();
    const events: DownloadEvent[] = [];
    const { path } = await long({ transport: "xet", onEvent: (event) => void events.push(event) });
    assertRight(path);
    const resumed = events.find((event) => event.kind === "resumed");
    assert.ok(resumed !== undefined && resumed.from >= 16 * 1024 * 1024, JSON.stringify(events.slice(0, 4)));
    assert.ok(!events.some((event) => event.kind === "retry"), "holes of the file were taken for content");
    const twice = asked("/xorbs/").reduce((bytes, entry) => bytes + entry.sent, 0) - LONG;
    assert.ok(twice <= 16 * 1024 * 1024, `${twice} bytes came twice`);
  });

  it("begin anew when what was left is wrong", async () => {
    await stopped("xet");
    const blobs = join(cacheDir, "models--alice--long-xet", "blobs");
    const left = readdirSync(blobs).find((name) => name.endsWith(".incomplete") && !name.includes("owner"));
    const file = openSync(join(blobs, left ?? ""), "r+");
    writeSync(file, "wrong", 5000);
    closeSync(file);
    const { path, events } = await long({ transport: "xet" });
    assertRight(path);
    assert.deepEqual(
      events.map((event) => event.split(":")[0]),
      ["transport xet", "retry", "transport xet"],
    );
  });

  it("end with the caller's reason, and leave nothing", async () => {
    fault({ origin: "cdn", path: "/xorbs/", slowBody: 100_000 });
    const stop = new AbortController();
    const going = big({ signal: stop.signal });
    while (asked("/xorbs/").length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    stop.abort(new Error("enough"));
    await assert.rejects(going, /enough/);
    assert.throws(() => readdirSync(join(cacheDir, "models--alice--big-xet", "blobs")), /ENOENT/);
  });
});

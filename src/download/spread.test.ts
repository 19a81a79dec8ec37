import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import type { Clock } from "../core/ports.ts";
import { createRepo } from "../core/repo.ts";
import { Secret } from "../core/secret.ts";
import { createHubClient, createNodeFetch } from "../hub/index.ts";
import { createTransfer } from "../hub/transfer.ts";
import { startLocalhub } from "../localhub/index.ts";
import type { FaultRule, JournalEntry, Localhub } from "../localhub/index.ts";
import { fetchSnapshot } from "./snapshot.ts";
import type { DownloadEvent, SnapshotOptions } from "./types.ts";

const REPO = createRepo("alice/large");
const NAME = "model.safetensors";
const SIZE = 26_000_000;
/** Bytes a second that the storage gives each connection here. */
const RATE = 24_000_000;
let hub: Localhub;
let home: string;
before(async () => {
  hub = await startLocalhub({
    seed: {
      users: [{ name: "alice" }],
      tokens: [{ name: "read", owner: "alice", role: "read" }],
      repos: [
        {
          id: REPO.id,
          private: true,
          commits: [{ message: "one", files: { [NAME]: { size: SIZE, seed: 7 }, "b.bin": { size: SIZE, seed: 8 } } }],
        },
      ],
    },
  });
});
after(() => hub.close());
beforeEach(async () => {
  await hub.reset();
  hub.journal.clear();
  home = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), "latchkey-spread-")));
});
afterEach(() => fs.rmSync(home, { recursive: true, force: true }));

const cdn = { origin: "cdn", method: "GET" } as const;

/** Time that goes by eight times as fast, so that little of it has to be waited for. */
const SPEED = 8;
const quick: Clock = {
  now: () => Date.now() * SPEED,
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(resolve, ms / SPEED);
      signal?.addEventListener("abort", () => {
        clearTimeout(timer);
        reject(signal.reason as Error);
      });
    }),
};

/** The transfers of file bodies, and how many there were at the same time, at most. */
function countingTransfer() {
  const transfer = createTransfer();
  let now = 0;
  let most = 0;
  const openBody: typeof transfer.openBody = async (url, headers, options) => {
    if (url.origin !== hub.cdnUrl) return transfer.openBody(url, headers, options);
    most = Math.max(most, ++now);
    let open = true;
    const ended = (): void => {
      if (open) now--;
      open = false;
    };
    try {
      const body = await transfer.openBody(url, headers, options);
      return {
        ...body,
        receive: (onBytes) => body.receive(onBytes).finally(ended),
        cancel() {
          body.cancel();
          ended();
        },
      };
    } catch (error) {
      ended();
      throw error;
    }
  };
  return { openBody, close: () => transfer.close(), most: () => most };
}

/** A download from a storage that holds each connection to a rate, and has these faults besides. */
async function fetchHere(
  rules: readonly FaultRule[],
  more: Partial<SnapshotOptions> & { timeoutMs?: number; ordinary?: boolean } = {},
) {
  const { timeoutMs = 30_000, ordinary = false, ...options } = more;
  hub.fault({ ...cdn, slowBody: RATE });
  for (const rule of rules) hub.fault(rule);
  const token = Secret.of(hub.tokens["read"] ?? "");
  const events: DownloadEvent[] = [];
  const transfer = countingTransfer();
  const nodeFetch = createNodeFetch();
  const client = createHubClient({
    endpoint: hub.url,
    ...(ordinary ? { fetch: nodeFetch } : { openBody: transfer.openBody }),
    credential: { token, origin: new URL(hub.url).origin, source: "test" },
    clock: quick,
    transferTimeoutMs: timeoutMs,
  });
  const onEvent = (event: DownloadEvent): void => void events.push(event);
  try {
    const all = { cacheDir: join(home, "hub"), files: [NAME], clock: quick, onEvent, ...options };
    return { result: await fetchSnapshot(client, REPO, all), events, most: transfer.most() };
  } finally {
    client.close();
    transfer.close();
    nodeFetch.close();
  }
}

const gets = (): JournalEntry[] =>
  hub.journal.entries.filter(({ origin, method }) => origin === "cdn" && method === "GET");
const ranges = (): (string | undefined)[] => gets().map(({ headers }) => headers["range"]);

/** What was published has its hash for a name, and nothing else is left. */
function assertWhole(path: string): void {
  const blob = fs.realpathSync(path);
  assert.equal(createHash("sha256").update(fs.readFileSync(blob)).digest("hex"), blob.slice(-64));
  assertNothingLeft();
}

function assertNothingLeft(): void {
  const left = fs.readdirSync(join(home, "hub"), { recursive: true, encoding: "utf8" });
  assert.deepEqual(
    left.filter((name) => name.endsWith(".incomplete")),
    [],
  );
}

describe("a large file from a storage that holds each connection to a rate", () => {
  it("comes over several connections, each with a range of the same content", async () => {
    const { result, events, most } = await fetchHere([]);
    assertWhole(join(result.path, NAME));
    const [first, ...others] = gets();
    assert.ok(first !== undefined);
    assert.equal(first.headers["range"], undefined);
    assert.ok(most >= 2, "never two at the same time");
    assert.ok(most <= 8);
    let end = first.sent;
    for (const { headers, status } of others) {
      const [, start, last] = /^bytes=(\d+)-(\d*)$/.exec(headers["range"] ?? "") ?? [];
      assert.ok(Number(start) <= end, "a gap");
      end = last === "" ? SIZE : Math.max(end, Number(last) + 1);
      assert.equal(status, 206);
      assert.match(headers["if-range"] ?? "", /^"[0-9a-f]{64}"$/);
    }
    assert.equal(end, SIZE);
    assert.equal(result.downloadedBytes, SIZE);
    const last = events.findLast(({ kind }) => kind === "progress");
    assert.ok(last?.kind === "progress" && last.bytes === SIZE && last.totalBytes === SIZE);
    for (const event of events) assert.ok(event.kind !== "progress" || event.bytes <= SIZE);
  });

  it("sends the token to the Hub alone, on every connection", async () => {
    await fetchHere([]);
    const token = hub.tokens["read"] ?? "";
    assert.ok(gets().length > 1);
    for (const { origin, headers } of hub.journal.entries) {
      if (origin === "hub") assert.equal(headers["authorization"], `Bearer ${token}`);
      else assert.ok(!JSON.stringify(headers).includes(token));
    }
    const asked = hub.journal.entries.filter(({ origin, url }) => origin === "hub" && url.includes("/resolve/"));
    assert.equal(asked.length, gets().length, "each range asks the Hub anew where it is");
  });

  it("comes over one connection where that is all there may be", async () => {
    const { result, most } = await fetchHere([], { maxWorkers: 1 });
    assertWhole(join(result.path, NAME));
    assert.deepEqual([ranges(), most], [[undefined], 1]);
  });

  it("has no more connections together with others than there may be", async () => {
    const { result, most } = await fetchHere([], { maxWorkers: 3, files: [NAME, "b.bin"] });
    for (const name of [NAME, "b.bin"]) assertWhole(join(result.path, name));
    assert.ok(most <= 3, String(most));
    assert.ok(gets().length > 2, "none was worth a second one");
  });

  it("does so as well by the ordinary client, which is taken where a proxy stands between", async () => {
    const { result } = await fetchHere([], { ordinary: true });
    assertWhole(join(result.path, NAME));
    assert.ok(gets().length > 1);
  });

  it("goes into a local dir as well", async () => {
    const localDir = join(home, "dir");
    await fetchHere([], { localDir });
    assert.ok(gets().length > 1);
    const [digest] = gets()
      .map(({ headers }) => headers["if-range"])
      .filter(Boolean);
    assert.equal(
      `"${createHash("sha256")
        .update(fs.readFileSync(join(localDir, NAME)))
        .digest("hex")}"`,
      digest,
    );
  });
});

describe("a storage that", () => {
  it("knows no ranges is asked for one once, and the file comes as it began", async () => {
    const { result } = await fetchHere([{ ...cdn, ignoreRange: true }]);
    assertWhole(join(result.path, NAME));
    assert.equal(gets().length, 2);
    assert.equal(gets()[0]?.sent, SIZE);
  });

  it("lies about the first range is asked for no other", async () => {
    for (const wrongContentRange of [1, "nonsense"]) {
      const { result } = await fetchHere([{ ...cdn, wrongContentRange }]);
      assertWhole(join(result.path, NAME));
      assert.equal(gets().length, 2);
      await hub.reset();
      hub.journal.clear();
      fs.rmSync(join(home, "hub"), { recursive: true });
    }
  });

  it("has no strong etag is asked for no range", async () => {
    for (const rule of [{ dropHeader: ["etag"] }, { etag: 'W/"weak"' }]) {
      const { result } = await fetchHere([{ ...cdn, ...rule }]);
      assertWhole(join(result.path, NAME));
      assert.equal(gets().length, 1);
      await hub.reset();
      hub.journal.clear();
      fs.rmSync(join(home, "hub"), { recursive: true });
    }
  });

  it("takes one connection and refuses all others is left with the one", async () => {
    for (const rule of [
      { status: 429, retryAfter: 3600 },
      { status: 503 },
      { status: 416 },
      { cut: { reset: true } },
    ]) {
      const { result } = await fetchHere([{ ...cdn, skip: 1, ...rule }]);
      assertWhole(join(result.path, NAME));
      assert.equal(gets()[0]?.sent, SIZE);
      await hub.reset();
      hub.journal.clear();
      fs.rmSync(join(home, "hub"), { recursive: true });
    }
  });

  /** What happens to ranges after the first one, when the work is divided already. */
  const passing: Record<string, FaultRule> = {
    "refuses a connection more": { ...cdn, skip: 2, times: 2, status: 429, retryAfter: 1 },
    "fails now and then": { ...cdn, skip: 2, times: 2, status: 500 },
    "says that a signed address has ended": { ...cdn, skip: 2, times: 2, status: 403 },
    "cuts bodies": { ...cdn, skip: 1, times: 4, cut: { afterBytes: 700_000 } },
    "resets connections": { ...cdn, skip: 1, times: 4, cut: { afterBytes: 700_000, reset: true } },
    "closes after each answer": { ...cdn, connectionClose: true },
    "has no such range any more": { ...cdn, skip: 2, times: 1, status: 416 },
    "gives another range": { ...cdn, skip: 1, times: 2, wrongContentRange: 5 },
    "gives the whole from some day on": { ...cdn, skip: 1, ignoreRange: true },
    "has another etag from some day on": { ...cdn, skip: 2, etag: '"another"' },
    "has another length": { ...cdn, skip: 2, times: 1, wrongLength: -3 },
    "sends in chunks": { ...cdn, skip: 2, chunked: true },
    "sends a page of a portal": { ...cdn, skip: 2, times: 1, htmlBody: true },
    "sends no HTTP": { ...cdn, skip: 2, times: 1, garbage: true },
    "sends a wrong byte": { ...cdn, skip: 2, times: 1, corrupt: { at: 0, bytes: SIZE } },
  };
  for (const [name, rule] of Object.entries(passing)) {
    it(`${name} in the middle of it does not keep the file from coming, right`, async () => {
      const { result } = await fetchHere([rule]);
      assertWhole(join(result.path, NAME));
      assert.ok(gets().length > 2, "the work was never divided");
    });
  }

  it("stands still on one of the connections is asked again for the rest of that piece", async () => {
    const { result, events } = await fetchHere([{ ...cdn, skip: 1, times: 1, stall: { afterBytes: 500_000 } }], {
      timeoutMs: 400,
    });
    assertWhole(join(result.path, NAME));
    const retry = events.find(({ kind }) => kind === "retry");
    assert.ok(retry?.kind === "retry" && ranges().some((range) => range?.startsWith(`bytes=${retry.from}-`) === true));
  });

  it("sends wrong bytes whenever it is asked ends in an error, and leaves nothing", async () => {
    await assert.rejects(fetchHere([{ ...cdn, corrupt: { at: SIZE - 2 } }]), { code: "ERR_HF_INTEGRITY" });
    assertNothingLeft();
  });
});

import assert from "node:assert/strict";
import type { IncomingHttpHeaders } from "node:http";
import { request } from "node:http";
import { after, before, beforeEach, describe, it } from "node:test";
import type { JournalEntry } from "./journal.ts";
import type { Localhub } from "./server.ts";
import { startLocalhub } from "./server.ts";

type Answer = { status: number; headers: IncomingHttpHeaders; body: string };
type Ask = { method?: string; headers?: Record<string, string>; body?: string };

/** Not `fetch`: that one sends headers of its own, and not every Host. */
function ask(url: string, options: Ask = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      { agent: false, method: options.method ?? "GET", headers: options.headers ?? {} },
      (got) => {
        let body = "";
        got.setEncoding("latin1");
        got.on("data", (part: string) => (body += part));
        got.on("end", () => resolve({ status: got.statusCode ?? 0, headers: got.headers, body }));
      },
    );
    sent.on("error", reject);
    sent.end(options.body);
  });
}

describe("faults by header", () => {
  let hub: Localhub;
  before(async () => {
    hub = await startLocalhub();
  });
  after(() => hub.close());

  const fault = (value: unknown): Record<string, string> => ({ "X-Localhub-Fault": JSON.stringify(value) });

  it("spoils the one request that carries them, on both origins", async () => {
    const path = `${hub.url}/api/models/alice/tiny-model`;
    assert.equal((await ask(path, { headers: fault({ status: 503 }) })).status, 503);
    assert.equal((await ask(path)).status, 200);
    const both = await ask(path, { headers: fault([{ etag: '"a"' }, { commit: "b" }]) });
    assert.deepEqual([both.headers["etag"], both.headers["x-repo-commit"]], ['"a"', "b"]);
    assert.equal((await ask(`${hub.cdnUrl}/lfs/x`, { headers: fault({ status: 418 }) })).status, 418);
    assert.equal((await ask(path, { headers: fault({ origin: "cdn", status: 503 }) })).status, 200);
  });

  it("refuses what is no rule, saying why", async () => {
    for (const [value, problem] of [
      ["{", /JSON/],
      ['{"statsu":1}', /X-Localhub-Fault\.statsu: unknown field/],
      ['{"status":500,"times":2}', /X-Localhub-Fault\.times: the header is about one request/],
    ] as const) {
      const { status, body } = await ask(`${hub.url}/api/whoami-v2`, { headers: { "X-Localhub-Fault": value } });
      assert.equal(status, 400);
      assert.match(body, problem);
    }
  });
});

describe("control calls", () => {
  let hub: Localhub;
  before(async () => {
    hub = await startLocalhub();
  });
  after(() => hub.close());
  beforeEach(() => hub.reset());

  const JSON_TYPE = { "Content-Type": "application/json" };
  const call = (method: string, name: string, body?: unknown): Promise<Answer> =>
    ask(`${hub.url}/_localhub/${name}`, {
      method,
      headers: JSON_TYPE,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });

  it("set, list and take away faults", async () => {
    const set = await call("POST", "faults", [{ status: 500, times: 1 }, { etag: '"x"' }]);
    assert.equal(set.status, 200);
    assert.equal((await ask(`${hub.url}/api/whoami-v2`)).status, 500);
    assert.equal((await ask(`${hub.url}/api/whoami-v2`)).headers["etag"], '"x"');
    const listed = JSON.parse((await call("GET", "faults")).body) as unknown;
    assert.deepEqual(listed, { faults: [{ rule: { etag: '"x"' }, hits: 2 }] });
    await call("POST", "faults", { commit: "y" });
    assert.equal((await call("DELETE", "faults")).status, 200);
    const { headers } = await ask(`${hub.url}/api/models/alice/tiny-model`);
    assert.deepEqual([headers["etag"], headers["x-repo-commit"]], [undefined, undefined]);
  });

  it("set none of a list that has a bad one in it", async () => {
    const { status, body } = await call("POST", "faults", [{ status: 500 }, { statsu: 500 }]);
    assert.deepEqual([status, JSON.parse(body)], [400, { error: "fault[1].statsu: unknown field" }]);
    assert.deepEqual(JSON.parse((await call("GET", "faults")).body), { faults: [] });
    assert.equal(
      (await ask(`${hub.url}/_localhub/faults`, { method: "POST", headers: JSON_TYPE, body: "{" })).status,
      400,
    );
  });

  it("read the journal with credentials, and empty it; they are not in it, nor spoiled", async () => {
    hub.fault({ status: 500 });
    await ask(`${hub.url}/api/whoami-v2`, { headers: { Authorization: "Bearer of-this-test" } });
    const journal = await call("GET", "journal");
    const { entries } = JSON.parse(journal.body) as { entries: JournalEntry[] };
    assert.deepEqual(
      entries.map(({ url, status, headers }) => [url, status, headers["authorization"]]),
      [[`${hub.url}/api/whoami-v2`, 500, "Bearer of-this-test"]],
    );
    assert.equal((await call("DELETE", "journal")).status, 200);
    assert.equal(hub.journal.entries.length, 0);
  });

  it("reset the hub", async () => {
    await ask(`${hub.url}/acme/gated-auto/ask-access`, {
      method: "POST",
      headers: { ...JSON_TYPE, Authorization: `Bearer ${hub.tokens["carol-read"]}` },
      body: "{}",
    });
    hub.fault({ status: 500 });
    const check = (): Promise<Answer> =>
      ask(`${hub.url}/api/models/acme/gated-auto/auth-check`, {
        headers: { Authorization: `Bearer ${hub.tokens["carol-read"]}` },
      });
    assert.equal((await check()).status, 500);
    assert.equal((await call("POST", "reset")).status, 200);
    assert.equal((await check()).status, 403);
  });

  it("are not for web pages: foreign Host, Origin, Sec-Fetch-Site, and types that a form can send", async () => {
    const { port } = new URL(hub.url);
    const url = `${hub.url}/_localhub/faults`;
    const body = JSON.stringify({ status: 500 });
    const refused = async (headers: Record<string, string>, status: number, method = "POST"): Promise<void> => {
      const answer = await ask(url, {
        method,
        headers: { ...JSON_TYPE, ...headers },
        ...(method === "POST" ? { body } : {}),
      });
      assert.equal(answer.status, status, JSON.stringify(headers));
      assert.equal(answer.headers["access-control-allow-origin"], undefined);
    };
    const before = hub.journal.entries.length;
    for (const host of [
      `evil.example:${port}`,
      `localhost.evil.example:${port}`,
      "localhost",
      "localhost:1",
      `127.0.0.1:1`,
    ]) {
      await refused({ Host: host }, 403);
      await refused({ Host: host }, 403, "GET");
    }
    await refused({ Origin: "https://evil.example" }, 403);
    await refused({ Origin: "null" }, 403, "DELETE");
    await refused({ Origin: hub.url }, 403);
    await refused({ "Sec-Fetch-Site": "cross-site" }, 403, "GET");
    await refused({ "Sec-Fetch-Site": "same-origin" }, 403, "GET");
    for (const type of [
      "text/plain",
      "application/x-www-form-urlencoded",
      "multipart/form-data",
      "",
      "text/application/json",
    ]) {
      await refused({ "Content-Type": type }, 415);
    }
    assert.equal((await ask(`${hub.url}/_localhub/reset`, { method: "POST" })).status, 415);
    assert.deepEqual(JSON.parse((await call("GET", "faults")).body), { faults: [] });
    assert.equal(hub.journal.entries.length, before);
    // What a preflight would need to hear is never said.
    const preflight = await ask(url, { method: "OPTIONS", headers: { Origin: "https://evil.example" } });
    assert.deepEqual([preflight.status, preflight.headers["access-control-allow-origin"]], [403, undefined]);
    for (const host of ["localhost", "127.0.0.1", "[::1]"]) {
      assert.equal((await ask(url, { headers: { Host: `${host}:${port}` } })).status, 200);
    }
  });

  it("are on the hub's origin alone, in one spelling, and of bounded size", async () => {
    assert.equal((await ask(`${hub.cdnUrl}/_localhub/journal`)).status, 404);
    for (const name of ["journal/x", "%6aournal", "constructor", ""]) {
      assert.equal((await call("GET", name)).status, 404, name);
    }
    assert.equal((await call("POST", "faults", { status: 500, message: "x".repeat(1024 * 1024) })).status, 413);
  });
});

import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, beforeEach, describe, it } from "node:test";
import type { Localhub } from "./server.ts";
import { startLocalhub } from "./server.ts";

describe("startLocalhub()", () => {
  let hub: Localhub;
  before(async () => {
    hub = await startLocalhub();
  });
  after(() => hub.close());
  beforeEach(() => hub.reset());

  const get = (path: string, token?: string, init: RequestInit = {}): Promise<Response> => {
    const auth = token === undefined ? {} : { authorization: `Bearer ${hub.tokens[token] ?? token}` };
    return fetch(hub.url + path, { redirect: "manual", ...init, headers: { ...auth, ...init.headers } });
  };
  const post = (path: string, token: string, body: unknown): Promise<Response> =>
    get(path, token, { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } });
  const refusal = async (response: Response): Promise<[number, string | null, string | null]> => {
    await response.text();
    return [response.status, response.headers.get("x-error-code"), response.headers.get("x-error-message")];
  };

  it("has two origins with different host names", () => {
    assert.match(hub.url, /^http:\/\/localhost:\d+$/);
    assert.match(hub.cdnUrl, /^http:\/\/127\.0\.0\.1:\d+$/);
  });

  it("names, numbers and counts every answer", async () => {
    const response = await get("/api/models/alice/tiny-model");
    await response.text();
    assert.ok(response.headers.get("x-request-id"));
    assert.match(response.headers.get("ratelimit") ?? "", /^"api";r=\d+;t=\d+$/);
    assert.equal(response.headers.get("ratelimit-policy"), '"fixed window";"api";q=500;w=300');
    const unknown = await get("/api/nothing/here");
    assert.deepEqual(
      [unknown.status, await unknown.json()],
      [404, { error: "Sorry, we can't find the page you are looking for." }],
    );
  });

  it("writes every request down with its credential, and forgets them on clear", async () => {
    await (await get("/api/whoami-v2", "bob-read")).text();
    const [entry] = hub.journal.entries;
    assert.equal(hub.journal.entries.length, 1);
    assert.equal(entry?.url, `${hub.url}/api/whoami-v2`);
    assert.equal(entry?.headers["authorization"], `Bearer ${hub.tokens["bob-read"]}`);
    assert.deepEqual([entry?.origin, entry?.status], ["hub", 200]);
    hub.journal.clear();
    assert.equal(hub.journal.entries.length, 0);
  });

  it("forgets changes on reset and keeps the tokens", async () => {
    const before = hub.tokens["carol-read"];
    hub.faults.push({});
    await post("/acme/gated-auto/ask-access", "carol-read", {});
    assert.equal((await get("/api/models/acme/gated-auto/auth-check", "carol-read")).status, 200);
    await hub.reset();
    assert.deepEqual([hub.faults.length, hub.journal.entries.length], [0, 0]);
    assert.equal(hub.tokens["carol-read"], before);
    assert.equal((await get("/api/models/acme/gated-auto/auth-check", "carol-read")).status, 403);
  });

  describe("whoami", () => {
    it("tells the user, the organisations and the token", async () => {
      const response = await get("/api/whoami-v2", "alice-fine");
      const body = (await response.json()) as Record<string, never>;
      assert.deepEqual(Object.keys(body), [
        "type",
        "id",
        "name",
        "fullname",
        "email",
        "emailVerified",
        "canPay",
        "billingMode",
        "periodEnd",
        "isPro",
        "avatarUrl",
        "orgs",
        "auth",
      ]);
      const { auth, orgs } = body as unknown as {
        auth: { type: string; accessToken: { role: string; fineGrained: { canReadGatedRepos: boolean } } };
        orgs: { name: string; roleInOrg: string }[];
      };
      assert.equal(auth.type, "access_token");
      assert.equal(auth.accessToken.role, "fineGrained");
      assert.equal(auth.accessToken.fineGrained.canReadGatedRepos, true);
      assert.deepEqual([orgs[0]?.name, orgs[0]?.roleInOrg], ["acme", "admin"]);
    });

    it("speaks for an organisation and for an OAuth login", async () => {
      const org = (await (await get("/api/whoami-v2", "acme-org")).json()) as Record<string, unknown>;
      assert.deepEqual([org["type"], org["name"], org["orgs"]], ["org", "acme", []]);
      const oauth = (await (await get("/api/whoami-v2", "alice-oauth")).json()) as { auth: Record<string, unknown> };
      assert.equal(oauth.auth["type"], "oauth");
      assert.equal(typeof oauth.auth["expiresAt"], "string");
    });

    it("refuses missing, unknown, expired and revoked tokens", async () => {
      for (const token of [undefined, "hf_nobody", "alice-expired", "alice-revoked"]) {
        const response = await get("/api/whoami-v2", token);
        assert.equal(
          response.headers.get("www-authenticate"),
          'Bearer realm="Authentication required", charset="UTF-8"',
        );
        assert.deepEqual(await refusal(response), [401, null, "Invalid username or password."]);
      }
    });
  });

  describe("faults", () => {
    it("may answer first, change the answer, change the bytes, and cut", async () => {
      const path = "/alice/private-model/resolve/main/config.json";
      hub.faults.push({ before: () => ({ status: 503, headers: {} }) });
      assert.equal((await get(path, "alice-read")).status, 503);
      hub.faults.length = 0;
      hub.faults.push({
        after: (_request, response) => ({ ...response, headers: { ...response.headers, ETag: '"../x"' } }),
      });
      assert.equal((await get(path, "alice-read")).headers.get("etag"), '"../x"');
      hub.faults.length = 0;
      hub.faults.push({
        body: async function* (_request, _response, bytes) {
          for await (const chunk of bytes) {
            yield chunk.subarray(0, 1);
            throw new Error("cut");
          }
        },
      });
      await assert.rejects(async () => (await get(path, "alice-read")).text());
    });
  });
});

describe("a hub's life", () => {
  it("refuses when limits are enforced", async () => {
    const tier = { api: 1, resolvers: 1, pages: 1 };
    const quotas = { anonymous: tier, free: tier, pro: tier };
    const hub = await startLocalhub({ enforceRateLimit: true, quotas });
    try {
      assert.equal((await fetch(`${hub.url}/api/models/alice/tiny-model`)).status, 200);
      const second = await fetch(`${hub.url}/api/models/alice/tiny-model`);
      assert.equal(second.status, 429);
      assert.match(second.headers.get("ratelimit") ?? "", /^"api";r=0;t=\d+$/);
    } finally {
      await hub.close();
    }
  });

  it("does not say that nothing is left where it would refuse nothing", async () => {
    const tier = { api: 1, resolvers: 1, pages: 1 };
    const hub = await startLocalhub({ quotas: { anonymous: tier, free: tier, pro: tier } });
    try {
      for (let round = 0; round < 3; round++) {
        const answer = await fetch(`${hub.url}/api/models/alice/tiny-model`);
        assert.equal(answer.status, 200);
        assert.match(answer.headers.get("ratelimit") ?? "", /^"api";r=1;t=\d+$/);
      }
    } finally {
      await hub.close();
    }
  });

  it("ends idle connections when it closes", async () => {
    const hub = await startLocalhub();
    const socket = connect({ host: "127.0.0.1", port: Number(new URL(hub.cdnUrl).port) });
    await new Promise((resolve) => socket.once("connect", resolve));
    const ended = new Promise((resolve) => socket.once("close", resolve));
    socket.on("error", () => {});
    await hub.close();
    await ended;
  });
});

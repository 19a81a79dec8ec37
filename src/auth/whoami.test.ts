import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { describe, it } from "node:test";
import type { Credential } from "../core/credential.ts";
import { HfError, NetworkError, RateLimitError, TokenError } from "../core/errors.ts";
import { Secret } from "../core/secret.ts";
import { createHubClient } from "../hub/index.ts";
import { readIdentity } from "./identity.ts";
import { whoami } from "./whoami.ts";

const full = {
  type: "user",
  id: "64b0f1f77bcf86cd79943901",
  name: "alice",
  fullname: "Alice \u001b[31mA",
  email: "a@example.org",
  emailVerified: true,
  canPay: false,
  billingMode: "prepaid",
  periodEnd: 1_767_225_600,
  isPro: false,
  avatarUrl: "https://example.org/a.png",
  orgs: [
    {
      type: "org",
      name: "acme",
      fullname: "Acme",
      roleInOrg: "write",
      plan: "enterprise",
      securityRestrictions: ["mfa"],
      pendingSSO: true,
    },
    { type: "org" },
    "nonsense",
  ],
  auth: {
    type: "access_token",
    accessToken: {
      displayName: "laptop",
      role: "fineGrained",
      createdAt: "2026-01-02T03:04:05.678Z",
      fineGrained: {
        canReadGatedRepos: true,
        global: ["discussion.write", 7],
        scoped: [
          { entity: { _id: "1", type: "model", name: "alice/m" }, permissions: ["repo.content.read", "repo.write"] },
          { permissions: "nonsense" },
        ],
      },
    },
  },
};

describe("readIdentity()", () => {
  it("narrows the Hub's full answer, and makes its text plain", () => {
    assert.deepEqual(readIdentity(full), {
      type: "user",
      name: "alice",
      fullName: "Alice [31mA",
      email: "a@example.org",
      isPro: false,
      orgs: [{ name: "acme", fullName: "Acme", role: "write", plan: "enterprise", restrictions: ["mfa", "sso"] }],
      authType: "access_token",
      token: {
        name: "laptop",
        role: "fineGrained",
        createdAt: new Date("2026-01-02T03:04:05.678Z"),
        permissions: {
          canReadGatedRepos: true,
          global: ["discussion.write"],
          scoped: [
            { entityType: "model", entityName: "alice/m", permissions: ["repo.content.read", "repo.write"] },
            { entityType: "unknown", permissions: [] },
          ],
        },
      },
    });
  });

  it("asks for a type and a name only", () => {
    assert.deepEqual(readIdentity({ type: "user", name: "bob" }), { type: "user", name: "bob", orgs: [] });
    assert.deepEqual(readIdentity({ type: "app", name: "space", orgs: null, auth: 5, isPro: "yes", email: 1 }), {
      type: "app",
      name: "space",
      orgs: [],
    });
  });

  it("reads the expiry of an OAuth answer, as a date or in seconds", () => {
    const auth = (expiresAt: unknown) => readIdentity({ type: "user", name: "a", auth: { type: "oauth", expiresAt } });
    assert.equal(auth("2026-01-01T00:00:00Z").expiresAt?.toISOString(), "2026-01-01T00:00:00.000Z");
    assert.equal(auth(1_767_225_600).expiresAt?.toISOString(), "2026-01-01T00:00:00.000Z");
    for (const nonsense of ["soon", null, {}, Number.NaN]) assert.equal(auth(nonsense).expiresAt, undefined);
  });

  it("refuses what is no answer of a Hub", () => {
    for (const body of [
      undefined,
      null,
      "user",
      [],
      {},
      { type: "user" },
      { name: "a" },
      { type: "bot", name: "a" },
      { type: "user", name: "\u200b" },
    ]) {
      assert.throws(
        () => readIdentity(body),
        (error) => error instanceof NetworkError && error.code === "ERR_HF_BAD_ANSWER",
        JSON.stringify(body),
      );
    }
  });
});

describe("whoami()", () => {
  const endpoint = "https://hub.acme.io";
  const credential = (source: string): Credential => ({
    token: Secret.of(`hf_${"i".repeat(34)}`),
    origin: endpoint,
    source,
  });
  const hub = (answer: () => unknown, from = "env:HF_TOKEN") => ({
    endpoint,
    credential: credential(from),
    async json(path: string): Promise<unknown> {
      assert.equal(path, "api/whoami-v2");
      return answer();
    },
  });
  const throwing = (error: Error, from?: string) =>
    whoami(
      hub(() => {
        throw error;
      }, from),
    );

  it("asks the one route", async () => assert.equal((await whoami(hub(() => full))).name, "alice"));

  it("does not ask when there is no token", async () => {
    const nobody = { endpoint, credential: undefined, json: () => assert.fail("asked") };
    await assert.rejects(whoami(nobody), (error) => error instanceof HfError && error.code === "ERR_HF_NOT_SIGNED_IN");
  });

  it("names the source of a token that the Hub does not know, and what to do there", async () => {
    const answer = new TokenError("ERR_HF_INVALID_TOKEN", "no", { status: 401, requestId: "req-1" });
    for (const [from, step] of [
      ["env:HF_TOKEN", /unset it to use a saved login/],
      ["file:/home/me/token", /hf auth login --force/],
      ["the prompt", /https:\/\/hub\.acme\.io\/settings\/tokens/],
    ] as const) {
      await assert.rejects(throwing(answer, from), (error) => {
        assert.ok(error instanceof TokenError);
        assert.equal(error.code, "ERR_HF_INVALID_TOKEN");
        assert.ok(error.message.includes(from), error.message);
        assert.match(error.hint ?? "", step);
        assert.equal(error.requestId, "req-1");
        return true;
      });
    }
  });

  it("reads the Hub's own refusals so, over a real connection", async (t) => {
    let status = 200;
    const server = createServer((request, response) => {
      const known = request.headers.authorization === `Bearer ${credential("x").token.expose()}`;
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(status === 200 && known ? full : { error: "Invalid username or password." }));
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    t.after(() => server.close().closeAllConnections());
    const address = server.address();
    assert.ok(typeof address === "object" && address !== null);
    const origin = `http://127.0.0.1:${address.port}`;
    const client = createHubClient({
      endpoint: origin,
      credential: { ...credential("env:HF_TOKEN"), origin },
      retries: 0,
    });
    t.after(() => client.close());
    assert.equal((await whoami(client)).name, "alice");
    status = 401;
    await assert.rejects(whoami(client), (error) => error instanceof TokenError && /env:HF_TOKEN/.test(error.message));
    status = 429;
    await assert.rejects(whoami(client), (error) => error instanceof HfError && error.code === "ERR_HF_RATE_LIMITED");
  });

  it("never takes a rate limit, or a fault of the Hub, for a bad token", async () => {
    const limit = new RateLimitError("slow down", { status: 429, retryAfter: 12 });
    await assert.rejects(throwing(limit), limit);
    const down = new NetworkError("ERR_HF_HUB_DOWN", "fault", { status: 503 });
    await assert.rejects(throwing(down), down);
  });
});

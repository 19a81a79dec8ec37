import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { quickClock, serve } from "../../test/support/scripted-server.ts";
import { isHfError } from "../core/errors.ts";
import type { HfErrorCode } from "../core/errors.ts";
import { Secret } from "../core/secret.ts";
import { createHubClient } from "../hub/index.ts";
import { createFileTokenStore } from "./file-token-store.ts";
import { revocable, revokeToken } from "./revoke.ts";
import type { RevokeOptions } from "./revoke.ts";
import { planLogin } from "./store-plans.ts";
import type { TokenStore } from "./token-store.ts";
import { trustEndpoint } from "./trust.ts";

const HUB = "https://huggingface.co";
const MIRROR = "https://mirror.example";
const a = Secret.of(`hf_${"a".repeat(34)}`);
const b = Secret.of(`hf_${"b".repeat(34)}`);
const refresh = Secret.of("refresh-of-b");

const coded =
  (code: HfErrorCode, pattern = /./) =>
  (error: unknown): boolean =>
    isHfError(error) && error.code === code && pattern.test(`${error.message} ${error.hint}`);

describe("revokeToken()", () => {
  const clock = quickClock();
  beforeEach(() => void clock.waits.splice(0));
  const options: RevokeOptions = {
    clock,
    connect: (endpoint, credential) =>
      createHubClient({ endpoint, clock, retries: 0, ...(credential === undefined ? {} : { credential }) }),
  };

  it("sends the token in a body without a credential, and looks until the Hub refuses it", async (test) => {
    const server = await serve(test, ({ url }, response, count) => {
      if (url === "/api/credentials/revoke") response.writeHead(202).end("{}");
      else response.writeHead(count < 5 ? 200 : 401, { "content-type": "application/json" }).end("{}");
    });
    await revokeToken({ token: b, refreshToken: refresh, endpoint: server.url }, options);
    assert.deepEqual(
      server.seen.map(({ method, url, headers, body }) => [method, url, headers.authorization, body]),
      [
        ["POST", "/api/credentials/revoke", undefined, JSON.stringify({ credentials: [b.expose()] })],
        ["POST", "/api/credentials/revoke", undefined, JSON.stringify({ credentials: [refresh.expose()] })],
        ["GET", "/api/whoami-v2", `Bearer ${b.expose()}`, ""],
        ["GET", "/api/whoami-v2", `Bearer ${b.expose()}`, ""],
        ["GET", "/api/whoami-v2", `Bearer ${b.expose()}`, ""],
      ],
    );
    assert.deepEqual(clock.waits, [1000, 3000]);
  });

  it("never says done while the token works", async (test) => {
    const server = await serve(test, ({ method }, response) =>
      response.writeHead(method === "POST" ? 202 : 200).end("{}"),
    );
    await assert.rejects(
      revokeToken({ token: a, endpoint: server.url }, options),
      coded("ERR_HF_NOT_REVOKED", /still works.*settings\/tokens/),
    );
    assert.deepEqual(clock.waits, [1000, 3000, 6000]);
  });

  it("takes no other refusal for the end of the token", async (test) => {
    for (const status of [403, 429, 500]) {
      const server = await serve(test, ({ method }, response) =>
        response.writeHead(method === "POST" ? 202 : status).end("{}"),
      );
      await assert.rejects(revokeToken({ token: a, endpoint: server.url }, options), isHfError, `${status}`);
    }
  });

  it("says so where a Hub has no way to, and follows no redirect with the token", async (test) => {
    const other = await serve(test, (_, response) => response.writeHead(202).end("{}"));
    const answers: [number, Record<string, string>, HfErrorCode][] = [
      [404, {}, "ERR_HF_NOT_REVOKED"],
      [307, { location: `${other.url}/api/credentials/revoke` }, "ERR_HF_REDIRECT"],
      // Also none on its own host: what is there may write its bodies into a log.
      [307, { location: "/elsewhere" }, "ERR_HF_REDIRECT"],
      [500, {}, "ERR_HF_HUB_DOWN"],
    ];
    for (const [status, headers, code] of answers) {
      const server = await serve(test, (_, response) => response.writeHead(status, headers).end("{}"));
      await assert.rejects(revokeToken({ token: a, endpoint: server.url }, options), coded(code), `${status}`);
      assert.equal(server.seen.length, 1, "asked whether it is gone, though nothing was done");
    }
    assert.deepEqual(other.seen, []);
  });

  it("does without the refresh token where the Hub takes none there", async (test) => {
    const server = await serve(test, ({ method, body }, response) => {
      if (method === "GET") response.writeHead(401).end("{}");
      else response.writeHead(body.includes(refresh.expose()) ? 400 : 202).end("{}");
    });
    await revokeToken({ token: b, refreshToken: refresh, endpoint: server.url }, options);
    assert.equal(server.seen.length, 3);
  });

  it("sends nothing in clear to another machine", async () => {
    const connect: RevokeOptions["connect"] = () => assert.fail("a client was made");
    await assert.rejects(
      revokeToken({ token: a, endpoint: "http://hub.example" }, { clock, connect }),
      coded("ERR_HF_INSECURE_ENDPOINT"),
    );
  });
});

describe("revocable()", () => {
  let home: string;
  let store: TokenStore;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), "latchkey-revoke-"));
    store = createFileTokenStore({
      tokenPath: join(home, "token"),
      storedTokensPath: join(home, "stored_tokens"),
      platform: process.platform,
      clock: quickClock(),
    });
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));
  const save = (name: string, token: Secret, origin = HUB, refreshToken?: Secret): Promise<unknown> =>
    store.write((now) => planLogin(now, { name, token, origin, refreshToken }));
  const found = async (endpoint = HUB, name?: string): Promise<unknown[]> =>
    (await revocable(store, endpoint, name)).map((one) => [
      one.names,
      one.token.expose(),
      one.refreshToken?.expose(),
      one.endpoint,
    ]);

  it("has each token once, with all its names, and the one that is in the token file alone", async () => {
    await save("one", a);
    await save("two", b, HUB, refresh);
    await save("same", a);
    const stray = `hf_${"c".repeat(34)}`;
    writeFileSync(join(home, "token"), stray);
    const one = [["one", "same"], a.expose(), undefined, HUB];
    assert.deepEqual(await found(), [one, [["two"], b.expose(), refresh.expose(), HUB], [[], stray, undefined, HUB]]);
    assert.deepEqual(await found(HUB, "same"), [one]);
  });

  it("ends a login at the Hub that made it, not at a mirror that the user trusts", async () => {
    await save("one", a);
    await trustEndpoint(store, MIRROR);
    assert.deepEqual(await found(MIRROR), [[["one"], a.expose(), undefined, HUB]]);
  });

  it("refuses all where one belongs to another Hub, and is not stopped by what can't be a token", async () => {
    await save("mine", a, MIRROR);
    await assert.rejects(found(), coded("ERR_HF_TOKEN_ENDPOINT"));
    await save("mine", a);
    writeFileSync(join(home, "stored_tokens"), `[empty]\nhf_token = \n\n[mine]\nhf_token = ${a.expose()}\n\n`);
    await store.write((now) => planLogin(now, { name: "mine", token: a, origin: MIRROR }));
    assert.deepEqual(await found(MIRROR), [[["mine"], a.expose(), undefined, MIRROR]]);
    await assert.rejects(found(MIRROR, "empty"), coded("ERR_HF_TOKEN_REFUSED"));
  });

  it("does not guess what a store holds that can't be read", async () => {
    writeFileSync(join(home, "stored_tokens"), "{}");
    await assert.rejects(found(), coded("ERR_HF_STORE_UNREADABLE"));
  });
});

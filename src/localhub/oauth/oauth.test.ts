import assert from "node:assert/strict";
import { createPublicKey, createVerify, generateKeyPairSync, sign } from "node:crypto";
import type { JsonWebKey } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { createBrowser } from "../../../test/support/browser.ts";
import {
  answerAuthorize,
  answerDevice,
  CLI_CLIENT,
  deviceLogin,
  pkce,
  postForm,
  postJson,
  refresh,
  whoamiStatus,
} from "../../../test/support/oauth.ts";
import { locationOf, NASTY, signIn } from "../../../test/support/pages.ts";
import { parseSeed } from "../seed-read.ts";
import { defaultSeed } from "../seed.ts";
import type { Localhub } from "../server.ts";
import { startLocalhub } from "../server.ts";

const DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code";
const EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
const ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token";
const ISSUER = "https://ci.example";

const keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
let now = Date.now();
let hub: Localhub;
before(async () => {
  hub = await startLocalhub({
    now: () => now,
    seed: parseSeed({
      ...defaultSeed(),
      oauth: {
        clients: [
          {
            id: "web",
            name: NASTY,
            secret: "words",
            redirectUris: ["https://web.example/back?a=1"],
            scopes: ["openid"],
          },
        ],
        issuers: [{ issuer: ISSUER, keys: [{ ...keys.publicKey.export({ format: "jwk" }), kid: "one" }] }],
        publishers: [
          { resource: "alice/tiny-model", issuer: ISSUER, claims: { repository: "alice/code" } },
          { resource: "acme/private-model", issuer: ISSUER, claims: { repository: "alice/code" } },
          { resource: "carol", issuer: ISSUER, claims: { repository: "carol/code" } },
        ],
      },
    }),
  });
});
after(() => hub.close());
beforeEach(async () => {
  await hub.reset();
  now = Date.now();
});

const error = (told: { body: Record<string, unknown> }): unknown => told.body["error"];

describe("the device login", () => {
  const start = async (): Promise<{ device: string; user: string }> => {
    const { body } = await postForm(hub, "/oauth/device", { client_id: CLI_CLIENT });
    return { device: String(body["device_code"]), user: String(body["user_code"]) };
  };
  const poll = (device: string, client = CLI_CLIENT) =>
    postForm(hub, "/oauth/token", { grant_type: DEVICE_GRANT, device_code: device, client_id: client });

  it("starts as the Hub's does: two codes, an address, a lifetime, no interval", async () => {
    const { status, headers, body } = await postForm(hub, "/oauth/device", { client_id: CLI_CLIENT });
    assert.deepEqual([status, headers["cache-control"]], [200, "no-store"]);
    assert.deepEqual(Object.keys(body), ["device_code", "user_code", "verification_uri", "expires_in"]);
    assert.match(String(body["user_code"]), /^[B-DF-HJ-NP-TV-Z2-9]{4}-[B-DF-HJ-NP-TV-Z2-9]{4}$/);
    assert.deepEqual([body["verification_uri"], body["expires_in"]], [`${hub.url}/oauth/device`, 300]);
    assert.equal(error(await postForm(hub, "/oauth/device", { client_id: "nobody" })), "invalid_client");
    assert.equal(error(await postForm(hub, "/oauth/device", {})), "invalid_request");
    const scoped = await postJson(hub, "/oauth/device", { client_id: CLI_CLIENT, scope: "openid read-billing" });
    assert.equal(error(scoped), "invalid_scope");
  });

  it("waits, is approved on a page that shows who asks for what, and gives its token once", async () => {
    const { device, user } = await start();
    assert.equal(error(await poll(device)), "authorization_pending");
    const visitor = createBrowser(hub.url);
    const away = await visitor.send("GET", "/oauth/device");
    assert.equal(locationOf(away), "/login?next=%2Foauth%2Fdevice");
    await signIn(hub, visitor, "carol");
    const typed = user.toLowerCase().replace("-", " ");
    const page = await visitor.open(`/oauth/device?user_code=${encodeURIComponent(typed)}`);
    assert.match(page.text, /<strong>Hugging Face CLI<\/strong> asks to act as <strong>carol<\/strong>/);
    assert.match(page.text, /read-repos/);
    assert.ok(page.text.includes(user));
    assert.equal((await visitor.submit(page, "/oauth/device/answer", { answer: "approve" })).status, 200);
    now += 5000;
    const { status, body } = await poll(device);
    assert.equal(status, 200);
    assert.deepEqual([body["token_type"], body["expires_in"]], ["bearer", 2_592_000]);
    assert.match(String(body["access_token"]), /^hf_oauth_/);
    assert.ok(String(body["refresh_token"]).length >= 40);
    assert.equal(await whoamiStatus(hub, String(body["access_token"])), 200);
    now += 6000;
    assert.equal(error(await poll(device)), "invalid_grant");
  });

  it("says so when it was denied, polled too fast, or took too long", async () => {
    const denied = await start();
    await answerDevice(hub, denied.user, { answer: "deny" });
    assert.equal(error(await poll(denied.device)), "access_denied");
    const hasty = await start();
    await poll(hasty.device);
    now += 4000;
    assert.equal(error(await poll(hasty.device)), "slow_down");
    now += 6000;
    assert.equal(error(await poll(hasty.device)), "slow_down", "the interval has grown by five seconds");
    now += 15_000;
    assert.equal(error(await poll(hasty.device)), "authorization_pending");
    now += 300_000;
    assert.equal(error(await poll(hasty.device)), "expired_token");
    assert.equal(error(await poll("nothing")), "invalid_grant");
  });

  it("is answered by nobody but a person at a form of ours, for a code that waits", async () => {
    const { device, user } = await start();
    const visitor = createBrowser(hub.url);
    await signIn(hub, visitor, "carol");
    const forged = await visitor.send("POST", "/oauth/device/answer", {
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: `user_code=${user}&answer=approve`,
    });
    assert.equal(forged.status, 403);
    assert.equal(error(await poll(device)), "authorization_pending");
    const wrong = await visitor.open(`/oauth/device?user_code=${encodeURIComponent(NASTY)}`);
    assert.equal(wrong.status, 400);
    assert.match(wrong.text, /No device waits with this code/);
    assert.ok(!wrong.text.includes("<script"));
    assert.equal(error(await poll(device, "web")), "invalid_client");
  });
});

describe("refresh tokens", () => {
  it("are used once each; the second use of one ends the whole family", async () => {
    const first = await deviceLogin(hub);
    const second = (await refresh(hub, first["refresh_token"])).body;
    assert.notEqual(second["access_token"], first["access_token"]);
    assert.notEqual(second["refresh_token"], first["refresh_token"]);
    assert.equal(await whoamiStatus(hub, first["access_token"]), 200, "the old access token lives to its end");
    assert.equal(error(await refresh(hub, first["refresh_token"])), "invalid_grant");
    assert.equal(await whoamiStatus(hub, String(second["access_token"])), 401);
    assert.equal(error(await refresh(hub, String(second["refresh_token"]))), "invalid_grant");
  });

  it("are for their client alone, and another family lives on", async () => {
    const [one, two] = [await deviceLogin(hub), await deviceLogin(hub)];
    assert.equal(error(await refresh(hub, one["refresh_token"], "nobody")), "invalid_client");
    const basic = { authorization: `Basic ${Buffer.from("web:words").toString("base64")}` };
    const foreign = { grant_type: "refresh_token", refresh_token: one["refresh_token"] };
    assert.equal(error(await postForm(hub, "/oauth/token", foreign, basic)), "invalid_grant");
    await refresh(hub, one["refresh_token"]);
    await refresh(hub, one["refresh_token"]);
    assert.equal((await refresh(hub, two["refresh_token"])).status, 200);
    assert.equal(error(await refresh(hub, "unknown")), "invalid_grant");
  });

  it("may be kept, and access tokens may be short, as the hub is set", async () => {
    Object.assign(hub.model.oauth.settings, { rotate: false, accessTokenSeconds: 60 });
    const login = await deviceLogin(hub);
    const again = await refresh(hub, login["refresh_token"]);
    assert.deepEqual([again.status, again.body["refresh_token"], again.body["expires_in"]], [200, undefined, 60]);
    assert.equal((await refresh(hub, login["refresh_token"])).status, 200);
    now += 61_000;
    assert.equal(await whoamiStatus(hub, String(again.body["access_token"])), 401);
  });

  it("survive a restart, with the memory of those that were used", async () => {
    const stateDir = mkdtempSync(join(tmpdir(), "latchkey-oauth-"));
    const open = () => startLocalhub({ stateDir });
    let kept = await open();
    const first = await deviceLogin(kept);
    const second = (await refresh(kept, first["refresh_token"])).body;
    await kept.close();
    kept = await open();
    assert.equal(await whoamiStatus(kept, String(second["access_token"])), 200);
    assert.equal(error(await refresh(kept, first["refresh_token"])), "invalid_grant");
    assert.equal(await whoamiStatus(kept, String(second["access_token"])), 401);
    await kept.close();
    rmSync(stateDir, { recursive: true });
  });

  it("end when the person shuts the application out", async () => {
    const login = await deviceLogin(hub);
    const visitor = createBrowser(hub.url);
    await signIn(hub, visitor, "carol");
    const page = await visitor.open("/settings/connected-applications");
    assert.match(page.text, /Hugging Face CLI/);
    await visitor.submit(page, "/settings/connected-applications/revoke");
    assert.equal(await whoamiStatus(hub, login["access_token"]), 401);
    assert.equal(error(await refresh(hub, login["refresh_token"])), "invalid_grant");
  });
});

describe("the authorization code", () => {
  const REDIRECT = "http://127.0.0.1:54321/callback";
  const ask = (fields: Record<string, string>): string => {
    const all = { client_id: CLI_CLIENT, redirect_uri: REDIRECT, response_type: "code", code_challenge_method: "S256" };
    return `${hub.url}/oauth/authorize?${new URLSearchParams({ ...all, ...fields }).toString()}`;
  };

  it("goes back with the state, to a loopback port of the application's choice, and is worth a token", async () => {
    const { verifier, challenge } = pkce();
    const answer = await answerAuthorize(hub, ask({ code_challenge: challenge, state: "a b&c", nonce: "n1" }));
    assert.equal(answer.status, 303);
    const back = new URL(locationOf(answer));
    assert.equal(back.origin + back.pathname, REDIRECT);
    assert.equal(back.searchParams.get("state"), "a b&c");
    const code = back.searchParams.get("code") ?? "";
    // Without client_id, as browsers' libraries send it.
    const fields = { grant_type: "authorization_code", code, redirect_uri: REDIRECT, code_verifier: verifier };
    const { status, body } = await postForm(hub, "/oauth/token", fields);
    assert.equal(status, 200);
    assert.equal(await whoamiStatus(hub, String(body["access_token"])), 200);

    const [head = "", payload = "", signature = ""] = String(body["id_token"]).split(".");
    const jwks = JSON.parse((await createBrowser(hub.url).send("GET", "/oauth/jwks")).text) as { keys: [JsonWebKey] };
    const key = createPublicKey({ key: { ...jwks.keys[0] }, format: "jwk" });
    const good = createVerify("sha256").update(`${head}.${payload}`).verify(key, Buffer.from(signature, "base64url"));
    assert.ok(good, "the ID token is signed by the key that the hub publishes");
    const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as Record<string, unknown>;
    assert.deepEqual(
      [claims["iss"], claims["aud"], claims["nonce"], claims["preferred_username"]],
      [hub.url, CLI_CLIENT, "n1", "carol"],
    );

    assert.equal(error(await postForm(hub, "/oauth/token", fields)), "invalid_grant");
    assert.equal(await whoamiStatus(hub, String(body["access_token"])), 401, "a code used twice ends what came of it");
  });

  it("needs the verifier, the address, the client, and time left", async () => {
    const { verifier, challenge } = pkce();
    const fresh = async (): Promise<string> => {
      const answer = await answerAuthorize(hub, ask({ code_challenge: challenge }));
      return new URL(locationOf(answer)).searchParams.get("code") ?? "";
    };
    const good = { grant_type: "authorization_code", redirect_uri: REDIRECT, code_verifier: verifier };
    const tries = async (fields: Record<string, string>, headers = {}): Promise<unknown> =>
      error(await postForm(hub, "/oauth/token", { ...good, code: await fresh(), ...fields }, headers));
    assert.equal(await tries({ code_verifier: pkce().verifier }), "invalid_grant");
    assert.equal(await tries({ code_verifier: "" }), "invalid_request");
    assert.equal(await tries({ redirect_uri: "http://127.0.0.1:54322/callback" }), "invalid_grant");
    const basic = { authorization: `Basic ${Buffer.from("web:words").toString("base64")}` };
    assert.equal(await tries({}, basic), "invalid_grant");
    assert.equal(await tries({ code: "unknown" }), "invalid_grant");
    const code = await fresh();
    now += 601_000;
    assert.equal(error(await postForm(hub, "/oauth/token", { ...good, code })), "invalid_grant");
  });

  it("tells the application what is wrong, but never an address that is not the application's", async () => {
    const visitor = createBrowser(hub.url);
    await signIn(hub, visitor, "carol");
    const { challenge } = pkce();
    const told = async (fields: Record<string, string>): Promise<[number, string | null]> => {
      const { pathname, search } = new URL(ask({ code_challenge: challenge, state: "s", ...fields }));
      const answer = await visitor.send("GET", pathname + search);
      const location = answer.headers.location;
      return [answer.status, location === undefined ? null : new URL(String(location)).searchParams.get("error")];
    };
    assert.deepEqual(await told({ response_type: "token" }), [303, "unsupported_response_type"]);
    assert.deepEqual(await told({ code_challenge: "short" }), [303, "invalid_request"]);
    assert.deepEqual(await told({ code_challenge_method: "plain" }), [303, "invalid_request"]);
    assert.deepEqual(await told({ scope: "openid read-billing" }), [303, "invalid_scope"]);
    assert.deepEqual(await told({ client_id: "nobody" }), [400, null]);
    for (const redirect_uri of [
      "http://127.0.0.1:1/other",
      "http://127.0.0.1:1/callback?x=1",
      "http://127.0.0.1:1/callback#x",
      "https://127.0.0.1:1/callback",
      "http://127.0.0.1.evil.example:1/callback",
      "http://127.0.0.1:1@evil.example/callback",
      "http://127.0.0.1:99999/callback",
      "http://evil.example/callback",
    ]) {
      assert.deepEqual(await told({ redirect_uri }), [400, null], redirect_uri);
    }
    assert.deepEqual(await told({ redirect_uri: "http://localhost:9/callback" }), [200, null]);
    assert.deepEqual(await told({ redirect_uri: "http://[::1]:9/callback" }), [200, null]);
    const denied = await answerAuthorize(hub, ask({ code_challenge: challenge, state: "s" }), { answer: "deny" });
    const back = new URL(locationOf(denied));
    assert.deepEqual([back.searchParams.get("error"), back.searchParams.get("state")], ["access_denied", "s"]);
  });

  it("shows a confidential application's name as text, and wants its secret", async () => {
    const { verifier, challenge } = pkce();
    const redirect_uri = "https://web.example/back?a=1";
    const address = ask({ client_id: "web", redirect_uri, code_challenge: challenge });
    const browser = createBrowser(hub.url);
    await signIn(hub, browser, "carol");
    const page = await browser.open(new URL(address).pathname + new URL(address).search);
    assert.ok(!page.text.includes("<script"));
    assert.match(String(page.headers["content-security-policy"]), /form-action 'self' https:\/\/web\.example;/);
    const forged = await browser.send("POST", "/oauth/authorize", {
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: `${new URL(address).search.slice(1)}&answer=approve`,
    });
    assert.equal(forged.status, 403);
    const back = new URL(locationOf(await browser.submit(page, "/oauth/authorize", { answer: "approve" })));
    assert.equal(back.searchParams.get("a"), "1");
    const code = back.searchParams.get("code") ?? "";
    const fields = { grant_type: "authorization_code", code, redirect_uri, code_verifier: verifier };
    assert.equal(error(await postForm(hub, "/oauth/token", fields)), "invalid_client");
    const wrong = { ...fields, client_id: "web", client_secret: "wrong" };
    assert.deepEqual(
      [(await postForm(hub, "/oauth/token", wrong)).status, error(await postForm(hub, "/oauth/token", wrong))],
      [401, "invalid_client"],
    );
    const basic = { authorization: `Basic ${Buffer.from("web:words").toString("base64")}` };
    assert.equal((await postForm(hub, "/oauth/token", fields, basic)).status, 200);
  });
});

describe("the exchange of an ID token", () => {
  const jwt = (
    claims: Record<string, unknown>,
    header: Record<string, unknown> = {},
    key = keys.privateKey,
  ): string => {
    const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
    const seconds = Math.floor(now / 1000);
    const all = { iss: ISSUER, aud: hub.url, exp: seconds + 300, repository: "alice/code", ...claims };
    const signed = `${encode({ alg: "ES256", kid: "one", ...header })}.${encode(all)}`;
    const signature = sign("sha256", Buffer.from(signed), { key, dsaEncoding: "ieee-p1363" });
    return `${signed}.${signature.toString("base64url")}`;
  };
  const exchange = (resource: string, token: string) =>
    postJson(hub, "/oauth/token", {
      grant_type: EXCHANGE,
      subject_token_type: ID_TOKEN,
      subject_token: token,
      resource,
    });

  it("gives a token that writes the one repo, or reads gated ones for a user", async () => {
    const { status, body } = await exchange("alice/tiny-model", jwt({}));
    assert.equal(status, 200);
    assert.match(String(body["access_token"]), /^hf_jwt_/);
    assert.equal(body["issued_token_type"], "urn:ietf:params:oauth:token-type:access_token");
    const own = { authorization: `Bearer ${String(body["access_token"])}` };
    const browser = createBrowser(hub.url);
    const write = async (repo: string, headers: Record<string, string>): Promise<number> =>
      (await browser.send("GET", `/api/models/${repo}/auth-check/write`, { headers })).status;
    assert.equal(await write("alice/tiny-model", own), 200);
    assert.notEqual(await write("alice/private-model", own), 200);
    const org = await exchange("acme/private-model", jwt({}));
    assert.equal(
      await write("acme/private-model", { authorization: `Bearer ${String(org.body["access_token"])}` }),
      200,
    );
    const user = await exchange("carol", jwt({ repository: "carol/code" }));
    assert.match(String(user.body["access_token"]), /^hf_oauth_/);
    now += 3601_000;
    assert.equal(await write("alice/tiny-model", own), 401);
  });

  it("refuses what is not signed by the issuer, for this hub, now, and what no publisher fits", async () => {
    const other = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
    for (const [why, token] of [
      ["another key", jwt({}, {}, other)],
      ["no signature", `${jwt({}, { alg: "none" }).split(".").slice(0, 2).join(".")}.`],
      ["another algorithm", jwt({}, { alg: "RS256" })],
      ["another issuer", jwt({ iss: "https://other.example" })],
      ["another audience", jwt({ aud: "https://huggingface.co" })],
      ["an old one", jwt({ exp: Math.floor(now / 1000) - 1 })],
      ["without an end", jwt({ exp: undefined })],
      ["other claims", jwt({ repository: "alice/other" })],
      ["no JWT", "words"],
    ] as const) {
      const told = await exchange("alice/tiny-model", token);
      assert.deepEqual([told.status, error(told)], [400, "invalid_grant"], why);
    }
    assert.equal(error(await exchange("bob", jwt({}))), "invalid_grant");
    assert.equal(error(await exchange("", jwt({}))), "invalid_request");
  });
});

describe("the rest of OAuth", () => {
  it("describes itself under the name by which it was asked", async () => {
    for (const base of [hub.url, hub.url.replace("localhost", "127.0.0.1")]) {
      const answer = await createBrowser(base).send("GET", "/.well-known/openid-configuration");
      const told = JSON.parse(answer.text) as Record<string, unknown>;
      assert.equal(told["issuer"], base);
      assert.equal(told["device_authorization_endpoint"], `${base}/oauth/device`);
      assert.deepEqual(told["code_challenge_methods_supported"], ["S256"]);
    }
  });

  it("registers a client, and tells who a token speaks for", async () => {
    const told = await postJson(hub, "/oauth/register", {
      client_name: "Mine",
      redirect_uris: ["http://localhost/x"],
      token_endpoint_auth_method: "none",
    });
    assert.equal(told.status, 201);
    assert.equal(told.body["client_secret"], undefined);
    assert.ok(hub.model.oauth.clients.has(String(told.body["client_id"])));
    for (const redirect_uris of [[], ["ftp://x"], ["http://evil.example/"], ["https://x/#y"], "https://x", undefined]) {
      assert.equal(error(await postJson(hub, "/oauth/register", { redirect_uris })), "invalid_redirect_uri");
    }
    const login = await deviceLogin(hub);
    const browser = createBrowser(hub.url);
    const ask = async (token: string | undefined): Promise<{ status: number; text: string }> =>
      browser.send("GET", "/oauth/userinfo", { headers: { authorization: `Bearer ${token ?? ""}` } });
    assert.match((await ask(login["access_token"])).text, /"preferred_username":"carol"/);
    assert.equal((await ask(hub.tokens["carol-read"])).status, 401);
    assert.equal((await ask("wrong")).status, 401);
  });

  it("ends tokens that anybody shows, and says the same of unknown ones", async () => {
    const login = await deviceLogin(hub);
    const credentials = [hub.tokens["carol-read"], login["access_token"], "hf_unknown"];
    assert.equal((await postJson(hub, "/api/credentials/revoke", { credentials })).status, 202);
    assert.equal((await postJson(hub, "/api/credentials/revoke", { credentials: ["hf_unknown"] })).status, 202);
    assert.equal(await whoamiStatus(hub, hub.tokens["carol-read"]), 401);
    assert.equal(await whoamiStatus(hub, login["access_token"]), 401);
    assert.equal(error(await refresh(hub, login["refresh_token"])), "invalid_grant");
    for (const wrong of [[], "hf_x", [1], undefined]) {
      assert.equal((await postJson(hub, "/api/credentials/revoke", { credentials: wrong })).status, 400);
    }
  });

  it("can be made to fail like any other route", async () => {
    hub.fault({ path: "/oauth/token", status: 503, times: 1 });
    assert.equal((await refresh(hub, "any")).status, 503);
    assert.equal((await refresh(hub, "any")).status, 400);
    const wrongType = await postForm(hub, "/oauth/token", { grant_type: "password" });
    assert.equal(error(wrongType), "unsupported_grant_type");
  });

  it("takes no seed with a misspelt field", () => {
    assert.throws(() => parseSeed({ oauth: { acessTokenSeconds: 1 } }), /acessTokenSeconds: unknown field/);
    assert.throws(() => parseSeed({ oauth: { clients: [{ id: "x", scopes: ["all"] }] } }), /scopes\[0\]/);
  });
});

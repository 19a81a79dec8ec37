import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, beforeEach, describe, it } from "node:test";
import { createBrowser } from "../../../test/support/browser.ts";
import type { Answer } from "../../../test/support/browser.ts";
import { answerAuthorize, CLI_CLIENT, whoamiStatus } from "../../../test/support/oauth.ts";
import { locationOf } from "../../../test/support/pages.ts";
import { serve } from "../../../test/support/scripted-server.ts";
import type { OauthTokens } from "../../auth/index.ts";
import { isHfError } from "../../core/errors.ts";
import type { HfError } from "../../core/errors.ts";
import { createHubClient } from "../../hub/index.ts";
import { startLocalhub } from "../../localhub/index.ts";
import type { Localhub } from "../../localhub/index.ts";
import { createOauthServer } from "./oauth-server.ts";
import { webLogin } from "./web-login.ts";

let hub: Localhub;
before(async () => {
  hub = await startLocalhub();
});
after(() => hub.close());
beforeEach(() => hub.reset());

const server = (signal?: AbortSignal) =>
  createOauthServer({ hub: createHubClient({ endpoint: hub.url }), clientId: CLI_CLIENT, now: Date.now, signal });

/** What the browser does at the Hub's page, and then where it is sent to. */
async function visit(address: string, answer: string): Promise<Answer> {
  const back = new URL(locationOf(await answerAuthorize(hub, address, { answer })));
  return createBrowser(back.origin).send("GET", back.pathname + back.search);
}

interface Run {
  readonly outcome: OauthTokens | Error;
  readonly page: Answer | undefined;
  readonly url: string;
}

async function run(answer: string, use = async (tokens: OauthTokens): Promise<OauthTokens> => tokens): Promise<Run> {
  let page: Promise<Answer> | undefined;
  let url = "";
  const invite = (address: string): void => {
    url = address;
    page = visit(address, answer);
  };
  const outcome = await webLogin({ server: server(), invite }, use).catch((error: unknown) => error as Error);
  return { outcome, page: await page, url };
}

const isOpen = (port: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port: Number(port) });
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });

describe("webLogin()", { timeout: 20_000 }, () => {
  it("brings back tokens by way of the browser, which is told so, and closes the door", async () => {
    const { outcome, page, url } = await run("approve");
    assert.ok(!(outcome instanceof Error), String(outcome));
    assert.equal(await whoamiStatus(hub, outcome.token.expose()), 200);
    assert.ok(outcome.refreshToken);
    assert.match(page?.text ?? "", /You are signed in/);
    assert.ok(!page?.text.includes(outcome.token.expose()));
    const asked = new URL(url).searchParams;
    assert.deepEqual(
      [asked.get("client_id"), asked.get("response_type"), asked.get("code_challenge_method")],
      [CLI_CLIENT, "code", "S256"],
    );
    assert.ok((asked.get("state") ?? "").length >= 32 && (asked.get("code_challenge") ?? "").length === 43);
    const { port } = new URL(asked.get("redirect_uri") ?? "");
    assert.equal(await isOpen(port), false);
  });

  it("ends with a refusal where the person says no, or the Hub takes the code back; the browser is told", async () => {
    const denied = await run("deny");
    assert.ok(isHfError(denied.outcome) && denied.outcome.code === "ERR_HF_NOT_SIGNED_IN", String(denied.outcome));
    assert.match(denied.outcome.message, /denied at the Hub/);
    assert.match(denied.page?.text ?? "", /You are not signed in/);
    hub.fault({ path: "/oauth/token", status: 400, message: "x" });
    const broken = await run("approve");
    assert.ok(isHfError(broken.outcome), String(broken.outcome));
    assert.match(broken.page?.text ?? "", /You are not signed in/);
  });

  it("tells the browser nothing good when what follows fails", async () => {
    const { outcome, page } = await run("approve", async () => {
      throw new Error("the disk is full");
    });
    assert.match(String(outcome), /the disk is full/);
    assert.match(page?.text ?? "", /You are not signed in/);
  });

  it("waits no longer than it is told, and ends when it is stopped", async () => {
    let url = "";
    const invite = (address: string): void => void (url = address);
    const late = webLogin({ server: server(), invite, timeoutMs: 20 }, async (tokens) => tokens);
    await assert.rejects(late, (error) => isHfError(error) && /did not come back in time/.test(error.message));
    assert.equal(await isOpen(new URL(new URL(url).searchParams.get("redirect_uri") ?? "").port), false);
    const stop = new AbortController();
    const stopped = webLogin(
      { server: server(), signal: stop.signal, invite: () => stop.abort(new Error("Ctrl-C")) },
      async (tokens) => tokens,
    );
    await assert.rejects(stopped, /Ctrl-C/);
  });

  it("exchanges the code with the verifier of this sign-in alone", async () => {
    const redirect = "http://127.0.0.1:1234/callback";
    const [mine, other] = [await server().authorize(redirect), await server().authorize(redirect)];
    assert.notEqual(mine.state, other.state);
    const back = new URL(locationOf(await answerAuthorize(hub, other.url)));
    await assert.rejects(mine.finish(back.searchParams), (error) => isHfError(error));
    // Another's code under our state, as a page that forges an answer would send it.
    back.searchParams.set("state", mine.state);
    await assert.rejects(mine.finish(back.searchParams), (error) => isHfError(error) && /refused/.test(error.message));
  });

  it("asks no address that a server names, and takes nothing from an ID token", async (test) => {
    const other = await serve(test, (_, response) => response.end("{}"));
    const hostile = await serve(test, ({ url }, response) => {
      response.setHeader("content-type", "application/json");
      const tokens = {
        access_token: `hf_oauth_${"t".repeat(30)}`,
        id_token: "gar.ba.ge",
        token_type: 7,
        expires_in: -1,
      };
      const elsewhere = { issuer: other.url, token_endpoint: `${other.url}/oauth/token` };
      response.end(JSON.stringify({ ...elsewhere, ...(url === "/oauth/token" ? tokens : {}) }));
    });
    const oauth = createOauthServer({
      hub: createHubClient({ endpoint: hostile.url }),
      clientId: CLI_CLIENT,
      now: Date.now,
    });
    const { url, state, finish } = await oauth.authorize("http://127.0.0.1:1234/callback");
    assert.ok(url.startsWith(`${hostile.url}/oauth/authorize?`));
    const { token, expiresAt, refreshToken } = await finish(new URLSearchParams({ code: "abc", state }));
    assert.equal(token.expose(), `hf_oauth_${"t".repeat(30)}`);
    assert.deepEqual([expiresAt, refreshToken, other.seen.length], [undefined, undefined, 0]);
    assert.deepEqual(
      hostile.seen.map((seen) => seen.url),
      ["/oauth/token"],
    );
  });

  it("says what a busy Hub, a refusal with control characters and another kind of token mean", async (test) => {
    const attempt = async (status: number, body: unknown, headers = {}): Promise<HfError> => {
      const server = await serve(test, (_, response) => response.writeHead(status, headers).end(JSON.stringify(body)));
      const hub = createHubClient({ endpoint: server.url });
      const oauth = createOauthServer({ hub, clientId: CLI_CLIENT, now: Date.now });
      const { state, finish } = await oauth.authorize("http://127.0.0.1:1234/callback");
      const error: unknown = await finish(new URLSearchParams({ code: "abc", state })).catch(
        (thrown: unknown) => thrown,
      );
      assert.ok(isHfError(error), String(error));
      assert.equal(server.seen.length, 1, "the code was sent twice");
      return error;
    };
    const busy = await attempt(429, { error: "slow" }, { "retry-after": "9" });
    assert.equal(busy.code, "ERR_HF_RATE_LIMITED");
    assert.match(busy.hint ?? "", /^Wait 9 s, then sign in again/);
    assert.equal((await attempt(503, {})).code, "ERR_HF_HUB_DOWN");
    const refused = await attempt(400, { error: "invalid_grant", error_description: "\u001b[2Jno\u202e" });
    assert.match(refused.message, /\(invalid_grant: \[2Jno\)/);
    const kind = await attempt(200, { access_token: `hf_oauth_${"t".repeat(30)}`, token_type: "mac" });
    assert.equal(kind.code, "ERR_HF_BAD_ANSWER");
  });
});

import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { describe, it } from "node:test";
import { serve } from "../../../test/support/scripted-server.ts";
import type { Seen } from "../../../test/support/scripted-server.ts";
import type { OauthTokens } from "../../auth/index.ts";
import { isHfError } from "../../core/errors.ts";
import type { HfErrorCode } from "../../core/errors.ts";
import { createHubClient } from "../../hub/index.ts";
import { deviceLogin } from "./device-login.ts";
import type { DeviceInvitation } from "./device-login.ts";
import { createOauthServer, shortestInterval } from "./oauth-server.ts";

const TOKENS = {
  access_token: `hf_oauth_${"t".repeat(30)}`,
  token_type: "bearer",
  expires_in: 100,
  refresh_token: "r1",
};

type Reply = (response: ServerResponse) => void;
const reply =
  (status: number, body: unknown): Reply =>
  (response) =>
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
const error = (name: string): Reply => reply(400, { error: name, error_description: `about ${name}` });
const PENDING = error("authorization_pending");
const DONE = reply(200, TOKENS);

interface Ran {
  readonly tokens: OauthTokens | undefined;
  readonly code: HfErrorCode | undefined;
  readonly message: string;
  readonly hint: string;
  readonly waits: readonly number[];
  readonly invitations: readonly DeviceInvitation[];
  readonly seen: readonly Seen[];
  readonly url: string;
}

/** Runs a device login against a server that gives these answers, with a clock on which waiting takes no time. */
async function run(
  test: { after(close: () => Promise<void>): void },
  start: Record<string, unknown> | Reply,
  polls: readonly Reply[],
  { onWait, shortestMs, busy = [] }: { onWait?: () => void; shortestMs?: number; busy?: readonly Reply[] } = {},
): Promise<Ran> {
  const stop = new AbortController();
  const [first, poll] = [busy[Symbol.iterator](), polls[Symbol.iterator]()];
  const server = await serve(test, (seen, response) => {
    if (seen.url !== "/oauth/device") return (poll.next().value ?? PENDING)(response);
    const refuse = first.next().value;
    if (refuse !== undefined) return refuse(response);
    const codes = {
      device_code: "d".repeat(40),
      user_code: "BCDF-2345",
      verification_uri: `${server.url}/oauth/device`,
    };
    if (typeof start === "function") start(response);
    else reply(200, { ...codes, ...start })(response);
  });
  let now = 1_800_000_000_000;
  const waits: number[] = [];
  const clock = {
    now: () => now,
    sleep: async (ms: number, signal?: AbortSignal) => {
      waits.push(ms);
      now += ms;
      onWait?.();
      if (waits.length === 500) stop.abort(new Error("polls for ever"));
      signal?.throwIfAborted();
    },
  };
  const invitations: DeviceInvitation[] = [];
  const { signal } = stop;
  const hub = createHubClient({ endpoint: server.url, clock, random: () => 0.5 });
  const oauth = createOauthServer({ hub, clientId: "the-client", now: clock.now, signal, shortestMs });
  const result = { waits, invitations, seen: server.seen, url: server.url, hint: "" };
  try {
    const invite = (invitation: DeviceInvitation): void => void invitations.push(invitation);
    const tokens = await deviceLogin({ server: oauth, endpoint: server.url, clock, invite, signal });
    return { ...result, tokens, code: undefined, message: "" };
  } catch (thrown) {
    if (!isHfError(thrown)) throw thrown;
    const { code, message, hint = "" } = thrown;
    return { ...result, tokens: undefined, code, message, hint };
  }
}

describe("deviceLogin()", () => {
  it("takes what the server leaves out for what the RFC says, asks at once, and then every five seconds", async (test) => {
    const { tokens, waits, invitations, seen, url } = await run(test, {}, [PENDING, PENDING, DONE]);
    assert.deepEqual(waits, [5000, 5000]);
    assert.equal(tokens?.token.expose(), TOKENS.access_token);
    assert.equal(tokens?.refreshToken?.expose(), "r1");
    assert.equal(tokens?.expiresAt?.getTime(), 1_800_000_010_000 + 100_000);
    assert.deepEqual(invitations, [
      {
        url: `${url}/oauth/device`,
        completeUrl: `${url}/oauth/device`,
        userCode: "BCDF-2345",
        expiresAt: 1_800_000_000_000 + 900_000,
      },
    ]);
    assert.deepEqual([seen[0]?.method, seen[0]?.url, seen[0]?.body], ["POST", "/oauth/device", "client_id=the-client"]);
    const poll = new URLSearchParams(seen[1]?.body);
    assert.deepEqual(
      [poll.get("grant_type"), poll.get("device_code"), poll.get("client_id")],
      ["urn:ietf:params:oauth:grant-type:device_code", "d".repeat(40), "the-client"],
    );
    assert.equal(seen[1]?.headers.authorization, undefined);
  });

  it("keeps to the server's interval, and slows down by five seconds each time it is told", async (test) => {
    const slow = error("slow_down");
    const { waits } = await run(test, { interval: 2, expires_in: 300 }, [PENDING, slow, PENDING, slow, DONE]);
    assert.deepEqual(waits, [2000, 7000, 7000, 12_000]);
  });

  it("goes on over a server that is down, a page of a proxy, a cut connection, and answers that say nothing", async (test) => {
    const { tokens, waits } = await run(test, { interval: 1 }, [
      reply(500, { error: "Internal Error" }),
      reply(503, { error: "access_denied" }),
      (response) => response.writeHead(200, { "content-type": "text/html" }).end("<html>sign in to the wifi</html>"),
      (response) => response.writeHead(403).end("<html>"),
      reply(429, { error: "Too Many Requests" }),
      reply(403, { message: "no error field" }),
      reply(400, { error: "Something went wrong here" }),
      reply(200, { access_token: null }),
      reply(200, []),
      (response) => response.destroy(),
      DONE,
    ]);
    assert.equal(tokens?.token.expose(), TOKENS.access_token);
    assert.deepEqual(waits, Array<number>(10).fill(1000));
  });

  it("stops at an answer that is final, with the server's words made plain", async (test) => {
    for (const [name, words] of [
      ["access_denied", /denied at the Hub/],
      ["expired_token", /The code has expired/],
      ["invalid_grant", /refused the sign-in \(invalid_grant: about invalid_grant\)/],
      ["unauthorized_client", /unauthorized_client/],
    ] as const) {
      const { code, message, waits } = await run(test, {}, [PENDING, error(name), DONE]);
      assert.deepEqual([code, waits.length], ["ERR_HF_NOT_SIGNED_IN", 1], name);
      assert.match(message, words);
    }
  });

  it("gives up when the code's time is over, also while the server is down", async (test) => {
    const { code, message, waits } = await run(test, { expires_in: 20 }, []);
    assert.deepEqual([code, waits], ["ERR_HF_NOT_SIGNED_IN", [5000, 5000, 5000]]);
    assert.match(message, /Nobody approved the code in time/);
    const down = await run(test, { expires_in: 20 }, Array<Reply>(9).fill(reply(503, {})));
    assert.deepEqual([down.code, down.waits.length], ["ERR_HF_NOT_SIGNED_IN", 3]);
  });

  it("ends at once when it is stopped", async (test) => {
    const onWait = (): never => {
      throw new Error("Ctrl-C");
    };
    const stopped = run(test, {}, [], { onWait });
    await assert.rejects(stopped, /Ctrl-C/);
  });

  it("says so when the start is refused, or is no start", async (test) => {
    const refused = await run(test, error("invalid_client"), []);
    assert.deepEqual([refused.code, refused.invitations], ["ERR_HF_NOT_SIGNED_IN", []]);
    const missing = reply(404, { error: "Sorry, we can't find the page you are looking for." });
    for (const start of [
      reply(200, {}),
      reply(404, {}),
      missing,
      (response: ServerResponse) => response.end("<html>"),
    ]) {
      const bad = await run(test, start, []);
      assert.deepEqual([bad.code, bad.invitations], ["ERR_HF_BAD_ANSWER", []]);
    }
  });

  it("asks again for a code where the server is down or busy, for as long as it says, and not for ever", async (test) => {
    const down = reply(503, { error: "Internal Error" });
    const later = (seconds: string): Reply => {
      return (response) => response.writeHead(429, { "retry-after": seconds }).end('{"error":"Too many requests"}');
    };
    const mended = await run(test, {}, [DONE], { busy: [down, later("7"), (response) => response.destroy(), down] });
    assert.equal(mended.tokens?.token.expose(), TOKENS.access_token, mended.message);
    assert.ok(mended.waits.includes(7500), String(mended.waits));
    const limited = await run(test, {}, [], { busy: Array<Reply>(9).fill(later("7")) });
    assert.deepEqual([limited.code, limited.waits], ["ERR_HF_RATE_LIMITED", Array<number>(5).fill(7500)]);
    assert.match(limited.hint, /^Wait 7 s, then sign in again: hf auth login --endpoint /);
    const hours = await run(test, {}, [], { busy: [later("7200")] });
    assert.deepEqual([hours.code, hours.waits], ["ERR_HF_RATE_LIMITED", []]);
    assert.match(hours.hint, /^Wait 7200 s/);
    const dead = await run(test, {}, [], { busy: Array<Reply>(9).fill(down) });
    assert.deepEqual([dead.code, dead.seen.length, dead.invitations], ["ERR_HF_HUB_DOWN", 6, []]);
  });

  it("waits as long as a busy server asks between two polls, and two minutes at most", async (test) => {
    const later = (seconds: string): Reply => {
      return (response) => response.writeHead(503, { "retry-after": seconds }).end();
    };
    const { waits } = await run(test, { interval: 2 }, [later("30"), later("1"), later("999999"), DONE]);
    assert.deepEqual(waits, [30_000, 2000, 120_000]);
  });

  it("lets no server make it hammer, wait past the code's life, or wait for ever", async (test) => {
    const first = async (told: Record<string, unknown>): Promise<readonly number[]> =>
      (await run(test, told, [PENDING, DONE], { shortestMs: 1000 })).waits;
    for (const interval of [1e-9, 0.2, 5e-324]) assert.deepEqual(await first({ interval }), [1000], String(interval));
    for (const interval of [0, -5, "2", [], true, null, {}]) {
      assert.deepEqual(await first({ interval }), [5000], JSON.stringify(interval));
    }
    assert.deepEqual(await first({ interval: 1e300, expires_in: 1e300 }), [120_000]);
    assert.deepEqual(await first({ interval: 60, expires_in: 60 }), [20_000]);
    const tiny = await run(test, { expires_in: 0.001 }, [], { shortestMs: 1000 });
    assert.deepEqual([tiny.code, tiny.waits], ["ERR_HF_NOT_SIGNED_IN", []]);
    const endless = reply(200, {
      device_code: "d",
      user_code: "c",
      verification_uri: "about:blank",
      expires_in: "@",
      interval: "@",
    });
    const infinite: Reply = (response) => {
      const end = response.end.bind(response);
      response.end = ((text: string) => end(text.replaceAll('"@"', "1e999"))) as typeof response.end;
      endless(response);
    };
    assert.equal((await run(test, infinite, [])).code, "ERR_HF_BAD_ANSWER");
    assert.deepEqual(
      [shortestInterval("https://huggingface.co"), shortestInterval("http://127.0.0.1:8080")],
      [1000, 50],
    );
  });

  it("takes a refusal for one whatever stands in its words, and shows them plain", async (test) => {
    const denied = await run(test, {}, [PENDING, error("access_denied\u0007"), DONE]);
    assert.match(denied.message, /denied at the Hub/);
    // As bytes that JSON does not allow in a text.
    const raw: Reply = (response) => {
      response.writeHead(400, { "content-type": "application/json" });
      response.end('{"error":"invalid_grant","error_description":"no \u001b[31mred\u0007 \u202eword"}');
    };
    const shown = await run(test, {}, [raw, DONE]);
    assert.deepEqual([shown.code, shown.waits], ["ERR_HF_NOT_SIGNED_IN", []]);
    assert.match(shown.message, /invalid_grant: no {2}\[31mred {2}word/);
    // No word of the protocol: the third in a row is meant.
    const prose = reply(400, { error: "Device \u001b]0;x\u0007unknown" });
    const unknown = await run(test, { interval: 1 }, [prose, prose, PENDING, prose, prose, prose, DONE]);
    assert.deepEqual([unknown.code, unknown.waits.length], ["ERR_HF_NOT_SIGNED_IN", 5]);
    assert.match(unknown.message, /refused the sign-in \(Device \]0;xunknown\)/);
  });

  it("ends where the token is of a kind that can't be used, or where nobody could type the code", async (test) => {
    for (const token_type of ["mac", "DPoP"]) {
      const other = await run(test, {}, [reply(200, { ...TOKENS, token_type }), DONE]);
      assert.deepEqual([other.code, other.waits], ["ERR_HF_BAD_ANSWER", []], token_type);
    }
    for (const token_type of [{ x: 1 }, "", 5, "Bearer"]) {
      const garbage = await run(test, {}, [reply(200, { ...TOKENS, token_type, id_token: "gar.ba.ge" })]);
      assert.equal(garbage.tokens?.token.expose(), TOKENS.access_token, JSON.stringify(token_type));
    }
    for (const user_code of ["\u001b\u0007", " ", "X".repeat(41), 7, ""]) {
      const untyped = await run(test, { user_code }, [DONE]);
      assert.deepEqual([untyped.code, untyped.invitations], ["ERR_HF_BAD_ANSWER", []], JSON.stringify(user_code));
    }
  });

  it("shows no address that is not the Hub's own, and no escape sequence in a code", async (test) => {
    for (const foreign of [
      { verification_uri: "https://evil.example/device" },
      { verification_uri: "javascript:alert(1)" },
      { verification_uri: "file:///etc/passwd" },
      { verification_uri_complete: "https://evil.example/device?user_code=BCDF-2345" },
    ]) {
      const { code, invitations, seen } = await run(test, foreign, [DONE]);
      assert.deepEqual([code, invitations, seen.length], ["ERR_HF_BAD_ANSWER", [], 1]);
    }
    const { invitations } = await run(test, { user_code: "\u001b[31mBCDF\u202e-2345\u0007" }, [DONE]);
    assert.equal(invitations[0]?.userCode, "[31mBCDF-2345");
  });

  it("follows no redirect with its codes", async (test) => {
    const other = await serve(test, (_, response) => DONE(response));
    const away: Reply = (response) => response.writeHead(307, { location: `${other.url}/oauth/token` }).end();
    const start = await run(test, away, []);
    assert.equal(start.code, "ERR_HF_REDIRECT");
    const poll = await run(test, {}, [away, DONE]);
    assert.equal(poll.tokens?.token.expose(), TOKENS.access_token);
    assert.equal(other.seen.length, 0);
    // Also none on its own host: what is there may write its bodies into a log.
    const round: Reply = (response) => response.writeHead(307, { location: "/elsewhere" }).end();
    const roundStart = await run(test, round, [DONE]);
    assert.deepEqual([roundStart.code, roundStart.seen.length], ["ERR_HF_REDIRECT", 1]);
    const roundPoll = await run(test, {}, [round, DONE]);
    const asked = roundPoll.seen.map(({ url }) => url);
    assert.deepEqual(asked, ["/oauth/device", "/oauth/token", "/oauth/token"]);
  });

  it("takes null and missing fields for what they are", async (test) => {
    const bare = reply(200, { access_token: TOKENS.access_token, refresh_token: null, expires_in: null, scope: null });
    const { tokens } = await run(test, { interval: null, expires_in: null, verification_uri_complete: null }, [bare]);
    assert.equal(tokens?.token.expose(), TOKENS.access_token);
    assert.deepEqual([tokens?.refreshToken, tokens?.expiresAt], [undefined, undefined]);
  });
});

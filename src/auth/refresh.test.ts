import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { CLI_CLIENT, deviceLogin, whoamiStatus } from "../../test/support/oauth.ts";
import { nobody, quickClock, serve } from "../../test/support/scripted-server.ts";
import type { Seen } from "../../test/support/scripted-server.ts";
import { acquireFileLock } from "../core/file-lock.ts";
import { isHfError } from "../core/errors.ts";
import { Secret } from "../core/secret.ts";
import { createHubClient } from "../hub/index.ts";
import { defaultSeed, startLocalhub } from "../localhub/index.ts";
import type { Localhub } from "../localhub/index.ts";
import { createFileTokenStore } from "./file-token-store.ts";
import { originsOf, withRenewing } from "./login-record.ts";
import { createRefresher, createRefreshMemory, refreshLogin } from "./refresh.ts";
import type { RefreshMemory, RefreshOptions } from "./refresh.ts";
import { planRenewal } from "./renewal-plan.ts";
import { resolveToken } from "./resolve.ts";
import type { TokenResolution } from "./resolve.ts";
import { tokenSources } from "./sources.ts";
import { planLogin, planLogout, planSwitch } from "./store-plans.ts";
import type { StoreContents, StoredToken, TokenStore } from "./token-store.ts";
import { trustEndpoint } from "./trust.ts";
import { noLocks } from "../../test/support/locks.ts";

const HOUR = 3600;
const DAY = 24 * HOUR;

let hub: Localhub;
let home: string;
let store: TokenStore;
let memory: RefreshMemory;
let onWait: (() => void) | undefined;
let now: number;
/** A clock that a test moves. */
const clock = { now: () => now, sleep: async () => undefined };

before(async () => {
  hub = await startLocalhub({ seed: { ...defaultSeed(), oauth: { accessTokenSeconds: HOUR } } });
});
after(() => hub.close());
beforeEach(async () => {
  await hub.reset();
  home = mkdtempSync(join(tmpdir(), "latchkey-refresh-"));
  now = Date.now();
  memory = createRefreshMemory();
  store = createFileTokenStore({
    tokenPath: join(home, "token"),
    storedTokensPath: join(home, "stored_tokens"),
    platform: process.platform,
    clock: quickClock(),
    onWait: () => onWait?.(),
  });
  onWait = undefined;
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const file = (name: string): string => readFileSync(join(home, name), "utf8");

interface Saving {
  readonly name?: string;
  readonly token?: string;
  readonly refreshToken?: string;
  /** Seconds from now. */
  readonly expiresIn?: number;
  readonly origin?: string;
}

async function save({ name = "oauth-carol", token, refreshToken, expiresIn, origin = hub.url }: Saving): Promise<void> {
  await store.write((contents) =>
    planLogin(contents, {
      name,
      token: Secret.of(token ?? `hf_oauth_${"a".repeat(30)}`),
      origin,
      ...(refreshToken === undefined ? {} : { refreshToken: Secret.of(refreshToken) }),
      ...(expiresIn === undefined ? {} : { expiresAt: new Date(now + expiresIn * 1000) }),
    }),
  );
}

/** A real login of carol, as it stands in the store with that much time left. */
async function signIn(expiresIn = HOUR): Promise<Record<string, string>> {
  const told = await deviceLogin(hub);
  await save({ token: told["access_token"] ?? "", refreshToken: told["refresh_token"] ?? "", expiresIn });
  hub.journal.clear();
  return told;
}

function options(): RefreshOptions {
  return { store, clock, clientId: CLI_CLIENT, memory, connect: (endpoint) => createHubClient({ endpoint, clock }) };
}

type Found = Extract<TokenResolution, { kind: "found" }>;

async function resolve(endpoint: string = hub.url, env: Record<string, string> = {}): Promise<Found> {
  const found = await resolveToken(tokenSources({ env, endpoint, store, refresh: createRefresher(options()) }));
  assert.ok(found.kind === "found", found.kind === "refused" ? found.error.message : found.kind);
  return found;
}

const refreshes = (): number => hub.journal.entries.filter(({ url }) => url.endsWith("/oauth/token")).length;

describe("a login in its last day", () => {
  it("is renewed where it is looked up, once; both files have the new token, and the Hub knows it", async () => {
    const told = await signIn();
    const found = await resolve();
    const token = found.token.expose();
    assert.notEqual(token, told["access_token"]);
    assert.equal(await whoamiStatus(hub, token), 200);
    assert.equal(file("token"), token);
    assert.match(
      file("stored_tokens"),
      new RegExp(
        `^\\[oauth-carol\\]\nhf_token = ${token}\nrefresh_token = hf_refresh_\\w+\nexpires_at = ${Math.floor(now / 1000) + HOUR}\n\n$`,
      ),
    );
    assert.ok(!file("stored_tokens").includes(told["refresh_token"] ?? "-"));
    assert.equal(found.expiresAt?.getTime(), (Math.floor(now / 1000) + HOUR) * 1000);
    // It lives for less than the margin, and is all the same not renewed at every look.
    for (let look = 0; look < 3; look++) assert.equal((await resolve()).token.expose(), token);
    assert.equal(refreshes(), 1);
    now += 301_000;
    assert.notEqual((await resolve()).token.expose(), token);
    assert.equal(refreshes(), 2);
  });

  it("is left alone with more than a day to go, without an end, without a refresh token, or behind HF_TOKEN", async () => {
    await signIn(20 * DAY);
    await resolve();
    await signIn(DAY + 2);
    await resolve();
    await save({ refreshToken: "r".repeat(40) });
    await resolve();
    await save({ expiresIn: HOUR });
    await resolve();
    await signIn();
    await resolve(hub.url, { HF_TOKEN: hub.tokens["alice-read"] ?? "" });
    assert.equal(refreshes(), 0);
    await signIn(DAY - 2);
    await resolve();
    assert.equal(refreshes(), 1);
  });

  it("is renewed where it is used by its name too, and stays the other login's neighbour", async () => {
    await signIn();
    await save({ name: "work", token: "hf_other-token-000", origin: hub.url });
    const sources = tokenSources({
      env: {},
      endpoint: hub.url,
      store,
      refresh: createRefresher(options()),
      explicit: { tokenName: "oauth-carol", source: "flag:--as" },
    });
    const found = await resolveToken(sources);
    assert.ok(found.kind === "found");
    assert.equal(refreshes(), 1);
    assert.equal(await whoamiStatus(hub, found.token.expose()), 200);
    assert.equal(file("token"), "hf_other-token-000", "another login is active");
    assert.match(file("stored_tokens"), /\[work\]\nhf_token = hf_other-token-000\n/);
  });

  it("keeps its home: the new token goes no farther than the old one", async () => {
    const told = await signIn();
    const { token } = await resolve();
    const { record } = await store.read();
    assert.ok(record.kind === "ok");
    assert.deepEqual(originsOf(record.record, token), [hub.url]);
    assert.deepEqual(originsOf(record.record, Secret.of(told["access_token"] ?? "-")), []);
    const elsewhere = await resolveToken(tokenSources({ env: {}, endpoint: "https://huggingface.co", store }));
    assert.equal(elsewhere.kind, "refused");
  });

  it("keeps the fields of other tools, and what the server leaves out", async (test) => {
    const server = await serve(test, (_, response, count) => {
      response.setHeader("content-type", "application/json");
      const body = { access_token: `hf_oauth_${"n".repeat(30)}${count}`, token_type: null, scope: null };
      response.end(JSON.stringify(count === 1 ? { ...body, refresh_token: null, expires_in: null } : body));
    });
    await save({ refreshToken: "old-refresh-token", expiresIn: HOUR, origin: server.url });
    writeFileSync(join(home, "stored_tokens"), file("stored_tokens").replace("\n\n", "\nnote = keep me\n\n"));
    await resolve(server.url);
    const text = file("stored_tokens");
    assert.match(text, /hf_token = hf_oauth_n{30}1\n/);
    assert.match(text, /refresh_token = old-refresh-token\n/);
    assert.match(text, /note = keep me\n/);
    assert.match(
      text,
      new RegExp(`expires_at = ${Math.floor(now / 1000) + 2 * DAY}\n`),
      "it is looked at again in a day",
    );
    assert.deepEqual(
      server.seen.map(({ method, url, body }) => `${method} ${url} ${body}`),
      [`POST /oauth/token grant_type=refresh_token&refresh_token=old-refresh-token&client_id=${CLI_CLIENT}`],
    );
    assert.equal(server.seen[0]?.headers.authorization, undefined);
  });
});

describe("a refresh that fails for now", () => {
  const failures: [string, (response: ServerResponse, other: string) => void][] = [
    ["503", (response) => response.writeHead(503).end("down")],
    ["429", (response) => response.writeHead(429, { "retry-after": "100" }).end()],
    ["no JSON", (response) => response.writeHead(200).end("<html>captive portal</html>")],
    ["no token", (response) => response.writeHead(200).end('{"access_token":""}')],
    ["another OAuth error", (response) => response.writeHead(400).end('{"error":"invalid_client"}')],
    ["a redirect on its own host", (response) => response.writeHead(307, { location: "/elsewhere" }).end()],
    ["a redirect to another", (response, other) => response.writeHead(307, { location: other }).end()],
  ];
  for (const [what, answer] of failures) {
    it(`keeps the old token, says so once, and asks again after five minutes: ${what}`, async (test) => {
      const other = await serve(test, (_, response) => response.end("{}"));
      const server = await serve(test, (_, response) => answer(response, `${other.url}/oauth/token`));
      await save({
        token: "hf_oauth_old-token-00000",
        refreshToken: "old-refresh",
        expiresIn: HOUR,
        origin: server.url,
      });
      const before = [file("token"), file("stored_tokens")];
      const first = await resolve(server.url);
      assert.equal(first.token.expose(), "hf_oauth_old-token-00000");
      assert.equal(first.warnings?.length, 1);
      assert.match(first.warnings?.[0] ?? "", /'oauth-carol' could not be renewed: .*The old token is used for now\./);
      assert.deepEqual((await resolve(server.url)).warnings, []);
      assert.equal(server.seen.length, 1);
      now += 300_000;
      assert.equal((await resolve(server.url)).warnings?.length, 1);
      assert.equal(server.seen.length, 2);
      assert.deepEqual([file("token"), file("stored_tokens")], before);
      assert.equal(other.seen.length, 0, "the refresh token went to another address");
    });
  }

  it("gives an answer that never ends no more than its time: others wait for the lock meanwhile", async (test) => {
    let drip: NodeJS.Timeout | undefined;
    test.after(() => clearInterval(drip));
    const server = await serve(test, (_, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      drip = setInterval(() => response.write(" "), 10);
    });
    await save({ token: "hf_oauth_old-token-00000", refreshToken: "old", expiresIn: HOUR, origin: server.url });
    const refresh = createRefresher({ ...options(), timeoutMs: 200 });
    const found = await resolveToken(tokenSources({ env: {}, endpoint: server.url, store, refresh }));
    assert.ok(found.kind === "found");
    assert.equal(found.token.expose(), "hf_oauth_old-token-00000");
    assert.match(found.warnings?.join() ?? "", /not whole after 0\.2 s/);
  });

  it("is looked at again in a day or two whatever nonsense the server says about its end and its kind", async (test) => {
    for (const nonsense of [
      { expires_in: 0 },
      { expires_in: -5 },
      { expires_in: 1e300 },
      { expires_in: "soon" },
      { expires_in: {} },
      { token_type: { x: 1 }, id_token: "gar.ba.ge", scope: 7 },
      { refresh_token: "" },
      { refresh_token: "two\nlines = x" },
    ]) {
      const answer = JSON.stringify({ access_token: "hf_oauth_new-token-00000", expires_in: 0, ...nonsense });
      const server = await serve(test, (_, response) => response.end(answer));
      await save({ token: "hf_oauth_old-token-00000", refreshToken: "old", expiresIn: HOUR, origin: server.url });
      const found = await resolve(server.url);
      const what = JSON.stringify(nonsense);
      assert.equal(found.token.expose(), "hf_oauth_new-token-00000", what);
      assert.equal(found.expiresAt?.getTime(), Math.floor((now + 48 * HOUR * 1000) / 1000) * 1000, what);
      assert.match(file("stored_tokens"), /^refresh_token = old$/m, what);
      memory = createRefreshMemory();
    }
  });

  it("takes no token that would write lines of its own into the store", async (test) => {
    for (const token of ["hf_oauth_x\n[other]\nhf_token = y", "hf oauth", "\u001b[31m", "", " ", null, 7, ["hf_x"]]) {
      const server = await serve(test, (_, response) => response.end(JSON.stringify({ access_token: token })));
      await save({ token: "hf_oauth_old-token-00000", refreshToken: "old", expiresIn: HOUR, origin: server.url });
      const before = file("stored_tokens");
      const found = await resolve(server.url);
      assert.equal(found.token.expose(), "hf_oauth_old-token-00000", JSON.stringify(token));
      assert.equal(file("stored_tokens"), before, JSON.stringify(token));
      memory = createRefreshMemory();
    }
  });

  it("asks once for many lookups of one process, and tells of one of several logins", async (test) => {
    const server = await serve(test, (_, response) => response.writeHead(503).end());
    for (const name of ["one", "two"]) {
      await save({
        name,
        token: `hf_oauth_${name}-000000000`,
        refreshToken: name,
        expiresIn: HOUR,
        origin: server.url,
      });
    }
    const refresh = createRefresher(options());
    const look = (tokenName: string) =>
      resolveToken(
        tokenSources({ env: {}, endpoint: server.url, store, refresh, explicit: { tokenName, source: "flag:--as" } }),
      );
    const found = await Promise.all(Array.from({ length: 5 }, () => look("one")));
    assert.equal(server.seen.length, 1);
    found.push(await look("two"));
    assert.equal(server.seen.length, 2);
    const warnings = found.flatMap((one) => (one.kind === "found" ? (one.warnings ?? []) : assert.fail(one.kind)));
    assert.equal(warnings.length, 1, warnings.join("\n"));
  });

  it("does the same where nobody answers", async () => {
    const server = await nobody();
    await save({ token: "hf_oauth_old-token-00000", refreshToken: "old-refresh", expiresIn: HOUR, origin: server });
    const found = await resolve(server);
    assert.deepEqual([found.token.expose(), found.warnings?.length], ["hf_oauth_old-token-00000", 1]);
  });

  it("spends no refresh token where the new one could not be written", async () => {
    await signIn();
    writeFileSync(join(home, "stored_tokens"), `\ufeff${file("stored_tokens")}`);
    const before = file("stored_tokens");
    const found = await resolve();
    assert.match(found.warnings?.[0] ?? "", /byte order mark/);
    assert.equal(refreshes(), 0);
    assert.equal(file("stored_tokens"), before);
  });
});

describe("a refresh that is refused for good", () => {
  it("keeps everything, says what to do, and is not tried again by this process", async () => {
    const told = await signIn();
    for (const grant of hub.model.oauth.grants.values()) grant.ended = "revoked";
    const before = [file("token"), file("stored_tokens")];
    const found = await resolve();
    assert.equal(found.token.expose(), told["access_token"]);
    assert.match(found.warnings?.[0] ?? "", /^The Hub does not renew 'oauth-carol' any more\. Sign in again with/);
    now += 3_600_000;
    assert.deepEqual((await resolve()).warnings, []);
    assert.equal(refreshes(), 1);
    assert.deepEqual([file("token"), file("stored_tokens")], before);
  });

  it("is no refusal where a tool without our lock was faster: its token is taken", async (test) => {
    for (const late of [false, true]) {
      const theirs = `[oauth-carol]\nhf_token = hf_oauth_theirs-0000000\nrefresh_token = theirs\nexpires_at = 9999999999\n\n`;
      const write = (): void => {
        writeFileSync(join(home, "stored_tokens"), theirs);
        writeFileSync(join(home, "token"), "hf_oauth_theirs-0000000");
      };
      const server = await serve(test, (_, response) => {
        if (!late) write();
        response.writeHead(400).end('{"error":"invalid_grant"}');
      });
      await save({ refreshToken: "old-refresh", expiresIn: HOUR, origin: server.url });
      await save({ name: "theirs", token: "hf_oauth_theirs-0000000", origin: server.url });
      await save({ refreshToken: "old-refresh", expiresIn: HOUR, origin: server.url });
      const waiting = { ...clock, sleep: async () => write() };
      const refresh = createRefresher({ ...options(), clock: late ? waiting : clock });
      const found = await resolveToken(tokenSources({ env: {}, endpoint: server.url, store, refresh }));
      assert.ok(found.kind === "found");
      assert.deepEqual([found.token.expose(), found.warnings], ["hf_oauth_theirs-0000000", []]);
      assert.equal(file("stored_tokens"), theirs);
    }
  });
});

describe("a refresh beside other processes", () => {
  /** A server that lets something happen while it is asked. */
  const meanwhile = (test: { after(close: () => Promise<void>): void }, happens: (seen: Seen) => void) =>
    serve(test, (seen, response) => {
      happens(seen);
      response.end(
        JSON.stringify({ access_token: `hf_oauth_${"n".repeat(30)}`, refresh_token: "new", expires_in: 100 }),
      );
    });

  it("takes what another process wrote while it waited for the lock, and asks nobody", { skip: noLocks }, async () => {
    await signIn();
    const lock = await acquireFileLock(join(home, "stored_tokens.lock"));
    const waiting = new Promise<void>((resolve) => {
      onWait = () => resolve();
    });
    const found = resolve();
    await waiting;
    const other = file("stored_tokens").replace(/hf_oauth_\w+/, "hf_oauth_adopted-000000000");
    writeFileSync(join(home, "stored_tokens"), other);
    writeFileSync(join(home, "token"), "hf_oauth_adopted-000000000");
    lock.release();
    assert.equal((await found).token.expose(), "hf_oauth_adopted-000000000");
    assert.equal(refreshes(), 0);
    assert.equal(file("stored_tokens"), other);
  });

  it("leaves the token file to whoever switched meanwhile, and loses no login saved meanwhile", async (test) => {
    const server = await meanwhile(test, () => {
      writeFileSync(join(home, "token"), "hf_switched-to-another");
      const more = "[python]\nhf_token = hf_switched-to-another\n\n";
      writeFileSync(join(home, "stored_tokens"), file("stored_tokens") + more);
    });
    await save({ refreshToken: "old-refresh", expiresIn: HOUR, origin: server.url });
    const [login] = await logins();
    assert.ok(login);
    const outcome = await refreshLogin(login, server.url, options());
    assert.equal(outcome.kind, "renewed");
    assert.equal(file("token"), "hf_switched-to-another");
    assert.match(file("stored_tokens"), /hf_token = hf_oauth_n{30}\nrefresh_token = new\n/);
    assert.match(file("stored_tokens"), /\[python\]\nhf_token = hf_switched-to-another\n/);
  });

  it("undoes no sign-out and no new sign-in of the meantime", async (test) => {
    const anew = "[oauth-carol]\nhf_token = hf_oauth_signed-in-anew\n\n";
    for (const [text, kind] of [
      ["", "gone"],
      [anew, "adopted"],
    ] as const) {
      const server = await meanwhile(test, () => writeFileSync(join(home, "stored_tokens"), text));
      await save({ refreshToken: "old-refresh", expiresIn: HOUR, origin: server.url });
      const [login] = await logins();
      assert.ok(login);
      assert.equal((await refreshLogin(login, server.url, options())).kind, kind);
      assert.equal(file("stored_tokens"), text);
    }
  });

  it("asks once for many lookups of one process", async () => {
    await signIn();
    const refresh = createRefresher(options());
    const looks = Array.from({ length: 5 }, () =>
      resolveToken(tokenSources({ env: {}, endpoint: hub.url, store, refresh })),
    );
    const tokens = (await Promise.all(looks)).map((found) =>
      found.kind === "found" ? found.token.expose() : found.kind,
    );
    assert.equal(new Set(tokens).size, 1);
    assert.equal(tokens[0], file("token"));
    assert.equal(refreshes(), 1);
  });

  async function logins() {
    const { saved } = await store.read();
    return saved.kind === "ok" ? saved.logins : [];
  }
});

describe("a login of huggingface.co at another endpoint", () => {
  const asked: string[] = [];
  const login = async (): Promise<void> => {
    await save({
      token: "hf_oauth_old-token-00000",
      refreshToken: "r",
      expiresIn: HOUR,
      origin: "https://huggingface.co",
    });
    asked.length = 0;
  };
  const at = async (endpoint: string): Promise<string[]> => {
    const connect: RefreshOptions["connect"] = (home) => {
      asked.push(home);
      return { request: async () => assert.fail("the network is not for tests") };
    };
    const refresh = createRefresher({ ...options(), memory: createRefreshMemory(), connect });
    await resolveToken(tokenSources({ env: {}, endpoint, store, refresh })).catch(() => undefined);
    return asked;
  };

  it("is renewed at huggingface.co, not at a mirror that the user trusts", async () => {
    await login();
    await trustEndpoint(store, "https://mirror.example");
    assert.deepEqual(await at("https://mirror.example/hub"), ["https://huggingface.co"]);
  });

  it("is not renewed at all where it may not be used", async () => {
    await login();
    assert.deepEqual(await at("https://stranger.example"), []);
    assert.deepEqual(await at("https://huggingface.co"), ["https://huggingface.co"]);
  });
});

describe("planRenewal()", () => {
  it("writes the saved login first, the token file after it, and forgets the old token's home last", async () => {
    await save({ refreshToken: "old", expiresIn: HOUR });
    const contents = await store.read();
    const [login] = contents.saved.kind === "ok" ? contents.saved.logins : [];
    assert.ok(login);
    const tokens = { token: Secret.of(`hf_oauth_${"z".repeat(30)}`), expiresAt: new Date(now) };
    const { steps } = planRenewal(contents, login, tokens, now);
    assert.deepEqual(
      steps.map((step) => step.do),
      ["write-saved", "write-record", "write-active", "write-record"],
    );
  });
});

describe("a renewal that was killed", () => {
  /** Carries out the first steps of a renewal, as a process does that is killed then. */
  async function renewUpTo(count: number): Promise<{ readonly old: string; readonly renewed: string }> {
    const old = `hf_oauth_${"o".repeat(30)}`;
    const renewed = `hf_oauth_${"z".repeat(30)}`;
    await save({ token: old, refreshToken: "r".repeat(40), expiresIn: 3 * DAY });
    await save({
      name: "other",
      token: `hf_oauth_${"b".repeat(30)}`,
      refreshToken: "s".repeat(40),
      expiresIn: 3 * DAY,
    });
    await store.write((contents) => planSwitch(contents, "oauth-carol"));
    await store.write(async (contents, held) => {
      const carol = ({ saved }: StoreContents): StoredToken => {
        const login = saved.kind === "ok" ? saved.logins.find(({ name }) => name === "oauth-carol") : undefined;
        assert.ok(login);
        return login;
      };
      assert.ok(contents.record.kind === "ok");
      const note = withRenewing(contents.record.record, Secret.of(old), "oauth-carol");
      await held.rehearse(carol(contents), note);
      const tokens = { token: Secret.of(renewed), expiresAt: new Date(now + 3 * DAY * 1000) };
      const after = await held.reread();
      const { steps } = planRenewal(after, carol(after), tokens, now);
      return { steps: steps.slice(0, count), report: undefined };
    });
    return { old, renewed };
  }
  /** What is known of the active token by a tool that looks for its value among the saved logins, as Python's does. */
  const sectionOf = (token: string): string | undefined =>
    file("stored_tokens")
      .split("\n\n")
      .find((section) => section.includes(`hf_token = ${token}\n`))
      ?.split("\n")[0];

  it("is finished by the next one that reads, whichever write was its last", async () => {
    for (let count = 0; count <= 4; count++) {
      await store.clear();
      const { old, renewed } = await renewUpTo(count);
      const expected = count === 0 ? old : renewed;
      assert.equal((await resolve()).token.expose(), expected, `after ${count} writes`);
      assert.equal(file("token"), expected);
      assert.equal(sectionOf(file("token")), "[oauth-carol]");
      // Without its last write it is done, but for the note; that goes with the next renewal, or with the login.
      if (count !== 0 && count !== 3) assert.ok(!file("latchkey.json").includes("renewing"));
      const { record } = await store.read();
      assert.ok(record.kind === "ok");
      assert.deepEqual(originsOf(record.record, Secret.of(expected)), [hub.url]);
      await store.write((contents) => planLogout(contents, "oauth-carol"));
      assert.ok(!file("latchkey.json").includes("oauth-carol"));
    }
  });

  it("is finished for every reader, also where nobody may write", async () => {
    const { renewed } = await renewUpTo(1);
    const lock = await acquireFileLock(join(home, "stored_tokens.lock"), { timeoutMs: 1000 });
    try {
      assert.equal((await resolve()).token.expose(), renewed);
      assert.notEqual(file("token"), renewed);
    } finally {
      lock.release();
    }
    assert.equal((await resolve()).token.expose(), renewed);
    assert.equal(file("token"), renewed);
  });

  it("is finished before anything else is changed", async () => {
    const { renewed } = await renewUpTo(1);
    assert.equal((await store.write((contents) => planSwitch(contents, "oauth-carol"))).report.changed, false);
    assert.equal(file("token"), renewed);
  });

  it("is left alone where the token file, or the login, became another one since", async () => {
    const { old } = await renewUpTo(1);
    const pasted = `hf_${"p".repeat(34)}`;
    writeFileSync(join(home, "token"), pasted);
    assert.equal((await resolve("https://huggingface.co")).token.expose(), pasted);
    for (const section of [`[oauth-carol]\nhf_token = ${pasted}\n\n`, `[again]\nhf_token = ${old}\n\n`]) {
      writeFileSync(join(home, "token"), old);
      writeFileSync(join(home, "stored_tokens"), section);
      assert.equal((await resolve()).token.expose(), old, section);
      assert.equal(file("token"), old);
    }
  });

  it("is known from before the Hub was asked, and no note is left when it goes through", async () => {
    await signIn();
    let asked = "";
    const connect: RefreshOptions["connect"] = (endpoint) => {
      asked = file("latchkey.json");
      return createHubClient({ endpoint, clock });
    };
    const { saved } = await store.read();
    const [login] = saved.kind === "ok" ? saved.logins : [];
    assert.ok(login);
    await refreshLogin(login, hub.url, { ...options(), connect });
    assert.match(asked, /"renewing": \{\s+"[0-9a-f]{64}": "oauth-carol"/);
    assert.ok(!file("latchkey.json").includes("renewing"));
  });
});

describe("refreshLogin()", () => {
  it("says how long a busy Hub asks to wait", async (test) => {
    const server = await serve(test, (_, response) => response.writeHead(429, { "retry-after": "100" }).end());
    await save({ token: "hf_oauth_old-token-00000", refreshToken: "old", expiresIn: HOUR, origin: server.url });
    const { saved } = await store.read();
    const login = saved.kind === "ok" ? saved.logins[0] : undefined;
    assert.ok(login);
    await assert.rejects(refreshLogin(login, server.url, options()), (error) => {
      assert.ok(isHfError(error) && error.code === "ERR_HF_RATE_LIMITED", String(error));
      return /^Wait 100 s, then: hf auth refresh$/.test(error.hint ?? "");
    });
    assert.equal(server.seen.length, 1);
  });

  it("says what is wrong with a login that can't be renewed", async () => {
    await save({});
    const { saved } = await store.read();
    const [plain] = saved.kind === "ok" ? saved.logins : [];
    assert.ok(plain);
    await assert.rejects(
      refreshLogin(plain, hub.url, options()),
      (error) => isHfError(error) && error.code === "ERR_HF_TOKEN_REFUSED",
    );
    await save({ refreshToken: "unknown", expiresIn: 30 * DAY });
    const after = await store.read();
    const [dead] = after.saved.kind === "ok" ? after.saved.logins : [];
    assert.ok(dead);
    await assert.rejects(
      refreshLogin(dead, hub.url, options()),
      (error) => isHfError(error) && error.code === "ERR_HF_INVALID_TOKEN",
    );
  });
});

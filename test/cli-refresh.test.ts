import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { defaultSeed } from "../src/localhub/index.ts";
import { deviceLogin, whoamiStatus } from "./support/oauth.ts";
import { startWorld } from "./support/world.ts";
import type { World } from "./support/world.ts";

const DAY = 24 * 3600;
let world: World;
before(async () => {
  world = await startWorld({ seed: { ...defaultSeed(), oauth: { accessTokenSeconds: 2 * DAY } } });
});
after(() => world.close());
beforeEach(async () => {
  rmSync(world.home, { recursive: true, force: true });
  await world.hub.reset();
});

const file = (name: string): string => readFileSync(join(world.home, name), "utf8");
const refreshes = (): number => world.hub.journal.entries.filter(({ url }) => url.endsWith("/oauth/token")).length;

/** A login as Python leaves it, with that many seconds to go. */
async function signIn(seconds: number): Promise<string> {
  const told = await deviceLogin(world.hub);
  const { access_token: token = "", refresh_token: refresh = "" } = told;
  const expires = Math.floor(Date.now() / 1000) + seconds;
  mkdirSync(world.home, { recursive: true });
  writeFileSync(join(world.home, "token"), token);
  const text = `[oauth-carol]\nhf_token = ${token}\nrefresh_token = ${refresh}\nexpires_at = ${expires}\n\n`;
  writeFileSync(join(world.home, "stored_tokens"), text);
  world.hub.journal.clear();
  return token;
}

describe("a command whose login is in its last day", () => {
  it("renews it first, also where the command is answered without the whole program", async () => {
    const commands: [string[], string, (stdout: string, token: string) => void][] = [
      [["auth", "token"], "", (stdout, token) => assert.equal(stdout, `${token}\n`)],
      [["run", "--", "sh", "-c", "echo $HF_TOKEN"], "", (stdout, token) => assert.equal(stdout, `${token}\n`)],
      [["auth", "whoami", "--quiet"], "", (stdout) => assert.equal(stdout, "carol\n")],
      [
        ["auth", "git-credential", "get"],
        `protocol=http\nhost=${new URL(world.hub.url).host}\n\n`,
        (stdout, token) => assert.match(stdout, new RegExp(`\npassword=${token}\n`)),
      ],
    ];
    for (const [args, input, check] of commands) {
      const old = await signIn(3600);
      const done = await world.hf(args, { input });
      assert.deepEqual([done.exit, done.stderr], [0, ""], args.join(" "));
      assert.notEqual(file("token"), old, args.join(" "));
      check(done.stdout, file("token"));
      assert.equal(refreshes(), 1, args.join(" "));
      assert.equal(await whoamiStatus(world.hub, file("token")), 200);
    }
  });

  it("does without where the network is off, and where it only looks", async () => {
    const old = await signIn(3600);
    const offline = await world.hf(["auth", "token"], { env: { HF_HUB_OFFLINE: "1" } });
    assert.deepEqual([offline.exit, offline.stdout, offline.stderr], [0, `${old}\n`, ""]);
    assert.equal((await world.hf(["auth", "status", "--offline"])).exit, 0);
    assert.equal((await world.hf(["auth", "list"])).exit, 0);
    assert.equal(refreshes(), 0);
    assert.equal(file("token"), old);
  });

  it("is shown by status as it is after that", async () => {
    await signIn(3600);
    const status = await world.hf(["auth", "status", "--json"]);
    assert.deepEqual([status.exit, status.stderr, refreshes()], [0, "", 1]);
    const answer = JSON.parse(status.stdout) as { sources: { state: string; expiresAt?: string }[] };
    const expiresAt = answer.sources.find(({ state }) => state === "active")?.expiresAt ?? "";
    const [, seconds = ""] = /^expires_at = (\d+)$/m.exec(file("stored_tokens")) ?? [];
    assert.equal(Date.parse(expiresAt), Number(seconds) * 1000);
    assert.ok(Date.parse(expiresAt) > Date.now() + DAY * 1000);
  });

  it("uses the old token, with a warning, while the Hub is down", async () => {
    const old = await signIn(3600);
    world.hub.fault({ path: "/oauth/token", status: 503 });
    const done = await world.hf(["auth", "token"]);
    assert.deepEqual([done.exit, done.stdout], [0, `${old}\n`]);
    assert.match(done.stderr, /^Warning: The saved login 'oauth-carol' could not be renewed: .* The old token is used/);
    assert.ok(!done.stderr.includes(old));
    const git = `protocol=http\nhost=${new URL(world.hub.url).host}\n\n`;
    const helper = await world.hf(["auth", "git-credential", "get"], { input: git });
    assert.match(helper.stdout, new RegExp(`password=${old}`));
    assert.match(helper.stderr, /could not be renewed/);
  });
});

describe("hf auth refresh", () => {
  it("renews the active login, or the one that is named, although it is not near its end", async () => {
    const old = await signIn(2 * DAY);
    const done = await world.hf(["auth", "refresh"]);
    assert.deepEqual([done.exit, done.stderr], [0, ""]);
    assert.match(done.stdout, /Renewed oauth-carol, good until \d{4}-\d\d-\d\d \d\d:\d\d UTC/);
    const token = file("token");
    assert.notEqual(token, old);
    const named = await world.hf(["auth", "refresh", "--name", "oauth-carol", "--json"]);
    const answer = JSON.parse(named.stdout) as Record<string, unknown>;
    assert.deepEqual([answer["name"], answer["renewedBy"]], ["oauth-carol", "this process"]);
    assert.notEqual(file("token"), token);
    assert.equal(refreshes(), 2);
    for (const text of [done.stdout, named.stdout]) assert.ok(!/hf_oauth_|hf_refresh_/.test(text));
  });

  it("says why it can't: no such login, nobody signed in, a pasted token, a login that has ended", async () => {
    const none = await world.hf(["auth", "refresh"]);
    assert.deepEqual([none.exit, none.stdout], [3, ""]);
    assert.match(none.stderr, /No saved login is active/);
    const pasted = await world.hf(["auth", "login", "--token-stdin"], { input: world.token("alice-read") });
    assert.equal(pasted.exit, 0);
    assert.match((await world.hf(["auth", "refresh"])).stderr, /'alice-read' has nothing to renew it/);
    assert.match((await world.hf(["auth", "refresh", "--name", "work"])).stderr, /There is no saved login 'work'/);
    await signIn(2 * DAY);
    for (const grant of world.hub.model.oauth.grants.values()) grant.ended = "revoked";
    const before = [file("token"), file("stored_tokens")];
    const ended = await world.hf(["auth", "refresh"]);
    assert.equal(ended.exit, 3);
    assert.match(ended.stderr, /does not renew 'oauth-carol' any more/);
    assert.match(ended.stderr, /hf auth login --force/);
    assert.deepEqual([file("token"), file("stored_tokens")], before);
  });
});

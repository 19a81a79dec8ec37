import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { deviceLogin, refresh, whoamiStatus } from "./support/oauth.ts";
import { start } from "./support/running.ts";
import type { Running } from "./support/running.ts";
import { HF, startWorld } from "./support/world.ts";
import type { Outcome, World } from "./support/world.ts";

let world: World;
before(async () => {
  world = await startWorld();
});
after(() => world.close());
beforeEach(async () => {
  rmSync(world.home, { recursive: true, force: true });
  rmSync(join(world.folder, ".gitconfig"), { force: true });
  await world.hub.reset();
});

const login = async (name: string, ...words: string[]): Promise<void> => {
  const done = await world.hf(["auth", "login", "--token-stdin", "--force", ...words], { input: world.token(name) });
  assert.equal(done.exit, 0, done.stderr);
};
const saved = (): string =>
  existsSync(join(world.home, "stored_tokens")) ? readFileSync(join(world.home, "stored_tokens"), "utf8") : "";
const status = (name: string): Promise<number> => whoamiStatus(world.hub, world.token(name));
const revocations = (): number =>
  world.hub.journal.entries.filter(({ url }) => url.endsWith("/api/credentials/revoke")).length;
const errorOf = (done: Outcome): { code: string; message: string; hint?: string; exit: number } =>
  (JSON.parse(done.stderr.trim().split("\n").at(-1) ?? "") as { error: ReturnType<typeof errorOf> }).error;

describe("hf auth logout --revoke", () => {
  it("ends the token of one login at the Hub, and then takes it away here", async () => {
    await login("bob-read", "--name", "other");
    await login("alice-read", "--name", "work");
    const done = await world.hf(["auth", "logout", "--name", "work", "--revoke", "--yes"]);
    assert.equal(done.exit, 0, done.stderr);
    assert.equal(done.stdout, "✓ Signed out work, and the Hub refuses its token now\n");
    assert.doesNotMatch(done.stderr, /stays valid/);
    assert.deepEqual([await status("alice-read"), await status("bob-read")], [401, 200]);
    assert.match(saved(), /^\[other\]/);
    assert.equal(existsSync(join(world.home, "token")), false);
    // The last request of the program asked whether the token is gone.
    const calls = world.hub.journal.entries.map(({ url, status: answer }) => `${new URL(url).pathname} ${answer}`);
    assert.deepEqual(calls.slice(-4, -2), ["/api/credentials/revoke 202", "/api/whoami-v2 401"]);
  });

  it("ends all of them without a name, also a sign-in by code with what would renew it", async () => {
    const oauth = await deviceLogin(world.hub);
    await login("alice-read");
    const { access_token: token = "", refresh_token: renewal = "" } = oauth;
    writeFileSync(
      join(world.home, "stored_tokens"),
      `${saved()}[oauth-carol]\nhf_token = ${token}\nrefresh_token = ${renewal}\nexpires_at = 1999999999\n\n`,
    );
    const done = await world.hf(["auth", "logout", "--revoke", "--yes", "--json"]);
    assert.equal(done.exit, 0, done.stderr);
    const { removed, revoked } = JSON.parse(done.stdout) as Record<string, unknown>;
    assert.deepEqual([removed, revoked], [["alice-read", "oauth-carol"], true]);
    assert.deepEqual([await status("alice-read"), await whoamiStatus(world.hub, token)], [401, 401]);
    assert.equal((await refresh(world.hub, renewal)).status, 400);
    assert.equal(saved(), "");
    const again = await world.hf(["auth", "logout", "--revoke", "--yes"]);
    assert.deepEqual([again.exit, /nothing to remove/.test(again.stdout)], [0, true]);
  });

  it("does nothing without being told so, and never touches the token of a variable", async () => {
    await login("alice-read");
    const bare = await world.hf(["auth", "logout", "--revoke", "--json"]);
    assert.deepEqual([bare.exit, errorOf(bare).code], [2, "ERR_HF_NO_TERMINAL"]);
    assert.match(errorOf(bare).hint ?? "", /--yes/);
    assert.deepEqual([revocations(), await status("alice-read")], [0, 200]);
    assert.notEqual(saved(), "");
    const plain = await world.hf(["auth", "logout"]);
    assert.match(plain.stderr, /stays valid at the Hub\. To end it: .*--revoke/);
    assert.deepEqual([plain.exit, revocations(), await status("alice-read")], [0, 0, 200]);
    await login("alice-read");
    const env = { HF_TOKEN: world.token("bob-read") };
    const done = await world.hf(["auth", "logout", "--revoke", "--yes"], { env });
    assert.match(done.stderr, /HF_TOKEN is still set/);
    assert.deepEqual([await status("alice-read"), await status("bob-read")], [401, 200]);
  });

  it("keeps the login while its token is not known to be dead", async () => {
    await login("alice-read");
    world.hub.fault({ path: "/api/credentials/revoke", status: 404, times: 1 });
    const noWay = await world.hf(["auth", "logout", "--revoke", "--yes", "--json"]);
    assert.deepEqual([noWay.exit, errorOf(noWay).code], [1, "ERR_HF_NOT_REVOKED"]);
    assert.match(errorOf(noWay).hint ?? "", /settings\/tokens/);
    await login("bob-read");
    world.hub.fault({ path: "/api/credentials/revoke", status: 403, skip: 1 });
    const half = await world.hf(["auth", "logout", "--revoke", "--yes", "--json"]);
    assert.equal(half.exit, 4, half.stderr);
    assert.match(errorOf(half).message, /Revoked already: '\w+-read' at http:\S+\. All logins are still saved here/);
    await world.hub.reset();
    await login("alice-read");
    const offline = await world.hf(["auth", "logout", "--revoke", "--yes"], { env: { HF_HUB_OFFLINE: "1" } });
    assert.equal(offline.exit, 11, offline.stderr);
    const elsewhere = await world.hf(["auth", "logout", "--revoke", "--yes", "--endpoint", "https://hub.example"]);
    assert.equal(elsewhere.exit, 3, elsewhere.stderr);
    assert.match(saved(), /alice-read/);
    assert.equal(await status("alice-read"), 200);
  });

  it("takes the token out of git's helpers too, though the login was not the active one", async () => {
    const store = join(world.folder, "git-credentials");
    writeFileSync(join(world.folder, ".gitconfig"), `[credential]\n\thelper = store --file=${store}\n`);
    await login("alice-read", "--name", "work", "--add-to-git-credential");
    assert.ok(readFileSync(store, "utf8").includes(world.token("alice-read")));
    await login("bob-read");
    assert.equal((await world.hf(["auth", "logout", "--name", "work", "--revoke", "--yes"])).exit, 0);
    assert.equal(readFileSync(store, "utf8"), "");
  });

  it("says that another login with the same token is dead too", async () => {
    await login("alice-read", "--name", "one");
    await login("alice-read", "--name", "two");
    const done = await world.hf(["auth", "logout", "--name", "one", "--revoke", "--yes"]);
    assert.match(done.stderr, /'two' is still saved, with the same token: it is dead too/);
  });
});

describe("hf auth revoke", () => {
  it("ends a token that is handed to it, and says whose it was and where it still stands", async () => {
    await login("alice-read", "--name", "work");
    const done = await world.hf(["auth", "revoke", "--token-stdin"], { input: ` ${world.token("alice-read")}\n` });
    assert.equal(done.exit, 0, done.stderr);
    assert.match(done.stdout, /^✓ Revoked the token 'alice-read' of alice: localhost:\d+ refuses it now\n$/);
    assert.match(done.stderr, /still saved here as 'work': 'hf auth logout --name work'/);
    assert.equal(await status("alice-read"), 401);
    assert.match(saved(), /^\[work\]/);
  });

  it("says that it revoked nothing where the Hub does not know the token", async () => {
    const done = await world.hf(["auth", "revoke", "--token-stdin", "--json"], {
      input: world.token("alice-read").slice(0, -1),
    });
    assert.deepEqual([done.exit, errorOf(done).code], [3, "ERR_HF_INVALID_TOKEN"]);
    assert.match(errorOf(done).message, /Nothing was revoked/);
    assert.match(errorOf(done).hint ?? "", /not copied whole/);
    assert.equal(revocations(), 0);
  });

  it("ends the token of a variable when that is said, and no saved login's", async () => {
    await login("alice-read");
    const none = await world.hf(["auth", "revoke", "--yes", "--json"]);
    assert.deepEqual([none.exit, errorOf(none).code], [2, "ERR_HF_USAGE"]);
    const env = { HF_TOKEN: world.token("bob-read") };
    const bare = await world.hf(["auth", "revoke", "--json"], { env });
    assert.deepEqual([bare.exit, errorOf(bare).code], [2, "ERR_HF_NO_TERMINAL"]);
    assert.match(errorOf(bare).message, /'bob-read' of bob from env:HF_TOKEN/);
    assert.equal(revocations(), 0);
    const done = await world.hf(["auth", "revoke", "--yes", "--json"], { env });
    const answer = JSON.parse(done.stdout) as Record<string, unknown>;
    assert.deepEqual(
      [done.exit, answer["revoked"], answer["user"], answer["source"]],
      [0, true, "bob", "env:HF_TOKEN"],
    );
    assert.deepEqual([await status("bob-read"), await status("alice-read")], [401, 200]);
  });

  it("sends nothing over plain http", async () => {
    const done = await world.hf(["auth", "revoke", "--token-stdin", "--endpoint", "http://hub.example"], {
      input: world.token("alice-read"),
    });
    assert.equal(done.exit, 3);
    assert.match(done.stderr, /plain http/);
  });
});

const noTerminal =
  process.platform !== "linux" || spawnSync("script", ["--version"]).status !== 0 ? "script is not installed" : false;

describe("revoking on a terminal", { skip: noTerminal }, () => {
  const onTerminal = (words: string): Running =>
    start(
      world,
      ["-qec", `stty rows 24 cols 80; exec "${process.execPath}" "${HF}" ${words}`, "/dev/null"],
      { TERM: "xterm" },
      ["script"],
    );

  it("asks first, and takes Enter for no", async () => {
    await login("alice-read", "--name", "work");
    const no = onTerminal("auth logout --name work --revoke");
    await no.until(/Revoke 'work' at http:\/\/localhost:\d+\?/);
    no.child.stdin?.write("\r");
    const { exit, stdout } = await no.ended;
    assert.deepEqual([exit, /Nothing was changed/.test(stdout)], [130, true], stdout);
    assert.deepEqual([revocations(), await status("alice-read")], [0, 200]);
    const yes = onTerminal("auth logout --name work --revoke");
    await yes.until(/Revoke 'work'/);
    yes.child.stdin?.write("y");
    assert.equal((await yes.ended).exit, 0);
    assert.equal(await status("alice-read"), 401);
  });

  it("takes a paste that it does not show", async () => {
    const running = onTerminal("auth revoke");
    await running.until(/Token to revoke/);
    running.child.stdin?.write(`${world.token("alice-read")}\r`);
    await running.until(/Revoke the token 'alice-read' of alice\?/);
    running.child.stdin?.write("y");
    const { exit, stdout } = await running.ended;
    assert.equal(exit, 0, stdout);
    assert.ok(!stdout.includes(world.token("alice-read")));
    assert.equal(await status("alice-read"), 401);
  });
});

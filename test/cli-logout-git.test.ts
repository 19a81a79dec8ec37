import assert from "node:assert/strict";
import { chmodSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { startWorld } from "./support/world.ts";
import type { Outcome, World } from "./support/world.ts";

const skip = process.platform === "win32" ? "the helpers here are shell scripts" : false;

let world: World;
let store: string;
before(async () => {
  world = await startWorld();
  store = join(world.folder, "git-credentials");
});
after(() => world.close());
beforeEach(() => {
  rmSync(world.home, { recursive: true, force: true });
  writeFileSync(store, "", { mode: 0o600 });
  configure(`store --file=${store}`);
});

const configure = (helper: string): void =>
  writeFileSync(join(world.folder, ".gitconfig"), `[credential]\n\thelper = ${helper}\n`);
const login = async (name: string, ...words: string[]): Promise<void> => {
  const done = await world.hf(["auth", "login", "--token-stdin", "--force", ...words], { input: world.token(name) });
  assert.equal(done.exit, 0, done.stderr);
};
const withGit = (name: string, ...words: string[]): Promise<void> => login(name, "--add-to-git-credential", ...words);
const logout = (...words: string[]): Promise<Outcome> => world.hf(["auth", "logout", ...words]);
const held = (): string => readFileSync(store, "utf8");
const messagesOf = (done: Outcome): string[] =>
  (JSON.parse(done.stdout) as { kept: { message: string }[] }).kept.map(({ message }) => message);

describe("a sign-out, and what git's helpers keep", { skip }, () => {
  it("takes a login's token out though another one is active, and though the token file is gone", async () => {
    await withGit("alice-read", "--name", "one");
    await login("bob-read", "--name", "two");
    assert.ok(held().includes(world.token("alice-read")));
    const done = await logout("--name", "one");
    assert.deepEqual([done.exit, held()], [0, ""], done.stderr);
    await withGit("alice-read", "--name", "one");
    rmSync(join(world.home, "token"));
    const all = await logout();
    assert.deepEqual([all.exit, held()], [0, ""], all.stderr);
  });

  it("touches no credential but that of the login that goes", async () => {
    await withGit("alice-read", "--name", "one");
    await withGit("bob-read", "--name", "two");
    const before = held();
    assert.ok(before.includes(world.token("bob-read")));
    const done = await logout("--name", "one");
    assert.deepEqual([done.exit, held()], [0, before], done.stderr);
    // A password of another program, under the name that the Hub's tokens have.
    const other = `http://hf_user:mine@${new URL(world.hub.url).host.replace(":", "%3a")}\n`;
    writeFileSync(store, other);
    const all = await logout();
    assert.deepEqual([all.exit, held()], [0, other], all.stderr);
  });

  it("asks at the endpoint of each login, whichever is in use now", async () => {
    await withGit("alice-read", "--name", "one");
    const done = await logout("--endpoint", "http://localhost:9");
    assert.deepEqual([done.exit, held()], [0, ""], done.stderr);
  });

  it("says that git can't be asked, with exit 6", async () => {
    await withGit("alice-read", "--name", "one");
    writeFileSync(join(world.folder, ".gitconfig"), "[bro");
    const done = await logout("--json");
    assert.equal(done.exit, 6, done.stderr);
    assert.match(messagesOf(done).join("\n"), /^git could not be asked for a token for .*may still hold one/);
    assert.deepEqual(JSON.parse(done.stdout).removed, ["one"]);
    const nobody = await logout();
    assert.equal(nobody.exit, 0, nobody.stderr);
  });

  it("names what a helper did not forget, with exit 6", async () => {
    await withGit("alice-read", "--name", "one");
    const helper = join(world.folder, "git-credential-keeps");
    const real = `exec git credential-store --file=${store} "$1"`;
    writeFileSync(helper, `#!/bin/sh\n[ "$1" != erase ] || { echo never >&2; exit 1; }\n${real}\n`);
    chmodSync(helper, 0o755);
    configure(helper);
    const done = await logout("--name", "one", "--json");
    assert.equal(done.exit, 6, done.stderr);
    assert.match(messagesOf(done).join("\n"), /still holds the token.*never/);
    assert.match(done.stderr, /still holds the token/);
    // One that shows nothing: nobody can tell whether it is gone.
    writeFileSync(helper, `#!/bin/sh\n[ "$1" != erase ] || { echo never >&2; exit 1; }\n`);
    await login("bob-read");
    const unseen = await logout();
    assert.equal(unseen.exit, 6, unseen.stderr);
    assert.match(unseen.stderr, /may still hold the token.*never/);
    assert.doesNotMatch(unseen.stdout, /✓/);
  });

  it("tells a helper of one endpoint no token of another", async () => {
    const [helper, log] = [join(world.folder, "git-credential-listens"), join(world.folder, "heard")];
    writeFileSync(helper, `#!/bin/sh\n{ echo "$1"; cat; } >> ${log}\n`);
    chmodSync(helper, 0o755);
    configure(helper);
    await login("alice-read", "--name", "one");
    const done = await logout("--endpoint", "http://localhost:9");
    assert.equal(done.exit, 0, done.stderr);
    const heard = readFileSync(log, "utf8");
    assert.match(heard, /host=localhost:9\n/);
    for (const part of heard.split(/^(?=get|erase)/m)) {
      if (part.includes("host=localhost:9\n")) assert.ok(!part.includes(world.token("alice-read")), "its token");
    }
    assert.ok(heard.includes(world.token("alice-read")), "its own endpoint's is told");
  });

  it("says of a token that no login here has that it stays", async () => {
    await withGit("alice-read", "--name", "one");
    await login("bob-read", "--name", "one");
    const before = held();
    const done = await logout();
    assert.deepEqual([done.exit, held()], [0, before]);
    assert.match(done.stderr, /still holds another token/);
  });
});

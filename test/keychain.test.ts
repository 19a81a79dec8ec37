import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { createFileTokenStore, createKeychain } from "../src/auth/index.ts";
import type { Keychain } from "../src/auth/index.ts";
import { planLogin } from "../src/auth/store-plans.ts";
import { systemClock } from "../src/core/clock.ts";
import { Secret } from "../src/core/secret.ts";
import { startKeyring, whyNoKeyring, whyNoPackage } from "./support/keyring.ts";
import type { Keyring } from "./support/keyring.ts";
import { deviceLogin, whoamiStatus } from "./support/oauth.ts";
import { HF, startWorld } from "./support/world.ts";
import type { Outcome, RunOptions, World } from "./support/world.ts";

const skip = whyNoKeyring() ?? false;

let world: World;
let keyring: Keyring;
before(async () => {
  if (skip !== false) return;
  world = await startWorld();
  keyring = await startKeyring();
});
after(async () => {
  if (skip !== false) return;
  await keyring.close();
  await world.close();
});
afterEach(async () => {
  if (skip !== false) return;
  if (keyring.isLocked) await keyring.restart();
  await hf(["auth", "logout"]);
});

const hf = (args: readonly string[], options: RunOptions = {}): Promise<Outcome> =>
  world.hf(args, { ...options, env: { ...keyring.env, ...options.env } });

async function done(args: readonly string[], options?: RunOptions): Promise<Outcome> {
  const outcome = await hf(args, options);
  assert.equal(outcome.exit, 0, `${args.join(" ")}: ${outcome.stderr}`);
  return outcome;
}

const signIn = (token: string, ...more: string[]): Promise<Outcome> =>
  done(["auth", "login", "--store", "keychain", "--token-stdin", ...more], { input: world.token(token) });

/** The keychain as the program has it. */
function chain(): Keychain {
  const env = { PATH: process.env["PATH"], ...keyring.env };
  return createKeychain({ platform: process.platform, env, execPath: process.execPath, from: HF });
}

function store() {
  const [tokenPath, storedTokensPath] = [join(world.home, "token"), join(world.home, "stored_tokens")];
  const { platform } = process;
  return createFileTokenStore({ tokenPath, storedTokensPath, platform, clock: systemClock, keychain: chain() });
}

function filesWith(text: string): string[] {
  const below = (folder: string): string[] =>
    readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? below(path) : [path];
    });
  return below(world.folder).filter((path) => statSync(path).isFile() && readFileSync(path).includes(text));
}

const list = async (): Promise<string[]> => {
  const { logins } = JSON.parse((await done(["auth", "list", "--json"])).stdout) as {
    logins: { name: string; active: boolean; store: string }[];
  };
  return logins.map(({ name, active, store }) => `${active ? "*" : ""}${name}:${store}`).toSorted();
};

describe("a login in the system's keychain", { skip }, () => {
  it("is in no file, and every command finds it, also after the keyring was started anew", async () => {
    const said = await signIn("alice-read");
    assert.match(said.stdout, /saved as alice-read in the keychain \(Secret Service\)/);
    assert.match(said.stderr, /Python's tools can't read the keychain/);
    const token = world.token("alice-read");
    assert.deepEqual(filesWith(token), []);
    await keyring.restart();
    assert.equal((await done(["auth", "token"])).stdout, `${token}\n`);
    assert.equal((await done(["whoami", "--quiet"])).stdout, "alice\n");
    assert.equal((await done(["run", "--", "sh", "-c", "echo $HF_TOKEN"])).stdout, `${token}\n`);
    assert.equal((await done(["run", "--as", "alice-read", "--", "sh", "-c", "echo $HF_TOKEN"])).stdout, `${token}\n`);
    const { host } = new URL(world.hub.url);
    const git = await done(["auth", "git-credential", "get"], { input: `protocol=http\nhost=${host}\n\n` });
    assert.ok(git.stdout.includes(`password=${token}\n`));
    const program = join(world.folder, "library.mjs");
    const door = new URL("../src/index.js", import.meta.url).href;
    writeFileSync(program, `import { whoami } from ${JSON.stringify(door)};\nconsole.log((await whoami()).name);\n`);
    const library = await world.run(process.execPath, [program], { env: keyring.env });
    assert.equal(library.stdout, "alice\n", library.stderr);
    assert.deepEqual(filesWith(token), []);
  });

  it("is named by status with its keychain, and marked by list", async () => {
    await signIn("alice-read");
    for (const words of [
      ["auth", "status"],
      ["auth", "status", "--offline"],
    ]) {
      assert.match(
        (await done(words)).stdout,
        /\* +keychain:secret-service +active, hf_\*{4}.{4}, saved as alice-read/,
      );
    }
    assert.match((await done(["auth", "list"])).stdout, /\* +alice-read +in the keychain/);
    const doctor = await hf(["doctor", "--json"]);
    assert.doesNotMatch(doctor.stdout, /can't be asked|not-signed-in/);
    const hidden = await done(["auth", "list"], { env: { HF_TOKEN: world.token("bob-read") } });
    assert.match(hidden.stderr, /env:HF_TOKEN is set and comes before/);
  });

  it("is refused, not passed over, when the keychain is locked", async () => {
    await signIn("alice-read");
    keyring.lock();
    const env = { HUGGINGFACE_TOKEN: world.token("bob-read") };
    for (const words of [["auth", "token"], ["whoami"], ["run", "--as", "alice-read", "--", "true"]]) {
      const locked = await hf(words, { env });
      assert.deepEqual([locked.exit, locked.stdout], [6, ""], words.join(" "));
      assert.match(locked.stderr, /is locked.*Unlock it/s);
    }
    const status = await hf(["auth", "status"], { env });
    assert.equal(status.exit, 3);
    assert.match(status.stdout, /! +keychain:secret-service +unreadable/);
    assert.deepEqual(await list(), ["*alice-read:keychain"]);
  });

  it("is not signed out by halves: a locked keychain keeps it, and that is said", async () => {
    await signIn("alice-read");
    await done(["auth", "login", "--token-stdin", "--force", "--name", "file"], { input: world.token("bob-read") });
    keyring.lock();
    const one = await hf(["auth", "logout", "--name", "alice-read"]);
    assert.equal(one.exit, 6);
    assert.match(one.stderr, /is locked/);
    assert.deepEqual(await list(), ["*file:file", "alice-read:keychain"], "nothing was changed");
    const all = await hf(["auth", "logout", "--json"]);
    assert.equal(all.exit, 6);
    const said = JSON.parse(all.stdout);
    assert.deepEqual([said.removed, said.left], [["file"], ["alice-read"]]);
    assert.deepEqual(
      said.kept.map(({ code }: { readonly code: string }) => code),
      ["ERR_HF_KEYCHAIN"],
    );
    assert.match(all.stderr, /is locked/);
    assert.deepEqual(filesWith(world.token("bob-read")), [], "what is in files is gone all the same");
    assert.deepEqual(await list(), ["alice-read:keychain"]);
    await keyring.restart();
    await done(["auth", "logout"]);
    assert.deepEqual(await list(), []);
    assert.match((await hf(["auth", "token"])).stderr, /Not signed in/);
  });

  it("is not called signed out where the keychain kept it", async () => {
    await signIn("alice-read");
    keyring.lock();
    const { exit, stdout } = await hf(["auth", "logout"]);
    assert.deepEqual(
      [exit, stdout],
      [6, "No login is used any more. Still saved, and there to be signed out: alice-read\n"],
    );
  });

  it("leaves git's copy where a locked keychain hides which token that is, and names it", async () => {
    const kept = join(world.folder, "git-credentials");
    const config = join(world.folder, ".gitconfig");
    writeFileSync(config, `[credential]\n\thelper = store --file=${kept}\n`);
    await signIn("alice-read", "--add-to-git-credential");
    keyring.lock();
    const { exit, stdout } = await hf(["auth", "logout", "--json"]);
    assert.equal(exit, 6);
    const messages = JSON.parse(stdout).kept.map(({ message }: { readonly message: string }) => message);
    assert.match(messages.join("\n"), /git's helper \(store .*\) still holds a token/);
    assert.ok(readFileSync(kept, "utf8").includes(world.token("alice-read")));
    await keyring.restart();
    await done(["auth", "logout"]);
    assert.equal(readFileSync(kept, "utf8"), "");
    rmSync(config);
  });

  it("is told apart from one that somebody took out of the keychain", async () => {
    await signIn("alice-read");
    const kept = await accounts();
    assert.equal(kept.length, 1);
    for (const account of kept) assert.equal(await chain().remove(account), true);
    const gone = await hf(["auth", "token"]);
    assert.equal(gone.exit, 6);
    assert.match(gone.stderr, /not in the keychain any more.*hf auth login --name alice-read/s);
    await done(["auth", "logout", "--name", "alice-read"]);
    assert.deepEqual(await list(), []);
  });

  it("lives beside logins in files: switch, a folder's own, and the same name moved to and fro", async () => {
    await signIn("alice-read", "--name", "work");
    await done(["auth", "login", "--token-stdin", "--force", "--name", "home"], { input: world.token("bob-read") });
    assert.deepEqual(await list(), ["*home:file", "work:keychain"]);
    assert.equal((await done(["whoami", "-q"])).stdout, "bob\n");
    await done(["auth", "switch", "work"]);
    assert.equal((await done(["whoami", "-q"])).stdout, "alice\n");
    await done(["auth", "switch", "home"]);
    await done(["auth", "use", "work"]);
    assert.equal((await done(["whoami", "-q"])).stdout, "alice\n");
    await done(["auth", "use", "--remove"]);
    await signIn("bob-read", "--name", "home", "--force");
    assert.deepEqual(await list(), ["*home:keychain", "work:keychain"]);
    assert.deepEqual(filesWith(world.token("bob-read")), []);
    await done(["auth", "login", "--token-stdin", "--force", "--name", "work"], { input: world.token("alice-read") });
    assert.deepEqual(await list(), ["*work:file", "home:keychain"]);
    assert.equal((await accounts()).length, 1, "the old entry is gone");
    await done(["auth", "logout", "--name", "home"]);
    assert.deepEqual(await accounts(), []);
  });

  it("goes to no other endpoint than its own", async () => {
    await signIn("alice-read");
    const elsewhere = { HF_ENDPOINT: "https://hub.example" };
    const refused = await hf(["auth", "token"], { env: elsewhere });
    assert.equal(refused.exit, 3);
    assert.match(refused.stderr, /belongs to http:\/\/localhost:\d+, not to https:\/\/hub\.example/);
  });

  it("is renewed there when it came by OAuth", async () => {
    const { access_token: access = "", refresh_token: refresh = "" } = await deviceLogin(world.hub);
    const login = {
      name: "oauth-carol",
      token: Secret.of(access),
      refreshToken: Secret.of(refresh),
      expiresAt: new Date(Date.now() + 3600_000),
      origin: world.hub.url,
      inKeychain: true,
    };
    await store().write((now) => planLogin(now, login));
    assert.deepEqual(await list(), ["*oauth-carol:keychain"]);
    const token = await done(["auth", "token"]);
    assert.notEqual(token.stdout.trim(), access);
    assert.equal((await done(["whoami", "-q"])).stdout, "carol\n");
    assert.equal((await store().reveal("oauth-carol")).token?.expose(), token.stdout.trim());
    assert.equal((await done(["auth", "token"])).stdout, token.stdout, "once is enough");
    await done(["auth", "refresh"]);
    assert.notEqual((await done(["auth", "token"])).stdout, token.stdout);
    for (const secret of [access, refresh, token.stdout.trim()]) assert.deepEqual(filesWith(secret), []);
  });

  it("never becomes a login in a file without a word: no keychain, no login", async () => {
    const bus = { DBUS_SESSION_BUS_ADDRESS: `unix:path=${join(world.folder, "no-bus")}` };
    world.hub.journal.clear();
    for (const env of [bus, { DBUS_SESSION_BUS_ADDRESS: "" }]) {
      const refused = await hf(["auth", "login", "--store", "keychain", "--token-stdin"], {
        input: world.token("alice-read"),
        env,
      });
      assert.equal(refused.exit, 6, refused.stderr);
      assert.match(refused.stderr, /is not there.*hf auth login --store file/s);
    }
    keyring.lock();
    assert.equal((await hf(["auth", "login", "--store", "keychain", "--token-stdin"], { input: "hf_x" })).exit, 6);
    assert.equal(world.hub.journal.entries.length, 0, "the keychain is tried before the Hub is asked");
    assert.deepEqual(await list(), []);
    assert.equal((await hf(["auth", "login", "--store", "cloud", "--token-stdin"], { input: "hf_x" })).exit, 2);
  });

  it("is ended at the Hub where that is asked for; a locked keychain ends nothing and loses nothing", async () => {
    await signIn("alice-read", "--name", "work");
    await signIn("bob-read", "--name", "other");
    keyring.lock();
    const locked = await hf(["auth", "logout", "--revoke", "--yes"]);
    assert.equal(locked.exit, 6, locked.stderr);
    await keyring.restart();
    assert.deepEqual(await list(), ["*other:keychain", "work:keychain"]);
    const named = await done(["auth", "logout", "--name", "work", "--revoke", "--yes"]);
    assert.match(named.stdout, /Signed out work, and the Hub refuses its token now/);
    assert.equal(await whoamiStatus(world.hub, world.token("alice-read")), 401);
    assert.equal(await whoamiStatus(world.hub, world.token("bob-read")), 200);
    await done(["auth", "logout", "--revoke", "--yes"]);
    assert.equal(await whoamiStatus(world.hub, world.token("bob-read")), 401);
    assert.deepEqual(await accounts(), []);
    await world.hub.reset();
  });

  it("leaves nothing of the self-test behind", async () => {
    await signIn("alice-read");
    await done(["auth", "logout"]);
    assert.deepEqual(await accounts(), []);
  });

  /** Every name that this package has in the keyring. */
  async function accounts(): Promise<string[]> {
    const code = `const { findCredentials } = require("node:module").createRequire(process.argv[1])("@napi-rs/keyring");
      console.log(JSON.stringify(findCredentials("latchkey").map(({ account }) => account)));`;
    const asked = await world.run(process.execPath, ["-e", code, HF], { env: keyring.env });
    assert.equal(asked.exit, 0, asked.stderr);
    return JSON.parse(asked.stdout) as string[];
  }
});

describe("a keychain that takes every call and answers none", { skip: whyNoPackage() ?? false }, () => {
  it("is waited for once by a command, and named by it", { timeout: 60_000 }, async (test) => {
    const quiet = await startWorld();
    test.after(() => quiet.close());
    let calls = 0;
    const bus = createServer((socket) => {
      calls++;
      socket.on("error", () => undefined);
    });
    const path = join(quiet.folder, "bus");
    await new Promise<void>((resolve) => bus.listen(path, resolve));
    test.after(() => bus.close());
    mkdirSync(quiet.home, { recursive: true });
    const place = { origins: [quiet.hub.url], stamp: "ab" };
    const index = { version: 1, active: "work", logins: { work: place, other: place } };
    writeFileSync(join(quiet.home, "latchkey-keychain.json"), JSON.stringify(index));
    for (const args of [
      ["auth", "token"],
      ["auth", "whoami"],
      ["auth", "logout", "--name", "other"],
    ]) {
      calls = 0;
      const { exit, stderr } = await quiet.hf(args, { env: { DBUS_SESSION_BUS_ADDRESS: `unix:path=${path}` } });
      assert.equal(exit, 6, `${args.join(" ")}: ${stderr}`);
      assert.match(stderr, /did not answer within 3 s\.\nNext: It may be locked and asking for its password/);
      assert.equal(calls, 1, args.join(" "));
    }
  });
});

import assert from "node:assert/strict";
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { makePipe } from "./support/make-pipe.ts";
import { startWorld } from "./support/world.ts";
import type { Outcome, World } from "./support/world.ts";

let world: World;
before(async () => {
  world = await startWorld();
});
after(() => world.close());
beforeEach(async () => {
  rmSync(world.home, { recursive: true, force: true });
  mkdirSync(world.home, { mode: 0o700 });
  await world.hub.reset();
});

/** A pipe that nobody writes to, in the place of a file. */
function pipeAt(path: string): string | undefined {
  mkdirSync(dirname(path), { recursive: true });
  rmSync(path, { force: true });
  return makePipe(path);
}

/** The repo's folder in the cache, and the commit that is there. */
async function downloaded(): Promise<{ readonly folder: string; readonly commit: string }> {
  const done = await world.hf(["download", "alice/tiny-model", "--quiet"]);
  assert.equal(done.exit, 0, done.stderr);
  const folder = join(world.hubCache, "models--alice--tiny-model");
  return { folder, commit: readFileSync(join(folder, "refs/main"), "utf8") };
}

describe("a pipe in the place of a file", () => {
  for (const [name, args] of [
    ["token", ["auth", "whoami"]],
    ["token", ["auth", "token"]],
    ["stored_tokens", ["auth", "list"]],
    ["stored_tokens", ["auth", "switch", "work"]],
    ["latchkey-folders.json", ["auth", "whoami"]],
    ["latchkey-folders.json", ["run", "--", "true"]],
  ] as const) {
    it(`is named and not waited for: ${name}, hf ${args.join(" ")}`, async (test) => {
      const missing = pipeAt(join(world.home, name));
      if (missing !== undefined) return test.skip(missing);
      const done = await world.hf(args);
      assert.equal(done.exit, 6, done.stderr);
      assert.match(done.stderr, new RegExp(`${name} \\(it is a pipe, not a regular file\\)`));
    });
  }

  it("is no reason to hang for auth status, for a sign-in over it, and for a sign-out", async (test) => {
    for (const name of ["token", "stored_tokens", "latchkey.json"]) {
      const missing = pipeAt(join(world.home, name));
      if (missing !== undefined) return test.skip(missing);
      const status = await world.hf(["auth", "status", "--offline"]);
      assert.equal(status.exit, 3, `${name}: ${status.stderr}`);
      const login = await world.hf(["auth", "login", "--token-stdin"], { input: world.token("alice-read") });
      assert.ok(login.exit === 0 || login.exit === 6, `${name}: ${login.exit} ${login.stderr}`);
      const logout = await world.hf(["auth", "logout"]);
      assert.ok(logout.exit === 0 || logout.exit === 6, `${name}: ${logout.exit} ${logout.stderr}`);
      rmSync(world.home, { recursive: true });
      mkdirSync(world.home, { mode: 0o700 });
    }
  });

  it("is replaced in the cache by what belongs there", async (test) => {
    const { folder, commit } = await downloaded();
    const wanted = readFileSync(join(folder, "trees", `${commit}.json`), "utf8");
    for (const name of ["refs/main", `trees/${commit}.json`]) {
      const missing = pipeAt(join(folder, name));
      if (missing !== undefined) return test.skip(missing);
    }
    const offline = await world.hf(["download", "alice/tiny-model", "--offline"]);
    assert.equal(offline.exit, 11, offline.stderr);
    await downloaded();
    assert.equal(readFileSync(join(folder, "refs/main"), "utf8"), commit);
    assert.equal(readFileSync(join(folder, "trees", `${commit}.json`), "utf8"), wanted);
  });

  it("is neither opened nor written through as a note that a file does not exist", async (test) => {
    const { folder, commit } = await downloaded();
    const missing = pipeAt(join(folder, ".no_exist", commit, "none.txt"));
    if (missing !== undefined) return test.skip(missing);
    const victim = join(world.folder, "victim");
    symlinkSync(victim, join(folder, ".no_exist", commit, "other.txt"));
    for (const name of ["none.txt", "other.txt"]) {
      const done = await world.hf(["download", "alice/tiny-model", name]);
      assert.equal(done.exit, 5, done.stderr);
    }
    assert.equal(statSync(victim, { throwIfNoEntry: false }), undefined);
  });
});

describe("a file without an end in the place of one", () => {
  it("fills no memory: the token, the logins, the listing, the variables", async () => {
    const { folder, commit } = await downloaded();
    const large = (path: string): void => {
      writeFileSync(path, "");
      truncateSync(path, 8 * 2 ** 30);
    };
    for (const [path, args, exit] of [
      [join(world.home, "token"), ["auth", "whoami"], 6],
      [join(world.home, "stored_tokens"), ["auth", "list"], 6],
      [join(folder, "refs/main"), ["download", "alice/tiny-model", "--quiet"], 0],
      [join(folder, "trees", `${commit}.json`), ["download", "alice/tiny-model", "--quiet"], 0],
      [join(world.folder, ".env"), ["auth", "whoami", "--dotenv", join(world.folder, ".env")], 6],
      [join(world.folder, "t"), ["auth", "whoami", "--token-file", join(world.folder, "t")], 6],
    ] as const) {
      large(path);
      const done = await world.hf(args);
      assert.equal(done.exit, exit, `${path}: ${done.stderr}`);
      rmSync(path);
    }
  });
});

describe("a name with an escape sequence in it", () => {
  it("reaches the terminal without it: folders, variables, names of logins", async (test) => {
    const nasty = join(world.folder, "a\u001b]0;title\u0007\u001b[2J\u202e");
    mkdirSync(nasty, { recursive: true });
    test.after(() => rmSync(nasty, { recursive: true }));
    const named = join(nasty, "home");
    mkdirSync(named, { mode: 0o700 });
    const token = world.token("alice-read");
    writeFileSync(join(named, "token"), token, { mode: 0o600 });
    writeFileSync(join(named, "stored_tokens"), `[x\u001b[31my]\nhf_token = ${token}\n\n`, { mode: 0o600 });
    for (const args of [
      ["env"],
      ["auth", "status", "--offline"],
      ["auth", "status"],
      ["auth", "list"],
      ["auth", "use", "none"],
      ["download", "alice/tiny-model"],
      ["download", "alice/tiny-model", "--dry-run"],
      ["download", "alice/tiny-model", "--json"],
      ["auth", "env", "--write", ".env", "--format", "agent"],
      ["auth", "logout", "--json"],
    ]) {
      const done = await world.hf(args, { cwd: nasty, env: { HF_HOME: named, HF_HUB_CACHE: join(nasty, "hub") } });
      assert.doesNotMatch(done.stdout + done.stderr, /[\u001b\u0007\u202e]/, args.join(" "));
    }
  });
});

describe("a circle of links in the place of a file or a folder", () => {
  it("is a fault of the disk, and never one of the program", async () => {
    const { folder, commit } = await downloaded();
    const circle = (path: string): void => {
      rmSync(path, { recursive: true, force: true });
      symlinkSync(path, path);
    };
    const downloads = [["alice/tiny-model"], ["alice/tiny-model", "config.json"], ["alice/tiny-model", "none.txt"]];
    const ofCache = [...downloads, ["alice/tiny-model", "--offline"]].map((words) => ["download", ...words]);
    const ofHome = [
      ["list"],
      ["status", "--offline"],
      ["login", "--token-stdin"],
      ["use", "alice-read"],
      ["logout"],
    ].map((words) => ["auth", ...words]);
    const inCache = ["refs/main", "refs", "trees", `snapshots/${commit}`, "snapshots", "blobs", ".no_exist", "."];
    const inHome = ["stored_tokens", "stored_tokens.lock", "latchkey.json", "latchkey-folders.json", "token", "."];
    for (const [path, commands] of [
      ...inCache.map((name) => [join(folder, name), ofCache] as const),
      ...[".locks", "CACHEDIR.TAG", "."].map((name) => [join(world.hubCache, name), ofCache] as const),
      ...inHome.map((name) => [join(world.home, name), ofHome] as const),
    ]) {
      circle(path);
      for (const args of commands) {
        const done = await world.hf([...args, "--json"], { input: world.token("alice-read") });
        assert.doesNotMatch(done.stderr, /ERR_HF_INTERNAL/, `${path}: hf ${args.join(" ")}: ${done.stderr}`);
      }
      rmSync(path, { force: true, recursive: true });
    }
  });
});

describe("a token that comes through a pipe which the user named", () => {
  const bash = (line: string): Promise<Outcome> =>
    world.run("bash", ["-c", line, process.execPath, join(import.meta.dirname, "../../dist/bin/hf.cjs")], {
      env: { NAMED: world.token("alice-read") },
    });

  it("is read from a process substitution and from standard input", async (test) => {
    const found = await world.run("bash", ["-c", "cat <(echo yes)"]).catch((): Outcome | undefined => undefined);
    if (found?.stdout !== "yes\n") return test.skip("no bash with process substitution here");
    for (const line of [
      `"$0" "$1" auth whoami --quiet --token-file <(sleep 0.3; echo "$NAMED")`,
      `echo "$NAMED" | "$0" "$1" auth whoami --quiet --token-file /dev/stdin`,
      `(sleep 0.3; echo "$NAMED") | "$0" "$1" auth whoami --quiet --token-file /dev/fd/0`,
      `"$0" "$1" auth whoami --quiet --dotenv <(echo "HF_TOKEN=$NAMED")`,
      `"$0" "$1" auth whoami --quiet --token-file /dev/stdin <<< "$NAMED"`,
    ]) {
      const done = await bash(line);
      assert.equal(done.exit, 0, `${line}: ${done.stderr}`);
      assert.equal(done.stdout, "alice\n", line);
    }
    const none = await bash(`"$0" "$1" auth whoami --token-file <(true)`);
    assert.equal(none.exit, 2, none.stderr);
    assert.match(none.stderr, /token given with --token-file is empty/);
    assert.deepEqual(readdirSync(world.home), []);
  });
});

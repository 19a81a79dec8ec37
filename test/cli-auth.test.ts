import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { HF, startWorld } from "./support/world.ts";
import type { World } from "./support/world.ts";

let world: World;
before(async () => {
  world = await startWorld();
});
after(() => world.close());
beforeEach(async () => {
  rmSync(world.home, { recursive: true, force: true });
  await world.hub.reset();
});

const login = (tokenName: string, ...more: string[]) =>
  world.hf(["auth", "login", "--token-stdin", ...more], { input: `${world.token(tokenName)}\n` });
const stored = (): string => readFileSync(join(world.home, "stored_tokens"), "utf8");

interface ErrorDocument {
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly hint: string | null;
    readonly exit: number;
  };
}
const errorOf = (stderr: string): ErrorDocument["error"] => {
  const line =
    stderr
      .trim()
      .split("\n")
      .findLast((text) => text.startsWith("{")) ?? "";
  return (JSON.parse(line) as ErrorDocument).error;
};

describe("hf auth login", () => {
  it("saves the login where Python finds it, private from the first byte", async () => {
    const done = await login("alice-read");
    assert.equal(done.exit, 0, done.stderr);
    assert.match(done.stdout, /Signed in to http:\/\/localhost:\d+ as alice \(read token\)/);
    assert.equal(readFileSync(join(world.home, "token"), "utf8"), world.token("alice-read"));
    assert.equal(stored(), `[alice-read]\nhf_token = ${world.token("alice-read")}\n\n`);
    for (const [name, mode] of [
      ["token", 0o600],
      ["stored_tokens", 0o600],
      [".", 0o700],
    ] as const) {
      assert.equal(statSync(join(world.home, name)).mode & 0o777, mode, name);
    }
  });

  it("never prints the token", async () => {
    for (const more of [[], ["--json"], ["--debug"], ["--quiet"]]) {
      const done = await login("alice-read", "--force", ...more);
      assert.equal(done.exit, 0, done.stderr);
      assert.ok(!(done.stdout + done.stderr).includes(world.token("alice-read")), more.join());
    }
  });

  it("takes --token as Python does, and warns that others can see it", async () => {
    const done = await world.hf(["auth", "login", "--token", world.token("alice-read")]);
    assert.equal(done.exit, 0, done.stderr);
    assert.match(done.stderr, /every user of this machine/);
    assert.ok(!(done.stdout + done.stderr).includes(world.token("alice-read")));
  });

  it("takes a token from a file", async () => {
    const file = join(world.folder, "token.txt");
    writeFileSync(file, `"Bearer ${world.token("alice-read")}"\r\n`);
    const done = await world.hf(["auth", "login", "--token-file", file, "--quiet"]);
    assert.equal(done.exit, 0, done.stderr);
    assert.equal(done.stdout, "alice\n");
    assert.match(done.stderr, /quotes around it and the word Bearer/);
    assert.equal(readFileSync(join(world.home, "token"), "utf8"), world.token("alice-read"));
  });

  it("says so when somebody is signed in already, and keeps that login", async () => {
    await login("alice-read");
    const again = await world.hf(["auth", "login"]);
    assert.equal(again.exit, 0);
    assert.match(again.stdout, /Already signed in as alice-read/);
    assert.match(again.stderr, /--force/);
  });

  it("says how to go on without a terminal", async () => {
    const done = await world.hf(["auth", "login", "--json"]);
    assert.equal(done.exit, 2);
    assert.equal(errorOf(done.stderr).code, "ERR_HF_NO_TERMINAL");
    assert.match(errorOf(done.stderr).hint ?? "", /--token-stdin/);
  });

  const refused: readonly { what: string; input: string; code: string; exit: number }[] = [
    { what: "an unknown token", input: `hf_${"q".repeat(34)}`, code: "ERR_HF_INVALID_TOKEN", exit: 3 },
    { what: "an empty input", input: "\n", code: "ERR_HF_USAGE", exit: 2 },
    { what: "a token of an organisation", input: `api_org_${"q".repeat(34)}`, code: "ERR_HF_ORG_TOKEN", exit: 3 },
    { what: "two words", input: "hf_one two", code: "ERR_HF_USAGE", exit: 2 },
  ];
  for (const { what, input, code, exit } of refused) {
    it(`refuses ${what}, and what is stored stays`, async () => {
      await login("bob-read");
      const kept = stored();
      const done = await world.hf(["auth", "login", "--force", "--token-stdin", "--json"], { input });
      assert.equal(errorOf(done.stderr).code, code);
      assert.equal(done.exit, exit);
      assert.ok((errorOf(done.stderr).hint ?? "").length > 10);
      assert.equal(done.stdout, "");
      assert.equal(stored(), kept);
      assert.equal(readFileSync(join(world.home, "token"), "utf8"), world.token("bob-read"));
    });
  }

  it("refuses expired and revoked tokens, and an organisation's own", async () => {
    for (const [name, code] of [
      ["alice-expired", "ERR_HF_INVALID_TOKEN"],
      ["alice-revoked", "ERR_HF_INVALID_TOKEN"],
      ["acme-org", "ERR_HF_ORG_TOKEN"],
    ] as const) {
      const done = await login(name, "--json");
      assert.equal(errorOf(done.stderr).code, code);
      assert.ok(!existsSync(join(world.home, "token")));
    }
  });

  it("tells a rate limit from a bad token", async () => {
    const remove = world.hub.fault({
      path: "/api/whoami-v2",
      status: 429,
      rateLimit: { reset: 120 },
      retryAfter: 120,
    });
    const done = await login("alice-read", "--json");
    remove();
    assert.equal(errorOf(done.stderr).code, "ERR_HF_RATE_LIMITED");
    assert.equal(done.exit, 9);
    assert.ok(!existsSync(join(world.home, "token")));
  });

  it("says which Hub it could not reach", async () => {
    const done = await world.hf(["auth", "login", "--token-stdin", "--json"], {
      input: world.token("alice-read"),
      env: { HF_ENDPOINT: "http://localhost:1" },
    });
    assert.equal(errorOf(done.stderr).code, "ERR_HF_NETWORK");
    assert.equal(done.exit, 8);
    assert.match(errorOf(done.stderr).message, /localhost:1/);
  });

  it("sends no token over plain http to another machine", async () => {
    const done = await world.hf(["auth", "login", "--token-stdin", "--json"], {
      input: world.token("alice-read"),
      env: { HF_ENDPOINT: "http://hub.invalid" },
    });
    assert.equal(errorOf(done.stderr).code, "ERR_HF_INSECURE_ENDPOINT");
    assert.equal(done.exit, 3);
  });

  it("leaves a store in JSON alone, and says how to mend it; --force keeps a copy and takes the logins over", async () => {
    mkdirSync(world.home, { recursive: true });
    const json = JSON.stringify({ work: { hf_token: world.token("bob-read") } });
    writeFileSync(join(world.home, "stored_tokens"), json);
    const done = await login("alice-read", "--json");
    assert.equal(errorOf(done.stderr).code, "ERR_HF_STORE_UNREADABLE");
    assert.equal(done.exit, 6);
    assert.match(errorOf(done.stderr).hint ?? "", /--force/);
    assert.equal(stored(), json);
    const forced = await login("alice-read", "--force", "--json");
    assert.equal(forced.exit, 0, forced.stderr);
    const copy = (JSON.parse(forced.stdout) as { copy: string }).copy;
    assert.equal(readFileSync(copy, "utf8"), json);
    assert.equal(statSync(copy).mode & 0o777, 0o600);
    assert.match(stored(), /\[alice-read\][^[]*\[work\]/);
  });

  it("says what a sign-out leaves, with exit 6", async () => {
    await login("alice-read");
    const json = JSON.stringify({ tokens: { work: { token: world.token("bob-read") } } });
    writeFileSync(join(world.home, "stored_tokens"), json);
    const done = await world.hf(["auth", "logout", "--json"]);
    assert.equal(done.exit, 6, done.stderr);
    const { removed, kept } = JSON.parse(done.stdout) as {
      removed: string[];
      kept: { code: string; message: string }[];
    };
    assert.deepEqual(removed, []);
    assert.equal(kept[0]?.code, "ERR_HF_STORE_UNREADABLE");
    assert.ok(kept[0]?.message.includes(join(world.home, "stored_tokens")));
    assert.ok(!existsSync(join(world.home, "token")));
    assert.equal(stored(), json);
    const again = await world.hf(["auth", "logout"]);
    assert.equal(again.exit, 6, again.stderr);
    assert.match(again.stderr, /it is JSON, which another tool has written/);
    assert.match(again.stdout, /Nothing was removed/);
  });

  it("leaves a store that Python can't parse alone", async () => {
    mkdirSync(world.home, { recursive: true });
    const broken = "[a]\nhf_token = x\n\n[a]\nhf_token = y\n\n";
    writeFileSync(join(world.home, "stored_tokens"), broken);
    const done = await login("alice-read", "--json");
    assert.equal(errorOf(done.stderr).code, "ERR_HF_STORE_UNREADABLE");
    assert.equal(stored(), broken);
    assert.ok(!existsSync(join(world.home, "token")));
  });

  it("makes a name from the Hub safe, and refuses an unsafe one from the user", async () => {
    const token = world.hub.model.tokens.get(world.token("alice-read"));
    assert.ok(token !== undefined);
    for (const [given, section] of [
      ["DEFAULT", "[DEFAULT-token]"],
      ["evil]\nhf_token = x\n[other", "[evil] hf_token = x [other]"],
      ["", "[oauth-alice]"],
    ] as const) {
      rmSync(world.home, { recursive: true, force: true });
      token.displayName = given;
      const done = await login("alice-read");
      assert.equal(done.exit, 0, done.stderr);
      assert.equal(stored().split("\n")[0], section);
    }
    const done = await login("alice-read", "--force", "--name", "DEFAULT", "--json");
    assert.equal(errorOf(done.stderr).code, "ERR_HF_TOKEN_NAME");
  });

  it("says that the home can't be written to, and asks nothing of the disk before the Hub", async () => {
    const file = join(world.folder, "a-file");
    writeFileSync(file, "");
    const done = await world.hf(["auth", "login", "--token-stdin", "--json"], {
      input: world.token("alice-read"),
      env: { HF_HOME: join(file, "home") },
    });
    assert.equal(done.exit, 6);
    assert.match(errorOf(done.stderr).message, /a-file/);
    assert.ok((errorOf(done.stderr).hint ?? "").length > 10);
  });
});

describe("hf auth whoami, token, list, switch, logout", () => {
  it("say in their first line what they can be given", async () => {
    for (const usage of ["use [NAME]", "switch [NAME]", "logout [--name NAME]"]) {
      const help = await world.hf(["auth", usage.split(" ")[0] ?? "", "--help"]);
      assert.equal(help.stdout.split("\n")[1], `  hf auth ${usage}`);
    }
  });

  it("names account, organisation, token, source and endpoint", async () => {
    await login("alice-fine");
    const done = await world.hf(["auth", "whoami", "--json"]);
    const me = JSON.parse(done.stdout) as Record<string, unknown>;
    assert.equal(me["schema"], 1);
    assert.equal(me["user"], "alice");
    assert.deepEqual(me["orgs"], [{ name: "acme", role: "admin" }]);
    assert.equal(me["role"], "fineGrained");
    assert.equal(me["canReadGatedRepos"], true);
    assert.equal(me["source"], `file:${join(world.home, "token")}`);
    assert.equal((await world.hf(["whoami", "-q"])).stdout, "alice\n");
  });

  it("names the variable when the token in it is bad", async () => {
    const done = await world.hf(["whoami", "--json"], { env: { HF_TOKEN: `hf_${"w".repeat(34)}` } });
    assert.equal(done.exit, 3);
    assert.equal(errorOf(done.stderr).code, "ERR_HF_INVALID_TOKEN");
    assert.match(errorOf(done.stderr).message, /env:HF_TOKEN/);
  });

  it("prints exactly the token and a line break", async () => {
    await login("alice-read");
    const done = await world.hf(["auth", "token"]);
    assert.equal(done.stdout, `${world.token("alice-read")}\n`);
    assert.equal(done.stderr, "");
    const other = await world.hf(["auth", "token"], { env: { HF_TOKEN: " hf_x\r\n" } });
    assert.equal(other.stdout, "hf_x\n");
  });

  it("takes the first source, and skips an empty or blank variable", async () => {
    await login("alice-read");
    const tokenWith = async (env: NodeJS.ProcessEnv) => (await world.hf(["auth", "token"], { env })).stdout.trim();
    assert.equal(await tokenWith({ HF_TOKEN: "hf_one", HUGGING_FACE_HUB_TOKEN: "hf_two" }), "hf_one");
    assert.equal(await tokenWith({ HF_TOKEN: "", HUGGING_FACE_HUB_TOKEN: "hf_two" }), "hf_two");
    assert.equal(await tokenWith({ HUGGINGFACE_TOKEN: "hf_three" }), world.token("alice-read"));
    assert.equal(
      await tokenWith({ HF_TOKEN_PATH: join(world.folder, "none"), HUGGINGFACE_TOKEN: "hf_three" }),
      "hf_three",
    );
  });

  it("never falls through when a source is there and can't be used", async () => {
    await login("alice-read");
    const done = await world.hf(["auth", "token", "--json"], { env: { HF_TOKEN: "hf_a b" } });
    assert.equal(done.exit, 3);
    assert.equal(errorOf(done.stderr).code, "ERR_HF_TOKEN_REFUSED");
    const oidc = await world.hf(["auth", "token"], { env: { HF_OIDC_RESOURCE: "alice/x" } });
    assert.equal(oidc.exit, 3);
    assert.equal(oidc.stdout, "");
  });

  it("exits 3 and says how to sign in when there is no token", async () => {
    for (const words of [["auth", "token"], ["whoami"]]) {
      const done = await world.hf(words);
      assert.equal(done.exit, 3);
      assert.equal(done.stdout, "");
      assert.match(done.stderr, /hf auth login/);
    }
  });

  it("lists, switches and signs out by name", async () => {
    await login("alice-read");
    await login("bob-read", "--force", "--name", "work");
    const list = JSON.parse((await world.hf(["auth", "list", "--json"])).stdout) as {
      logins: { name: string; active: boolean; token: string }[];
    };
    assert.deepEqual(
      list.logins.map(({ name, active }) => ({ name, active })),
      [
        { name: "alice-read", active: false },
        { name: "work", active: true },
      ],
    );
    assert.match(list.logins[0]?.token ?? "", /^hf_\*{4}.{4}$/);
    const switched = await world.hf(["auth", "switch", "alice-read"]);
    assert.equal(switched.exit, 0, switched.stderr);
    assert.equal(readFileSync(join(world.home, "token"), "utf8"), world.token("alice-read"));
    const unknown = await world.hf(["auth", "switch", "wrok", "--json"]);
    assert.equal(unknown.exit, 2);
    assert.equal(errorOf(unknown.stderr).code, "ERR_HF_TOKEN_NAME");
    assert.match(errorOf(unknown.stderr).hint ?? "", /'work'/);
    const out = await world.hf(["auth", "logout", "--name", "work"]);
    assert.equal(out.exit, 0, out.stderr);
    assert.equal(stored(), `[alice-read]\nhf_token = ${world.token("alice-read")}\n\n`);
    assert.equal(readFileSync(join(world.home, "token"), "utf8"), world.token("alice-read"));
    assert.equal((await world.hf(["auth", "logout", "--name", "work"])).exit, 2);
  });

  it("signs out completely, and calmly a second time", async () => {
    await login("alice-read");
    const done = await world.hf(["auth", "logout"], { env: { HF_TOKEN: "hf_stays" } });
    assert.equal(done.exit, 0, done.stderr);
    assert.match(done.stderr, /HF_TOKEN is still set/);
    assert.match(done.stderr, /settings\/tokens/);
    assert.ok(!existsSync(join(world.home, "token")));
    assert.ok(!existsSync(join(world.home, "stored_tokens")));
    const again = await world.hf(["auth", "logout"]);
    assert.equal(again.exit, 0);
    assert.match(again.stdout, /Not signed in/);
  });

  it("understands the old spellings", async () => {
    const done = await world.hf(["login", "--token-stdin"], { input: world.token("alice-read") });
    assert.equal(done.exit, 0, done.stderr);
    assert.equal((await world.hf(["whoami", "--quiet"])).stdout, "alice\n");
    assert.equal((await world.hf(["logout"])).exit, 0);
  });
});

describe("hf auth status", () => {
  interface Status {
    readonly signedIn: boolean;
    readonly user: string | null;
    readonly sources: readonly {
      readonly source: string;
      readonly state: string;
      readonly shadowedBy: string | null;
    }[];
    readonly lookAlikes: readonly string[];
    readonly unsafe: readonly string[];
  }
  const status = async (env: NodeJS.ProcessEnv = {}, ...more: string[]) => {
    const done = await world.hf(["auth", "status", "--json", ...more], { env });
    return { exit: done.exit, ...(JSON.parse(done.stdout) as Status) };
  };

  it("shows every source, the one in use and what it hides", async () => {
    await login("alice-read");
    const answer = await status({ HF_TOKEN: world.token("bob-read"), HF_API_TOKEN: "hf_ignored" });
    assert.equal(answer.exit, 0);
    assert.equal(answer.user, "bob");
    assert.deepEqual(answer.lookAlikes, ["HF_API_TOKEN"]);
    const states = Object.fromEntries(
      answer.sources.map((source) => [source.source.split(":").slice(0, 2).join(":"), source]),
    );
    assert.equal(states["env:HF_TOKEN"]?.state, "active");
    const file = answer.sources.find((source) => source.source.startsWith("file:"));
    assert.equal(file?.state, "shadowed");
    assert.equal(file?.shadowedBy, "env:HF_TOKEN");
  });

  it("works without the network, and exits 3 when nobody is signed in", async () => {
    await world.hub.reset();
    world.hub.journal.clear();
    const none = await status({}, "--offline");
    assert.equal(none.exit, 3);
    assert.equal(none.signedIn, false);
    await login("alice-read");
    world.hub.journal.clear();
    const offline = await status({ HF_HUB_OFFLINE: "1" });
    assert.equal(offline.exit, 0);
    assert.equal(offline.signedIn, true);
    assert.deepEqual(world.hub.journal.entries, []);
  });

  it("shows a dead token, loose modes and another endpoint's login", async () => {
    const dead = await status({ HF_TOKEN: `hf_${"d".repeat(34)}` });
    assert.equal(dead.exit, 3);
    assert.equal(dead.signedIn, false);
    await login("alice-read");
    chmodSync(join(world.home, "token"), 0o644);
    const loose = await status({}, "--offline");
    assert.match(loose.unsafe.join(), /token can be read by other users/);
    const elsewhere = await status({ HF_ENDPOINT: "https://mirror.invalid" }, "--offline");
    assert.equal(elsewhere.sources.find((source) => source.source.startsWith("file:"))?.state, "wrong-endpoint");
    assert.equal(elsewhere.exit, 3);
  });

  it("never shows more of a token than its stub", async () => {
    await login("alice-read");
    for (const more of [[], ["--json"], ["--debug"]]) {
      const done = await world.hf(["auth", "status", ...more]);
      assert.ok(!(done.stdout + done.stderr).includes(world.token("alice-read").slice(3, -4)));
    }
  });
});

describe("the command line", () => {
  it("answers an unknown flag or command with a suggestion, exit 2, also as JSON", async () => {
    const flag = await world.hf(["auth", "login", "--tokn", "x"]);
    assert.equal(flag.exit, 2);
    assert.match(flag.stderr, /--tokn/);
    assert.match(flag.stderr, /--token/);
    const name = await world.hf(["donwload", "a/b", "--json"]);
    assert.equal(name.exit, 2);
    assert.equal(errorOf(name.stderr).code, "ERR_HF_USAGE");
    assert.match(errorOf(name.stderr).message, /download/);
  });

  const asNobody = spawnSync("setpriv", ["--version"]).status === 0 && process.getuid?.() === 0;

  it(
    "works for a user id that has no account and no home",
    { skip: asNobody ? false : "needs setpriv and root" },
    async (t) => {
      const words = ["--reuid", "54321", "--regid", "54321", "--clear-groups", process.execPath, HF];
      // One world for all: a folder that this user may enter and write to.
      const folder = mkdtempSync(join(tmpdir(), "latchkey-nobody-"));
      chmodSync(folder, 0o777);
      try {
        const run = (env: NodeJS.ProcessEnv, ...args: string[]) =>
          world.run("setpriv", [...words, ...args], { cwd: "/", env: { HOME: undefined, HF_HOME: undefined, ...env } });
        if ((await run({}, "version")).exit !== 0) return t.skip("that user can't read the program where it is here");
        const token = world.token("alice-read");
        const whoami = await run({ HF_TOKEN: token, HF_HOME: folder }, "whoami", "-q");
        assert.deepEqual([whoami.exit, whoami.stdout], [0, "alice\n"], whoami.stderr);
        const nowhere = await run({ HF_TOKEN: token }, "download", "alice/tiny-model", "config.json");
        assert.equal(nowhere.exit, 6, nowhere.stderr);
        assert.match(nowhere.stderr, /^Error: Could not make the folder: \/\.cache\/huggingface.*\nNext: /m);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  );

  it("says on an old Node that it is too old, before anything else", () => {
    for (const [version, status] of [
      ["18.20.8", 1],
      ["20.18.3", 1],
      ["20.19.0", 0],
    ] as const) {
      const fake = `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "${version}" } });`;
      const script = `${fake} process.argv.splice(1, 0, ${JSON.stringify(HF)}); require(${JSON.stringify(HF)})`;
      const done = spawnSync(process.execPath, ["-e", script, "version"], { encoding: "utf8" });
      assert.equal(done.status, status, done.stderr);
      if (status === 1) assert.match(done.stderr, new RegExp(`^Error: .*this is Node ${version}\\.\\nNext: `));
    }
  });

  it("says when its folder is gone, and when a flag names no file", async () => {
    const gone = join(world.folder, "gone");
    const script = `mkdir "$0" && cd "$0" && rmdir "$0" && exec "$1" "$2" whoami`;
    const done = await world.run("sh", ["-c", script, gone, process.execPath, HF]);
    assert.equal(done.exit, 6, done.stderr);
    assert.match(done.stderr, /^Error: The current folder is not there any more\.\nNext: /);
    for (const flag of ["--token-file=", "--dotenv="]) {
      assert.equal((await world.hf(["whoami", flag])).exit, 2, flag);
    }
  });

  it("tells when a login takes another one's place, and what is odd in the environment", async () => {
    const login = (token: string) =>
      world.hf(["auth", "login", "--name", "n", "--token-stdin"], { input: world.token(token) });
    assert.ok(!/took the place/.test((await login("alice-read")).stderr));
    assert.ok(!/took the place/.test((await login("alice-read")).stderr), "the same token again loses nothing");
    assert.match(
      (await login("bob-read")).stderr,
      /It took the place of another login named n, whose token is not saved/,
    );
    for (const words of [
      ["auth", "status", "--offline"],
      ["auth", "status"],
    ]) {
      const status = await world.hf(words, { env: { HF_TOKEN: " ", HF_HUB_DISABLE_IMPLICIT_TOKEN: "1" } });
      assert.match(status.stderr, /HF_TOKEN is set but empty; it counts as not set\./);
      assert.match(status.stderr, /HF_HUB_DISABLE_IMPLICIT_TOKEN is set/);
    }
  });

  it("refuses two formats at once", async () => {
    const done = await world.hf(["version", "--json", "--format", "quiet"]);
    assert.equal(done.exit, 2);
    assert.match(done.stderr, /exclude each other/);
  });

  it("helps on every command", async () => {
    for (const words of [[], ["auth"], ["auth", "login"], ["download"], ["env"]]) {
      const done = await world.hf([...words, "--help"]);
      assert.equal(done.exit, 0, done.stderr);
      assert.match(done.stdout, /USAGE/);
    }
    const nothing = await world.hf(["download"]);
    assert.deepEqual([nothing.exit, nothing.stdout], [2, ""]);
    assert.match(nothing.stderr, /Say which repo.*hf download --help/s);
  });

  it("prints paths and switches, and no secret", async () => {
    await login("alice-read");
    const done = await world.hf(["env"]);
    assert.equal(done.exit, 0, done.stderr);
    assert.match(done.stdout, new RegExp(`HF_HOME: ${world.home}`));
    assert.ok(!done.stdout.includes(world.token("alice-read")));
  });
});

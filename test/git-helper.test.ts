import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { startWorld } from "./support/world.ts";
import type { RunOptions, World } from "./support/world.ts";

let world: World;
before(async () => {
  world = await startWorld();
});
after(() => world.close());
beforeEach(async () => {
  rmSync(world.home, { recursive: true, force: true });
  await login("alice-read", "own");
});

async function login(name: string, as: string, endpoint = world.hub.url): Promise<void> {
  const words = ["auth", "login", "--force", "--token-stdin", "--name", as, "--endpoint", endpoint];
  const done = await world.hf(words, { input: world.token(name) });
  assert.equal(done.exit, 0, done.stderr);
}
const request = (protocol: string, host: string): string => `protocol=${protocol}\nhost=${host}\n\n`;
const forHub = (): string => request("http", new URL(world.hub.url).host);
const helper = (words: readonly string[], options: RunOptions) =>
  world.hf(["auth", "git-credential", ...words], options);
const passwordOf = (text: string): string | undefined => /^password=(.*)$/m.exec(text)?.[1];

describe("hf auth git-credential", () => {
  it("keeps nothing and forgets nothing when git says store or erase", async () => {
    const files = () => readdirSync(world.home).map((name) => [name, readFileSync(join(world.home, name), "utf8")]);
    const before = files();
    for (const operation of ["store", "erase", "something"]) {
      const input = forHub().replace("\n\n", `\nusername=x\npassword=hf_${"n".repeat(34)}\n\n`);
      assert.deepEqual(await helper([operation], { input }), { stdout: "", stderr: "", exit: 0 });
    }
    assert.deepEqual(files(), before);
  });

  it("says one line without a secret when the source is refused, and nothing to git", async () => {
    const bad = `hf_${"z".repeat(20)} ${"z".repeat(20)}`;
    const done = await helper(["get"], { input: forHub(), env: { HF_TOKEN: bad } });
    assert.equal(done.exit, 0);
    assert.equal(done.stdout, "");
    assert.match(done.stderr, /^hf: git gets no token: .*HF_TOKEN.*\n$/);
    assert.ok(!done.stderr.includes("zzzz"));
    const odd = await helper(["get"], { input: forHub(), env: { HF_ENDPOINT: "nonsense" } });
    assert.deepEqual([odd.exit, odd.stdout, odd.stderr.split("\n").length], [0, "", 2]);
  });

  it("is silent when nobody is signed in, and for another host whatever the state of the logins", async () => {
    writeFileSync(join(world.home, "token"), "a b");
    const other = await helper(["get"], { input: request("https", "github.com") });
    assert.deepEqual(other, { stdout: "", stderr: "", exit: 0 });
    rmSync(world.home, { recursive: true });
    assert.deepEqual(await helper(["get"], { input: forHub() }), { stdout: "", stderr: "", exit: 0 });
  });

  it("answers for the endpoint that it was set up for, with the login of that one", async () => {
    const other = await startWorld();
    try {
      const { host } = new URL(other.hub.url);
      const ask = (env: NodeJS.ProcessEnv) =>
        helper(["--endpoint", other.hub.url, "get"], { input: request("http", host), env });
      // A login made at another endpoint than this one, and no default: it stays where it belongs.
      assert.equal((await ask({ HF_ENDPOINT: "" })).stdout, "");
      await login("alice-write", "there", world.hub.url);
      // A variable of the shell belongs to the shell's own endpoint, not to each that git talks to.
      const env = { HF_ENDPOINT: "https://huggingface.co", HF_TOKEN: world.token("bob-read") };
      assert.equal(passwordOf((await ask(env)).stdout), undefined);
      const same = await ask({ HF_ENDPOINT: other.hub.url, HF_TOKEN: other.token("bob-read") });
      assert.equal(passwordOf(same.stdout), other.token("bob-read"));
    } finally {
      await other.close();
    }
  });

  it("gives the login of the folder that git works in", async () => {
    await login("bob-read", "work");
    await login("alice-read", "own");
    const project = join(world.folder, "project");
    mkdirSync(project, { recursive: true });
    assert.equal((await world.hf(["auth", "use", "work"], { cwd: project })).exit, 0);
    const ask = async (cwd: string) => passwordOf((await helper(["get"], { input: forHub(), cwd })).stdout);
    assert.equal(await ask(project), world.token("bob-read"));
    assert.equal(await ask(world.folder), world.token("alice-read"));
  });

  it("stops reading what never ends like a request", async () => {
    const done = await helper(["get"], { input: `${forHub()}${"x".repeat(4 * 1024 * 1024)}` });
    assert.deepEqual([done.stdout, done.exit], ["", 0]);
  });

  it("helps a person who calls it by hand", async () => {
    const done = await helper([], { input: "" });
    assert.equal(done.exit, 2);
    assert.match(done.stderr, /setup-git/);
    assert.match((await helper(["--help"], {})).stdout, /store and erase change nothing/);
  });
});

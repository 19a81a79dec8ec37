import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { createCiService } from "./support/id-tokens.ts";
import { serve } from "./support/scripted-server.ts";
import { startWorld } from "./support/world.ts";
import type { Outcome, World } from "./support/world.ts";

const ci = createCiService();
let world: World;
before(async () => {
  world = await startWorld({ seed: ci.seed });
});
after(() => world.close());

const RESOURCE = "alice/tiny-model";
const REQUEST_TOKEN = "runner-secret-0123456789";

/** A job whose ID token was given to it. */
const given = (): NodeJS.ProcessEnv => ({ HF_OIDC_RESOURCE: RESOURCE, HF_OIDC_ID_TOKEN: ci.idToken(world.hub.url) });

/** Every token that the Hub was shown since the last look. */
function shown(): string[] {
  const tokens = world.hub.journal.entries.flatMap(({ headers }) => {
    const [, token] = /^Bearer (.+)$/.exec(headers["authorization"] ?? "") ?? [];
    return token === undefined ? [] : [token];
  });
  world.hub.journal.clear();
  return [...new Set(tokens)];
}

describe("a token by exchange on the command line", () => {
  it("is what every command uses, before HF_TOKEN and the saved login", async () => {
    const env = { ...given(), HF_TOKEN: world.token("bob-read") };
    const token = await world.hf(["auth", "token"], { env });
    assert.match(token.stdout, /^hf_jwt_\w+\n$/);
    assert.equal(token.stderr, "");
    const child = await world.hf(["run", "--", "sh", "-c", "echo $HF_TOKEN; env | grep OIDC"], { env });
    assert.match(child.stdout, /^hf_jwt_\w+\n$/);
    const me = JSON.parse((await world.hf(["whoami", "--json"], { env })).stdout) as Record<string, unknown>;
    assert.deepEqual([me["user"], me["source"]], ["alice", "oidc:env"]);
    const { host } = new URL(world.hub.url);
    const git = await world.hf(["auth", "git-credential", "get"], { env, input: `protocol=http\nhost=${host}\n\n` });
    assert.match(git.stdout, /^password=hf_jwt_\w+$/m);
    const download = await world.hf(["download", RESOURCE, "config.json", "--quiet"], { env });
    assert.equal(download.exit, 0, download.stderr);
  });

  it("is named by env as a source, for which nothing is exchanged", async () => {
    world.hub.journal.clear();
    const env = { ...given(), HF_TOKEN: world.token("bob-read") };
    const done = await world.hf(["env", "--json"], { env });
    assert.equal(JSON.parse(done.stdout).tokenSource, "oidc:env");
    assert.deepEqual(world.hub.journal.entries, []);
    const off = await world.hf(["env", "--json"], { env: { ...env, HF_HUB_DISABLE_IMPLICIT_TOKEN: "1" } });
    assert.equal(JSON.parse(off.stdout).tokenSource, null);
  });

  it("is shown by status: without the network as a promise, with it as whose it is", async () => {
    const env = { ...given(), HF_TOKEN: world.token("bob-read") };
    world.hub.journal.clear();
    for (const words of [
      ["auth", "status", "--offline"],
      ["auth", "status", "--offline", "--no-color"],
    ]) {
      const offline = await world.hf(words, { env });
      assert.equal(offline.exit, 0);
      const rows = offline.stdout.split("\n");
      assert.match(
        rows[1] ?? "",
        /\* +oidc:env +exchanged when it is used, for alice\/tiny-model, as repo:alice\/code:/,
      );
      assert.match(rows[2] ?? "", /- +env:HF_TOKEN +shadowed by oidc:env/);
    }
    assert.equal(world.hub.journal.entries.length, 0);
    const online = await world.hf(["auth", "status"], { env });
    assert.equal(online.exit, 0, online.stderr);
    assert.match(online.stdout, /alice at http/);
    assert.match(online.stdout, /\* +oidc:env +active, hf_\*{4}.{4}, for alice\/tiny-model, as repo:alice\/code:/);
    const exchanges = world.hub.journal.entries.filter(({ url }) => url.endsWith("/oauth/token"));
    assert.equal(exchanges.length, 1);
    const none = await world.hf(["auth", "status", "--json"], { env: { HF_OIDC_RESOURCE: RESOURCE } });
    assert.equal(none.exit, 3);
    assert.equal((JSON.parse(none.stdout) as { signedIn: unknown }).signedIn, false);
  });

  it("stops every command when it can't be had, and no other identity takes its place", async () => {
    const token = world.token("alice-read");
    const signedIn = await world.hf(["auth", "login", "--token-stdin"], { input: token });
    assert.equal(signedIn.exit, 0, signedIn.stderr);
    world.hub.journal.clear();
    for (const broken of [
      { HF_OIDC_RESOURCE: "bob/none", HF_OIDC_ID_TOKEN: ci.idToken(world.hub.url) },
      { HF_OIDC_RESOURCE: RESOURCE, HF_OIDC_ID_TOKEN: ci.idToken("https://huggingface.co") },
      { HF_OIDC_RESOURCE: RESOURCE, GITHUB_ACTIONS: "true" },
    ]) {
      for (const words of [["whoami"], ["auth", "token"], ["run", "--", "true"], ["download", RESOURCE]]) {
        const done = await world.hf([...words.slice(0, 1), ...words.slice(1)], { env: { ...broken, HF_TOKEN: token } });
        assert.deepEqual([done.exit, done.stdout], [3, ""], `${words.join(" ")}: ${done.stderr}`);
      }
    }
    const offline = await world.hf(["auth", "token"], { env: { ...given(), HF_HUB_OFFLINE: "1" } });
    assert.equal(offline.exit, 11);
    assert.deepEqual(shown(), []);
    await world.hf(["auth", "logout"]);
  });

  it("belongs to the endpoint of the environment: git's helper for another gets none of it", async () => {
    const elsewhere = ["auth", "git-credential", "--endpoint", "https://hub.example", "get"];
    world.hub.journal.clear();
    const done = await world.hf(elsewhere, { env: given(), input: "protocol=https\nhost=hub.example\n\n" });
    assert.deepEqual([done.exit, done.stdout], [0, ""]);
    assert.equal(world.hub.journal.entries.length, 0);
  });

  it("takes no command from a project: only from beside the user's own logins", async () => {
    const project = join(world.folder, "project");
    mkdirSync(project);
    const config = JSON.stringify({ version: 1, exec: ["/bin/sh", "-c", "touch ran"] });
    for (const name of ["latchkey-oidc.json", ".env"]) writeFileSync(join(project, name), config);
    const done = await world.hf(["auth", "token"], { env: { HF_OIDC_RESOURCE: RESOURCE }, cwd: project });
    assert.equal(done.exit, 3);
    assert.match(done.stderr, /nothing here gives an ID token/);
  });
});

describe("the log of a job in GitHub Actions", () => {
  const COMMANDS = [
    ["whoami"],
    ["auth", "status"],
    ["auth", "list"],
    ["auth", "refresh"],
    ["doctor", "--timeout", "20"],
    ["env"],
    ["download", RESOURCE],
    ["download", "alice/private-model"],
    ["auth", "login", "--token-stdin"],
  ];

  it("is told to mask every secret before it could show one, and is shown none otherwise", async (test) => {
    const runner = await serve(test, ({ url }, response) => {
      const audience = new URL(url, "http://runner").searchParams.get("audience") ?? "";
      response.end(JSON.stringify({ value: ci.idToken(audience) }));
    });
    const env = {
      HF_OIDC_RESOURCE: RESOURCE,
      GITHUB_ACTIONS: "true",
      ACTIONS_ID_TOKEN_REQUEST_URL: `${runner.url}/?x=1`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: REQUEST_TOKEN,
    };
    world.hub.journal.clear();
    let used = 0;
    for (const command of COMMANDS) {
      for (const words of [["--debug"], ["--json"]]) {
        const done = await world.hf([...command, ...words], { env, input: "hf_wrong_one_of_no_use" });
        used += checkLog(done, shown(), command.join(" "));
      }
    }
    assert.ok(used >= 8, `${used} runs used a token`);
    const token = await world.hf(["auth", "token"], { env });
    const [idToken = "", first = ""] = masked(token);
    assert.match(idToken, /^eyJ/);
    assert.equal(token.stdout, `${first}\n`);
  });

  it("is told by the library as well, which prints nothing elsewhere", async () => {
    const program = join(world.folder, "job.mjs");
    const door = new URL("../src/index.js", import.meta.url).href;
    writeFileSync(program, `import { whoami } from ${JSON.stringify(door)};\nconsole.log((await whoami()).name);\n`);
    const inside = await world.run(process.execPath, [program], { env: { ...given(), GITHUB_ACTIONS: "true" } });
    assert.equal(inside.stdout, "alice\n", inside.stderr);
    assert.equal(masked(inside).length, 2);
    const outside = await world.run(process.execPath, [program], { env: given() });
    assert.deepEqual([outside.stdout, outside.stderr], ["alice\n", ""]);
  });

  /** The secrets that the log was told to mask. */
  function masked({ stderr }: Outcome): string[] {
    return stderr.split("\n").flatMap((line) => (line.startsWith("::add-mask::") ? [line.slice(12)] : []));
  }

  /** Answers 1 when the run used a token. */
  function checkLog(done: Outcome, tokens: readonly string[], what: string): number {
    const exchanged = tokens.filter((token) => token.startsWith("hf_jwt_"));
    const told = masked(done);
    const rest = done.stdout + done.stderr.replaceAll(/^::add-mask::.*$/gm, "");
    for (const token of exchanged) assert.ok(told.includes(token), `${what}: a token was not masked`);
    for (const secret of [...told, ...exchanged, REQUEST_TOKEN]) {
      assert.ok(!rest.includes(secret), `${what} shows a secret`);
      assert.ok(
        !rest.includes(Buffer.from(secret).toString("base64").slice(0, -3)),
        `${what} shows a secret in base64`,
      );
    }
    return exchanged.length > 0 ? 1 : 0;
  }
});

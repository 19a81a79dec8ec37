import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { startLocalhub } from "../src/localhub/index.ts";
import { HF, startWorld } from "./support/world.ts";
import type { World } from "./support/world.ts";

const git = spawnSync("git", ["--version"]).status === 0 ? false : "git is not here";
const posix = process.platform === "win32" ? "signals and shells of POSIX" : false;

let world: World;
before(async () => {
  world = await startWorld();
});
after(() => world.close());
beforeEach(async () => {
  rmSync(world.home, { recursive: true, force: true });
  for (const [name, as] of [
    ["bob-write", "work"],
    ["alice-read", "alice-read"],
  ] as const) {
    const done = await world.hf(["auth", "login", "--force", "--token-stdin", "--name", as], {
      input: world.token(name),
    });
    assert.equal(done.exit, 0, done.stderr);
  }
});

const printEnv = ["--", process.execPath, "-p", "JSON.stringify(process.env)"];
const envOf = (stdout: string): Record<string, string> => JSON.parse(stdout) as Record<string, string>;

describe("hf run", { skip: posix }, () => {
  it("puts the token into the child's environment, and takes every other token variable out", async () => {
    const env = {
      HUGGING_FACE_HUB_TOKEN: "hf_old",
      HUGGINGFACE_TOKEN: "hf_older",
      HF_API_TOKEN: "hf_alike",
      HF_TOKENN: world.token("alice-read"),
      KEEP: "me",
    };
    const done = await world.hf(["run", "--as", "work", ...printEnv], { env });
    assert.equal(done.exit, 0, done.stderr);
    const child = envOf(done.stdout);
    assert.equal(child["HF_TOKEN"], world.token("bob-write"));
    assert.equal(child["KEEP"], "me");
    for (const name of Object.keys(env)) if (name !== "KEEP") assert.equal(child[name], undefined, name);
  });

  it("uses the token that hf auth status shows, and never another than the one that was named", async () => {
    assert.equal(envOf((await world.hf(["run", ...printEnv])).stdout)["HF_TOKEN"], world.token("alice-read"));
    const unknown = await world.hf(["run", "--as", "nobody", ...printEnv]);
    assert.equal(unknown.stdout, "");
    assert.notEqual(unknown.exit, 0);
    assert.match(unknown.stderr, /alice-read/);
  });

  it("passes the exit code on, and dies by the signal that the child died by", async () => {
    assert.equal((await world.hf(["run", "--", "sh", "-c", "exit 7"])).exit, 7);
    assert.equal((await world.hf(["run", "--", "no-such-program-here"])).exit, 127);
    const child = spawn(process.execPath, [HF, "run", "--", "sh", "-c", "kill -TERM $$"], { env: world.env });
    assert.equal(await new Promise((resolve) => child.once("close", (_code, signal) => resolve(signal))), "SIGTERM");
  });

  it("passes a signal on to the child, and lets it answer in its own way", async () => {
    const script = "process.on('SIGTERM', () => process.exit(42)); setInterval(() => {}, 1000); console.log('up')";
    const child = spawn(process.execPath, [HF, "run", "--", process.execPath, "-e", script], { env: world.env });
    const ended = new Promise((resolve) => child.once("close", resolve));
    await new Promise((resolve) => child.stdout.once("data", resolve));
    child.kill("SIGTERM");
    assert.equal(await ended, 42);
  });

  it("gives the child its input, its output and its words, without a shell", async () => {
    const script = "process.stdin.pipe(process.stdout); console.error(process.argv.slice(1).join(' '))";
    const words = ["run", "--", process.execPath, "-e", script, "--", "$HOME", "a  b"];
    const done = await world.hf(words, { input: "hello" });
    assert.equal(done.stdout, "hello");
    assert.equal(done.stderr, "$HOME a  b\n");
  });

  it("strikes the token from what the child prints, also encoded and in pieces", async () => {
    const script = `
      const t = process.env.HF_TOKEN;
      process.stdout.write("a" + t.slice(0, 9));
      setTimeout(() => {
        process.stdout.write(t.slice(9) + "b " + Buffer.from(t).toString("base64") + " end\\n");
        process.stderr.write(encodeURIComponent(t) + "\\n");
      }, 60);`;
    const done = await world.hf(["run", "--mask", "--", process.execPath, "-e", script]);
    const token = world.token("alice-read");
    assert.equal(done.exit, 0, done.stderr);
    assert.match(done.stdout, /^a\[redacted\]b .* end\n$/);
    assert.ok(!(done.stdout + done.stderr).includes(token.slice(5, 30)));
    assert.ok(!done.stdout.includes(Buffer.from(token).toString("base64").slice(2, 30)));
  });

  it("strikes the token from what programs make of it", async () => {
    const token = world.token("alice-read");
    const script = [
      'printf %s "$HF_TOKEN" | base64 -w 20',
      'printf "user:%s" "$HF_TOKEN" | base64 | base64',
      'printf %s "$HF_TOKEN" | od -An -v -tx1',
      'printf %s "$HF_TOKEN" | sed "s/./&\\\\x00/g"',
    ].join("; ");
    const done = await world.hf(["run", "--mask", "--", "sh", "-c", script]);
    assert.equal(done.exit, 0, done.stderr);
    const seen = done.stdout.replaceAll("[redacted]", "");
    // Blanks, ends of base64 and the NULs are left, and what stands in front of the token in base64.
    assert.ok(seen.replaceAll(/[\s=]/g, "").replaceAll("\\x00", "").length < 24, done.stdout);
    assert.equal(done.stdout.split("[redacted]").length - 1, 4, done.stdout);
    assert.ok(!seen.includes(token.slice(8, 14)));
  });

  it("strikes a token of which a program coloured a part, and ends the colour", async () => {
    const coloured = 'env | grep --color=always "^HF_TOKEN=hf_"; echo plain';
    const env = { GREP_COLORS: undefined, GREP_COLOR: undefined };
    const done = await world.hf(["run", "--mask", "--", "sh", "-c", coloured], { env });
    assert.equal(done.exit, 0, done.stderr);
    assert.match(done.stdout, /HF_TOKEN=\S*\[redacted\]\u001b\[0m\nplain\n$/);
    assert.ok(!done.stdout.includes(world.token("alice-read").slice(-20)));
  });

  it("refuses a token that can write where only reading is meant", async () => {
    assert.equal(
      (await world.hf(["run", "--read-only", "--as", "alice-read", "--", process.execPath, "-e", ""])).exit,
      0,
    );
    const write = await world.hf(["run", "--read-only", "--as", "work", "--", "sh", "-c", "echo ran"]);
    assert.notEqual(write.exit, 0);
    assert.equal(write.stdout, "");
  });
});

describe("hf auth use", () => {
  it("gives a folder and all below it a login; the nearest wins; the project holds nothing", async () => {
    const project = join(world.folder, "project");
    const inner = join(project, "inner/deep");
    mkdirSync(inner, { recursive: true });
    assert.equal((await world.hf(["auth", "use", "work"], { cwd: project })).exit, 0);
    const who = async (cwd: string, env: NodeJS.ProcessEnv = {}) =>
      (await world.hf(["whoami", "-q"], { cwd, env })).stdout;
    assert.equal(await who(inner), "bob\n");
    assert.equal(await who(world.folder), "alice\n");
    assert.equal(await who(inner, { HF_TOKEN: world.token("carol-read") }), "carol\n");
    assert.equal((await world.hf(["auth", "use", "alice-read"], { cwd: join(project, "inner") })).exit, 0);
    assert.equal(await who(inner), "alice\n");
    assert.equal(await who(project), "bob\n");
    assert.deepEqual(["inner"], (await import("node:fs")).readdirSync(project));
    const status = await world.hf(["auth", "status", "--offline"], { cwd: project });
    assert.match(status.stdout, /folder:\S+project +active/);
    assert.equal((await world.hf(["auth", "use", "--remove"], { cwd: project })).exit, 0);
    assert.equal(await who(project), "alice\n");
  });

  it("says at a switch that the folder keeps its own", async () => {
    const project = join(world.folder, "switched");
    mkdirSync(project, { recursive: true });
    await world.hf(["auth", "use", "work"], { cwd: project });
    const inside = await world.hf(["auth", "switch", "alice-read"], { cwd: project });
    assert.match(inside.stderr, /switched 'work' is used/);
    assert.equal((await world.hf(["auth", "switch", "alice-read"])).stderr, "");
  });

  it("does not use another login when the folder's is gone", async () => {
    const project = join(world.folder, "gone");
    mkdirSync(project, { recursive: true });
    await world.hf(["auth", "use", "work"], { cwd: project });
    await world.hf(["auth", "logout", "--name", "work"]);
    const done = await world.hf(["auth", "token"], { cwd: project });
    assert.equal(done.stdout, "");
    assert.notEqual(done.exit, 0);
  });
});

describe("hf auth env", () => {
  it("prints a line that the shell reads back", { skip: posix }, async () => {
    const line = await world.hf(["auth", "env", "--shell", "bash"]);
    assert.equal(line.exit, 0, line.stderr);
    const read = await world.run("sh", ["-c", `${line.stdout}\nprintf %s "$HF_TOKEN"`]);
    assert.equal(read.stdout, world.token("alice-read"));
    for (const shell of ["zsh", "fish", "cmd", "powershell"]) {
      const other = await world.hf(["auth", "env", "--shell", shell]);
      assert.ok(other.stdout.includes(world.token("alice-read")), shell);
    }
  });

  it("writes .env privately, keeps its other lines, and hides it from git", { skip: git }, async () => {
    const project = join(world.folder, "dotenv");
    mkdirSync(project, { recursive: true });
    await world.run("git", ["init", "--quiet"], { cwd: project });
    writeFileSync(join(project, ".env"), "# mine\r\nA=1\r\nexport HF_TOKEN=old\r\nB='2'\r\n", { mode: 0o644 });
    const done = await world.hf(["auth", "env", "--write", ".env"], { cwd: project });
    assert.equal(done.exit, 0, done.stderr);
    assert.ok(!(done.stdout + done.stderr).includes(world.token("alice-read")));
    const text = readFileSync(join(project, ".env"), "utf8");
    assert.equal(text, `# mine\r\nA=1\r\nexport HF_TOKEN=${world.token("alice-read")}\r\nB='2'\r\n`);
    assert.equal(statSync(join(project, ".env")).mode & 0o777, 0o600);
    assert.match(readFileSync(join(project, ".gitignore"), "utf8"), /^\.env$/m);
    assert.equal((await world.run("git", ["check-ignore", ".env"], { cwd: project })).exit, 0);
    const used = await world.hf(["whoami", "-q", "--env-file", join(project, ".env")], {
      env: { HF_TOKEN_PATH: join(world.folder, "none") },
    });
    assert.equal(used.stdout, "alice\n", used.stderr);
  });

  it("refuses a file that git tracks, and changes nothing", { skip: git }, async () => {
    const project = join(world.folder, "tracked");
    mkdirSync(project, { recursive: true });
    writeFileSync(join(project, ".env"), "A=1\n");
    await world.run("git", ["init", "--quiet"], { cwd: project });
    await world.run("git", ["add", ".env"], { cwd: project });
    const done = await world.hf(["auth", "env", "--write", ".env"], { cwd: project });
    assert.notEqual(done.exit, 0);
    assert.match(done.stderr, /git rm --cached|tracked|tracks/);
    assert.equal(readFileSync(join(project, ".env"), "utf8"), "A=1\n");
    assert.ok(!existsSync(join(project, ".gitignore")));
  });

  it(
    "runs nothing that a hostile repository names, and asks no repository that poses within another",
    { skip: git || posix },
    async () => {
      const evil = join(world.folder, "evil");
      const pwned = join(world.folder, "pwned");
      const repo = (...words: string[]) =>
        world.run("git", ["-c", "user.name=A", "-c", "user.email=a@example.org", ...words], { cwd: evil });
      mkdirSync(join(evil, "in"), { recursive: true });
      mkdirSync(join(evil, "out/deep"), { recursive: true });
      writeFileSync(join(evil, "in/a"), "1");
      writeFileSync(join(evil, "out/deep/b"), "2");
      for (const words of [
        ["init", "--quiet"],
        ["add", "."],
        ["commit", "--quiet", "-m", "x"],
        ["sparse-checkout", "init", "--cone", "--sparse-index"],
        ["sparse-checkout", "set", "in"],
      ]) {
        await repo(...words);
      }
      const tree = (await repo("rev-parse", "HEAD:out")).stdout.trim();
      // A tree that is missing makes git fetch it, by the program that the repository names.
      rmSync(join(evil, ".git/objects", tree.slice(0, 2), tree.slice(2)));
      for (const [key, value] of [
        ["core.repositoryformatversion", "1"],
        ["extensions.partialClone", "origin"],
        ["remote.origin.promisor", "true"],
        ["remote.origin.url", "ssh://x/y"],
        ["core.sshCommand", `sh -c "id > ${pwned}" #`],
      ] as const) {
        await repo("config", key, value);
      }
      await world.hf(["auth", "env", "--write", ".env"], { cwd: evil });
      assert.ok(!existsSync(pwned));

      const outer = join(world.folder, "outer");
      mkdirSync(join(outer, "sub"), { recursive: true });
      writeFileSync(join(outer, "sub/.env"), "A=1\n");
      await world.run("git", ["init", "--quiet"], { cwd: outer });
      await world.run("git", ["add", "."], { cwd: outer });
      await world.run("git", ["init", "--quiet", "--bare", "sub"], { cwd: outer });
      await world.run("git", ["config", "--file", "sub/config", "core.bare", "false"], { cwd: outer });
      await world.run("git", ["config", "--file", "sub/config", "core.worktree", "."], { cwd: outer });
      const posed = await world.hf(["auth", "env", "--write", ".env"], { cwd: join(outer, "sub") });
      assert.notEqual(posed.exit, 0);
      assert.equal(readFileSync(join(outer, "sub/.env"), "utf8"), "A=1\n");

      const above = join(world.folder, "above/project");
      mkdirSync(above, { recursive: true });
      await world.run("git", ["init", "--quiet"], { cwd: above });
      await world.run("git", ["config", "core.worktree", join(above, "..")], { cwd: above });
      assert.notEqual((await world.hf(["auth", "env", "--write", ".env"], { cwd: above })).exit, 0);
      assert.ok(!existsSync(join(above, "../.gitignore")));
    },
  );

  it("takes no endpoint from a file of the project", async () => {
    const file = join(world.folder, "hostile.env");
    writeFileSync(file, `HF_ENDPOINT=https://evil.example\nHF_TOKEN=${world.token("alice-read")}\n`);
    const done = await world.hf(["whoami", "--json", "--env-file", file]);
    assert.equal(done.exit, 0, done.stderr);
    assert.equal((JSON.parse(done.stdout) as { endpoint: string }).endpoint, world.hub.url);
  });

  it("runs nothing that a file of variables names, and says what Node has run", async () => {
    const ran = join(world.folder, "ran");
    const evil = join(world.folder, "evil.cjs");
    writeFileSync(evil, `require("node:fs").writeFileSync(${JSON.stringify(ran)}, "")`);
    const file = join(world.folder, "options.env");
    writeFileSync(file, `NODE_OPTIONS="--require=${evil}"\nHF_TOKEN=${world.token("alice-read")}\n`);
    const safe = await world.hf(["whoami", "-q", "--dotenv", file]);
    assert.equal(safe.exit, 0, safe.stderr);
    assert.equal(safe.stdout, "alice\n");
    assert.ok(!existsSync(ran));
    const obeyed = await world.hf(["whoami", "-q", "--env-file", file]);
    assert.equal(obeyed.exit, 2, obeyed.stderr);
    assert.match(obeyed.stderr, /sets NODE_OPTIONS, and Node itself has obeyed that already/);
  });
});

describe("hf auth git-credential and setup-git", { skip: git }, () => {
  const ask = (text: string | Buffer) => world.hf(["auth", "git-credential", "get"], { input: text.toString() });

  it("answers for the Hub's host alone, and to nothing malformed", async () => {
    const host = new URL(world.hub.url).host;
    const right = await ask(`protocol=http\nhost=${host}\n\n`);
    assert.match(right.stdout, new RegExp(`password=${world.token("alice-read")}\n`));
    for (const wrong of [
      `protocol=http\nhost=evil.example\n\n`,
      `protocol=https\nhost=${host}\n\n`,
      `protocol=http\nhost=${host}.evil.example\n\n`,
      `protocol=http\nhost=${host}\r\n\n`,
      `protocol=http\r\nhost=${host}\n\n`,
      `protocol=http\nhost=${host}\u0000\n\n`,
      `host=${host}\n\n`,
      `protocol=http\n\n`,
      `protocol=http\nhost=evil.example\nhost=${host}\n\n`,
      `protocol\nhost=${host}\n\n`,
      "",
    ]) {
      const done = await ask(wrong);
      assert.equal(done.stdout, "", JSON.stringify(wrong));
      assert.equal(done.exit, 0);
    }
  });

  it("lets a real git clone and push a private repo, and tells a submodule's host nothing", async () => {
    const other = await startLocalhub();
    try {
      assert.equal(
        (await world.hf(["auth", "login", "--force", "--token-stdin"], { input: world.token("alice-write") })).exit,
        0,
      );
      assert.equal((await world.hf(["auth", "setup-git"])).exit, 0);
      const run = (...words: string[]) => world.run("git", words);
      const clone = await run("clone", "--quiet", `${world.hub.url}/alice/private-model`, "work");
      assert.equal(clone.exit, 0, clone.stderr);
      writeFileSync(join(world.folder, "work/note.txt"), "hello\n");
      const identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"];
      await run("-C", "work", "add", "note.txt");
      await run("-C", "work", ...identity, "commit", "--quiet", "-m", "Add a note");
      const push = await run("-C", "work", "push", "--quiet", "origin", "HEAD");
      assert.equal(push.exit, 0, push.stderr);
      other.journal.clear();
      await run("-C", "work", "submodule", "add", `${other.url}/alice/private-model`, "sub");
      assert.ok(other.journal.entries.length > 0);
      assert.ok(other.journal.entries.every((entry) => entry.headers["authorization"] === undefined));
      assert.equal((await world.hf(["auth", "setup-git", "--remove"])).exit, 0);
      const left = await run("config", "--global", "--get-regexp", "credential");
      assert.equal(left.stdout, "");
    } finally {
      await other.close();
    }
  });
});

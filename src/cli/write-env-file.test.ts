import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { HfError } from "../core/errors.ts";
import { Secret } from "../core/secret.ts";
import type { GitOptions } from "../git/index.ts";
import { writeEnvFile } from "./write-env-file.ts";

const token = Secret.of(`hf_${"e".repeat(34)}`);
const LINE = `HF_TOKEN=${token.expose()}\n`;
const skip = spawnSync("git", ["--version"]).status === 0 ? false : "git is not here";

let root: string;
let options: GitOptions;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "latchkey-env-file-")));
  options = { env: { PATH: process.env["PATH"], HOME: root, GIT_CONFIG_NOSYSTEM: "1", GIT_CEILING_DIRECTORIES: root } };
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const git = (folder: string, ...args: string[]): string =>
  execFileSync("git", args, { cwd: folder, env: options.env as NodeJS.ProcessEnv, encoding: "utf8", stdio: "pipe" });
function repo(files: Record<string, string> = {}): string {
  const folder = join(root, "work");
  mkdirSync(folder);
  git(folder, "init", "-q");
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}
const read = (...names: string[]): string => readFileSync(join(root, ...names), "latin1");
const refused = (pattern: RegExp) => (error: unknown) =>
  error instanceof HfError && pattern.test(`${error.message} ${error.hint ?? ""}`) && !String(error).includes("eee");

describe("writeEnvFile() outside of git", () => {
  it("makes the file private, and nothing beside it", async () => {
    const report = await writeEnvFile(".env", root, token, options);
    assert.deepEqual(report, { path: join(root, ".env"), replaced: false, ignored: "no-repository" });
    assert.equal(read(".env"), LINE);
    if (process.platform !== "win32") assert.equal(statSync(join(root, ".env")).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(root), [".env"]);
  });

  it("keeps bytes that are no text", async () => {
    writeFileSync(join(root, ".env"), Buffer.from("A=\xff\xfe\x80\n", "latin1"));
    await writeEnvFile(".env", root, token, options);
    assert.equal(read(".env"), `A=\xff\xfe\x80\n${LINE}`);
  });

  it("leaves a link, a folder and a file of another kind alone", async () => {
    writeFileSync(join(root, "profile"), "# mine\n");
    symlinkSync(join(root, "profile"), join(root, ".env"));
    await assert.rejects(writeEnvFile(".env", root, token, options), refused(/is a link/));
    assert.equal(read("profile"), "# mine\n");
    mkdirSync(join(root, "folder"));
    await assert.rejects(writeEnvFile("folder", root, token, options), refused(/is not a file/));
    writeFileSync(join(root, "large"), Buffer.alloc(1024 * 1024 + 1));
    await assert.rejects(writeEnvFile("large", root, token, options), refused(/larger/));
    await assert.rejects(writeEnvFile("no/such/folder/.env", root, token, options), refused(/no\/such\/folder/));
  });
});

describe("writeEnvFile() in a git work tree", { skip }, () => {
  it("adds the name to .gitignore first, once, in its own line ends", async () => {
    const work = repo({ ".gitignore": "node_modules\r\n*.log" });
    const first = await writeEnvFile(".env", work, token, options);
    assert.equal(first.ignored, "added");
    assert.equal(first.gitignore, join(work, ".gitignore"));
    assert.equal(read("work", ".gitignore"), "node_modules\r\n*.log\r\n.env\r\n");
    assert.equal(git(work, "status", "--porcelain", ".env"), "");
    const second = await writeEnvFile(".env", work, token, options);
    assert.deepEqual([second.ignored, second.replaced], ["already", true]);
    assert.equal(read("work", ".gitignore"), "node_modules\r\n*.log\r\n.env\r\n");
  });

  it("leaves .gitignore alone where another rule hides the file already", async () => {
    const work = repo();
    writeFileSync(join(work, ".git", "info", "exclude"), "*.env\n");
    assert.equal((await writeEnvFile(".env", work, token, options)).ignored, "already");
    assert.ok(!existsSync(join(work, ".gitignore")));
  });

  it("hides a file below the top, and one whose name looks like a pattern", async () => {
    const work = repo();
    mkdirSync(join(work, "app"));
    await writeEnvFile("app/.env.local", work, token, options);
    assert.equal(git(work, "check-ignore", "app/.env.local"), "app/.env.local\n");
    for (const name of ["#env", "!env", "e[n]v", "e*v", "e\\v", "env "]) {
      await writeEnvFile(name, work, token, options);
      assert.equal(spawnSync("git", ["check-ignore", "-q", `./${name}`], { cwd: work }).status, 0, name);
    }
    assert.equal(spawnSync("git", ["check-ignore", "-q", "eXv"], { cwd: work }).status, 1);
  });

  it("writes no token where a later rule takes the hiding back", async () => {
    const work = repo();
    mkdirSync(join(work, "app"));
    writeFileSync(join(work, "app", ".gitignore"), "!.env\n");
    await assert.rejects(writeEnvFile("app/.env", work, token, options), refused(/does not ignore/));
    assert.ok(!existsSync(join(work, "app", ".env")));
  });

  it("refuses a file that git tracks, also when it is only staged, or gone from the disk", async () => {
    const work = repo({ ".env": "A=1\n" });
    git(work, "add", ".env");
    await assert.rejects(writeEnvFile(".env", work, token, options), refused(/git rm --cached/));
    rmSync(join(work, ".env"));
    await assert.rejects(writeEnvFile(".env", work, token, options), refused(/tracks/));
    assert.deepEqual(readdirSync(work), [".git"]);
  });

  it("refuses where there is a repository and no git to ask", async () => {
    const work = repo();
    await assert.rejects(writeEnvFile(".env", work, token, { ...options, git: join(root, "no-git") }), refused(/git/));
    assert.deepEqual(readdirSync(work), [".git"]);
  });

  it("does not write through a .gitignore that is a link", async () => {
    const work = repo();
    writeFileSync(join(root, "precious"), "x\n");
    symlinkSync(join(root, "precious"), join(work, ".gitignore"));
    await assert.rejects(writeEnvFile(".env", work, token, options), refused(/is a link/));
    assert.equal(read("precious"), "x\n");
    assert.ok(!existsSync(join(work, ".env")));
  });
});

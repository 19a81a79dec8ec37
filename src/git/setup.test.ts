import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { HfError } from "../core/errors.ts";
import { helperCommand, isOurHelper } from "./helper-command.ts";
import type { HelperProgram } from "./helper-command.ts";
import type { GitOptions } from "./run-git.ts";
import { withHelper, withoutHelper } from "./setup-plan.ts";
import { removeHelper, setUpHelper } from "./setup.ts";
import { askAboutPath } from "./work-tree.ts";

const HUB = "https://huggingface.co";
const program: HelperProgram = { node: "/usr/bin/node", program: "/usr/local/bin/hf", platform: "linux" };
const OURS = "!'/usr/bin/node' '/usr/local/bin/hf' auth git-credential";

const skip = hasGit()
  ? process.platform === "win32"
    ? "the helpers here are shell scripts"
    : false
  : "git is not here";

let home: string;
let file: string;
let options: GitOptions;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "latchkey-setup-"));
  file = join(home, "config");
  options = { env: { PATH: process.env["PATH"], HOME: home, GIT_CONFIG_NOSYSTEM: "1", GIT_CONFIG_GLOBAL: file } };
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function hasGit(): boolean {
  try {
    execFileSync("git", ["--version"], { stdio: "pipe" });
    return true;
  } catch {
    return false;
  }
}

const git = (...args: string[]): string =>
  execFileSync("git", args, { cwd: home, env: options.env as NodeJS.ProcessEnv, encoding: "utf8", stdio: "pipe" });
const values = (key: string): string[] => {
  const found = spawnSync("git", ["config", "--global", "-z", "--get-all", key], {
    env: options.env as NodeJS.ProcessEnv,
    encoding: "utf8",
  });
  return found.stdout.split("\0").slice(0, -1);
};

describe("helperCommand()", () => {
  it("quotes paths for a shell, and names the endpoint when it is not the Hub's own", () => {
    assert.equal(helperCommand(program, HUB), OURS);
    assert.equal(helperCommand(program, "https://hub.acme.io"), `${OURS} --endpoint 'https://hub.acme.io'`);
    const windows = helperCommand(
      { node: "C:\\Program Files\\nodejs\\node.exe", program: "C:\\Users\\o'neil\\npm\\hf.cjs", platform: "win32" },
      HUB,
    );
    assert.equal(windows, "!'C:/Program Files/nodejs/node.exe' 'C:/Users/o'\\''neil/npm/hf.cjs' auth git-credential");
    assert.ok(isOurHelper(windows));
  });

  it("knows its own work from other tools'", () => {
    assert.ok(isOurHelper(OURS));
    assert.ok(isOurHelper(helperCommand({ ...program, program: "/old/place/latchkey" }, "https://acme.io/it's")));
    for (const other of [
      "store",
      "",
      "!/usr/bin/gh auth git-credential",
      "!'/usr/bin/node' '/x/other' auth git-credential",
    ]) {
      assert.ok(!isOurHelper(other), other);
    }
  });
});

describe("withHelper() and withoutHelper()", () => {
  it("keep what the user has, in its order", () => {
    assert.deepEqual(withHelper([], OURS), ["", OURS]);
    assert.deepEqual(withHelper(["store"], OURS), ["store", "", OURS]);
    assert.deepEqual(withHelper(["store", "", OURS, "cache"], OURS), ["store", "", OURS, "cache"]);
    assert.deepEqual(withoutHelper(["", "store", "", OURS, "cache"]), ["", "store", "cache"]);
    assert.deepEqual(withoutHelper(["store", ""]), ["store", ""]);
  });

  it("renew a path of ours that is out of date, in place", () => {
    const old = OURS.replace("/usr/bin/node", "/opt/node-18/bin/node");
    assert.deepEqual(withHelper(["", old, "cache"], OURS), ["", OURS, "cache"]);
  });
});

describe("setUpHelper() and removeHelper()", { skip }, () => {
  it("make git ask us for the Hub alone, once, and leave no trace afterwards", async () => {
    const before = "[user]\n\tname = A  # comment\n[credential]\n\thelper = store\n";
    writeFileSync(file, before);
    const first = await setUpHelper(HUB, program, options);
    assert.deepEqual(first, { key: "credential.https://huggingface.co.helper", changed: true, helper: OURS });
    assert.deepEqual(values(first.key), ["", OURS]);
    assert.deepEqual(values("credential.helper"), ["store"]);
    const written = readFileSync(file, "utf8");
    assert.equal((await setUpHelper(HUB, program, options)).changed, false);
    assert.equal(readFileSync(file, "utf8"), written);
    assert.equal((await removeHelper(HUB, options)).changed, true);
    assert.equal(readFileSync(file, "utf8"), before);
    assert.equal((await removeHelper(HUB, options)).changed, false);
  });

  it("keep a helper that the user has set for the same address", async () => {
    git("config", "--global", `credential.${HUB}.helper`, "cache --timeout 60");
    await setUpHelper(HUB, program, options);
    assert.deepEqual(values(`credential.${HUB}.helper`), ["cache --timeout 60", "", OURS]);
    await removeHelper(HUB, options);
    assert.deepEqual(values(`credential.${HUB}.helper`), ["cache --timeout 60"]);
  });

  it("make the file when there is none", async () => {
    await setUpHelper("http://localhost:4321", program, options);
    assert.match(readFileSync(file, "utf8"), /\[credential "http:\/\/localhost:4321"\]/);
  });

  it("let git send the path where the endpoint has one, and take that back", async () => {
    const endpoint = "https://acme.io/hub";
    await setUpHelper(endpoint, program, options);
    await setUpHelper(endpoint, program, options);
    assert.deepEqual(values(`credential.${endpoint}.useHttpPath`), ["true"]);
    await removeHelper(endpoint, options);
    assert.deepEqual(values(`credential.${endpoint}.useHttpPath`), []);
    git("config", "--global", `credential.${endpoint}.useHttpPath`, "true");
    await setUpHelper(endpoint, program, options);
    await removeHelper(endpoint, options);
    assert.deepEqual(values(`credential.${endpoint}.useHttpPath`), ["true"]);
  });

  it("say so when git can't write its configuration", async () => {
    writeFileSync(`${file}.lock`, "");
    await assert.rejects(
      setUpHelper(HUB, program, options),
      (error) => error instanceof HfError && error.code === "ERR_HF_GIT" && /config/.test(error.message),
    );
  });

  it("quote a path so that git's shell runs exactly that program", async () => {
    const folder = join(home, "it's \"a $HOME `x` path");
    mkdirSync(folder);
    const hf = join(folder, "hf");
    writeFileSync(hf, '#!/bin/sh\necho "username=$1-$2-$3"\necho "password=secret"\n');
    chmodSync(hf, 0o755);
    await setUpHelper(HUB, { ...program, node: "/bin/sh", program: hf }, options);
    const answer = spawnSync("git", ["credential", "fill"], {
      cwd: home,
      env: { ...options.env, GIT_TERMINAL_PROMPT: "0" } as NodeJS.ProcessEnv,
      input: "protocol=https\nhost=huggingface.co\n\n",
      encoding: "utf8",
    });
    assert.match(answer.stdout, /^username=auth-git-credential-get$/m, answer.stderr);
  });
});

describe("askAboutPath()", { skip }, () => {
  it("tells tracked, ignored and neither, and no repository", async () => {
    assert.deepEqual(await askAboutPath(join(home, ".env"), options), { kind: "outside" });
    const root = join(home, "work");
    mkdirSync(root);
    git("init", "-q", root);
    const ask = (name: string) => askAboutPath(join(root, name), options);
    assert.deepEqual(await ask(".env"), { kind: "inside", root, tracked: false, ignored: false });
    writeFileSync(join(root, ".gitignore"), "*.env\n");
    assert.deepEqual(await ask("a.env"), { kind: "inside", root, tracked: false, ignored: true });
    writeFileSync(join(root, "b.env"), "");
    git("-C", root, "add", "-f", "b.env");
    assert.deepEqual(await ask("b.env"), { kind: "inside", root, tracked: true, ignored: true });
    assert.deepEqual(await ask("?.env"), { kind: "inside", root, tracked: false, ignored: true });
  });

  it("runs nothing that the repository names", async () => {
    const root = join(home, "hostile");
    mkdirSync(root);
    git("init", "-q", root);
    const mark = join(home, "ran");
    const script = join(home, "monitor");
    writeFileSync(script, `#!/bin/sh\ntouch ${mark}\n`);
    chmodSync(script, 0o755);
    git("-C", root, "config", "core.fsmonitor", script);
    writeFileSync(join(root, "a"), "");
    git("-C", root, "-c", "core.fsmonitor=false", "add", "a");
    await askAboutPath(join(root, "a"), options);
    assert.ok(!existsSync(mark));
  });

  it("does not take a repository that git refuses for none", async () => {
    mkdirSync(join(home, "broken", ".git"), { recursive: true });
    symlinkSync("nowhere", join(home, "broken", ".git", "HEAD"));
    await assert.rejects(
      askAboutPath(join(home, "broken", ".env"), options),
      (error) => error instanceof HfError && error.code === "ERR_HF_GIT",
    );
  });
});

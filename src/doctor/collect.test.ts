import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { once } from "node:events";
import { hostname, tmpdir } from "node:os";
import { delimiter, dirname, join, relative } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { openSession } from "../api/index.ts";
import { systemClock } from "../core/clock.ts";
import { acquireFileLock } from "../core/file-lock.ts";
import type { Environment } from "../core/ports.ts";
import { readSettings } from "../core/settings.ts";
import { makeCertificate } from "../../test/support/certificate.ts";
import { noLocks } from "../../test/support/locks.ts";
import { collect } from "./collect.ts";
import { isMounted } from "./collect-folder.ts";
import { lookAtLock } from "./collect-logins.ts";
import { findTokensInArguments } from "./collect-processes.ts";
import { readCacheLocks } from "./lock-holder.ts";
import { collectProgram } from "./collect-program.ts";
import { matchingMachine } from "./collect-project.ts";
import type { Evidence } from "./evidence.ts";
import { examine } from "./examine.ts";

const posix = process.platform !== "win32";
const asRoot = process.getuid?.() === 0 ? false : "only root can give a file to another user";
const unix = posix ? false : "Windows has neither modes nor pipes";
const TOKEN = `hf_${"c".repeat(34)}`;

let folder: string;
let home: string;
let work: string;
beforeEach(() => {
  folder = realpathSync.native(mkdtempSync(join(tmpdir(), "latchkey-doctor-")));
  home = join(folder, "home");
  work = join(folder, "work");
  mkdirSync(work);
});
afterEach(() => {
  chmodSync(folder, 0o700);
  rmSync(folder, { recursive: true, force: true });
});

async function look(more: Environment = {}, cwd = work): Promise<Evidence> {
  const env = { PATH: process.env["PATH"], HOME: folder, HF_HOME: home, GIT_CONFIG_NOSYSTEM: "1", ...more };
  const machine = { platform: process.platform, home: folder, cwd, userHome: () => undefined };
  const uid = process.getuid?.();
  return collect({
    session: openSession({ settings: readSettings(env, machine), env, platform: machine.platform, uid, cwd }),
    env,
    machine,
    clock: systemClock,
    uid,
    userName: "me",
    nodeVersion: "20.19.0",
    script: join(folder, "hf.cjs"),
    endpointError: undefined,
    // Long enough for a busy machine.
    gitMs: 60_000,
    askNetwork: async () => ({ kind: "off", why: "offline" }),
  });
}

async function codes(more: Environment = {}): Promise<readonly string[]> {
  // What this machine itself is like is not the test's.
  const own = [
    "token-in-arguments",
    "home-in-container",
    "hf-not-on-path",
    "other-hf-first",
    "disk-low",
    "cache-in-memory",
    "no-locks",
  ];
  return examine(await look(more))
    .map(({ code }) => code)
    .filter((code) => !own.includes(code));
}

function save(name: string, text: string, mode = 0o600): string {
  mkdirSync(home, { recursive: true });
  const path = join(home, name);
  writeFileSync(path, text, { mode });
  chmodSync(path, mode);
  return path;
}

describe("collect()", () => {
  it("leaves the machine as it was", async () => {
    await look();
    assert.deepEqual(readdirSync(folder).toSorted(), ["work"]);
    save("token", TOKEN);
    await look();
    assert.deepEqual(readdirSync(home), ["token"]);
  });

  it("finds what is wrong with a token file", { skip: unix }, async () => {
    const cases: readonly (readonly [text: string, mode: number, ...found: readonly string[]])[] = [
      [`${TOKEN}\n`, 0o600],
      [TOKEN, 0o644, "token-file-loose"],
      [`"${TOKEN}"`, 0o600, "token-file-content"],
      [`Bearer ${TOKEN}`, 0o600, "token-file-content"],
      [`\ufeff${TOKEN}`, 0o600, "token-file-content"],
      ["", 0o600, "token-file-content", "not-signed-in"],
      [`${TOKEN}\n${TOKEN}\n`, 0o600, "token-file-content"],
      ['{"tokens": {}}', 0o600, "token-file-content"],
      [`[work]\nhf_token = ${TOKEN}\n`, 0o600, "token-file-content"],
      [`HF_TOKEN=${TOKEN}`, 0o600, "token-file-content"],
      ["-----BEGIN OPENSSH PRIVATE KEY-----\n", 0o600, "token-file-content"],
      ["<!doctype html><title>Sign in</title>", 0o600, "token-file-content"],
      ["sk-ant-0123456789", 0o600, "token-file-content"],
      ["hf_xxxxxxxx", 0o600, "token-file-content"],
    ];
    for (const [text, mode, ...found] of cases) {
      save("token", text, mode);
      const all = (await codes()).filter((code) => code !== "git-helper-missing");
      assert.deepEqual(all, found, JSON.stringify(text));
    }
  });

  it("waits for no pipe in the place of a file, and says what stands there", { skip: unix }, async () => {
    mkdirSync(home);
    for (const name of [
      "token",
      "stored_tokens",
      "latchkey.json",
      "latchkey-folders.json",
      "latchkey-keychain.json",
      "latchkey-oidc.json",
      "stored_tokens.lock",
    ]) {
      execFileSync("mkfifo", [join(home, name)]);
      assert.ok((await codes()).includes("token-file-wrong-kind"), name);
      rmSync(join(home, name));
    }
    mkdirSync(join(home, "token"));
    assert.ok((await codes()).includes("token-file-wrong-kind"));
  });

  it("finds a store that nobody can read", async () => {
    save("stored_tokens", `{"tokens":{"work":{"token":"${TOKEN}"}}}`);
    assert.ok((await codes()).includes("logins-unreadable"));
  });

  it("finds a home that can't be written to", async () => {
    writeFileSync(home, "a file");
    assert.ok((await codes()).includes("home-not-writable"));
  });

  it("finds what hides a login, and not where both are the same", async () => {
    save("token", TOKEN);
    assert.ok((await codes({ HF_TOKEN: `hf_${"d".repeat(34)}` })).includes("token-shadowed"));
    assert.ok(!(await codes({ HF_TOKEN: TOKEN })).includes("token-shadowed"));
  });

  it("finds certificates that are none, and a proxy that is none", async () => {
    const found = await codes({ SSL_CERT_FILE: join(folder, "none.pem"), HTTPS_PROXY: "socks5://127.0.0.1:1" });
    assert.ok(found.includes("certificates-unreadable"));
    assert.ok(found.includes("proxy-invalid"));
    const pem = join(folder, "own.pem");
    writeFileSync(pem, "-----BEGIN CERTIFICATE-----\nnothing\n-----END CERTIFICATE-----\n");
    assert.ok((await codes({ NODE_EXTRA_CA_CERTS: pem })).includes("certificates-unreadable"));
    writeFileSync(pem, `# our own\n${makeCertificate().cert}`);
    assert.ok(!(await codes({ NODE_EXTRA_CA_CERTS: pem })).includes("certificates-unreadable"));
  });

  it("finds a login left at the usual place, and not where it is the same", async () => {
    const usual = join(folder, ".cache", "huggingface");
    mkdirSync(usual, { recursive: true });
    writeFileSync(join(usual, "token"), `${TOKEN}\n`, { mode: 0o600 });
    assert.ok((await codes()).includes("login-elsewhere"));
    save("token", TOKEN);
    assert.ok(!(await codes()).includes("login-elsewhere"));
    writeFileSync(join(usual, "token"), `hf_${"e".repeat(34)}`);
    assert.ok((await codes()).includes("login-elsewhere"));
    writeFileSync(join(usual, "token"), "");
    assert.ok(!(await codes()).includes("login-elsewhere"));
  });

  it("finds a token variable that is set to nothing", async () => {
    assert.ok((await codes({ HF_TOKEN: "" })).includes("variable-empty"));
    assert.ok(!(await codes()).includes("variable-empty"));
  });

  it("tells root whose logins it works with", { skip: asRoot }, async () => {
    const path = save("token", TOKEN);
    chownSync(path, 4711, 4711);
    const [first] = examine(await look()).filter(({ code }) => code === "token-file-foreign");
    assert.match(first?.message ?? "", /^You are root, and the login here belongs to user 4711, /);
    chownSync(home, 4712, 4712);
    const found = examine(await look()).filter(({ code }) => ["token-file-foreign", "folder-loose"].includes(code));
    assert.deepEqual(
      found.map(({ code, evidence }) => [code, ...evidence]),
      [["token-file-foreign", `${home} belongs to user 4712`, `${path} belongs to user 4711`]],
    );
  });

  it("tells a configuration that git can't read from a git that is missing", { skip: unix }, async () => {
    writeFileSync(join(folder, ".gitconfig"), "[user\nname = me\n");
    const found = examine(await look()).filter(({ code }) => code.startsWith("git-"));
    assert.deepEqual(
      found.map(({ code, evidence }) => [code, /bad config line 1/.test(evidence.join())]),
      [["git-config-broken", true]],
    );
    assert.ok((await codes({ PATH: work })).includes("git-missing"));
  });

  it("finds models at the usual place that are not used", async () => {
    mkdirSync(join(folder, ".cache/huggingface/hub/models--acme--tiny"), { recursive: true });
    assert.ok((await codes()).includes("cache-elsewhere"));
  });

  it("finds a helper of git that is gone, and one that works", { skip: unix }, async () => {
    const set = (program: string): void =>
      writeFileSync(
        join(folder, ".gitconfig"),
        `[credential "https://huggingface.co"]\n\thelper = "!'${process.execPath}' '${program}' auth git-credential"\n`,
      );
    save("token", TOKEN);
    set(join(folder, "gone/hf"));
    assert.ok((await codes()).includes("git-helper-stale"));
    writeFileSync(join(folder, "hf"), "");
    set(join(folder, "hf"));
    assert.deepEqual(await codes(), []);
  });
});

describe("collect() in a project", () => {
  const git = (...args: readonly string[]): string =>
    execFileSync("git", ["-C", work, "-c", "user.name=x", "-c", "user.email=x@example.org", ...args], {
      encoding: "utf8",
      env: { PATH: process.env["PATH"], HOME: folder, GIT_CONFIG_NOSYSTEM: "1" },
    });

  it("finds a .env that git tracks, or would take", { skip: unix }, async () => {
    const env = join(work, ".env");
    writeFileSync(env, `# mine\nexport HF_TOKEN='${TOKEN}'\n`, { mode: 0o600 });
    assert.ok(!(await codes()).some((code) => code.startsWith("dotenv")));
    git("init", "--quiet");
    assert.ok((await codes()).includes("dotenv-not-ignored"));
    writeFileSync(join(work, ".gitignore"), ".env\n");
    assert.ok(!(await codes()).some((code) => code.startsWith("dotenv")));
    git("add", "--force", ".env");
    assert.ok((await codes()).includes("dotenv-tracked"));
    writeFileSync(env, "PORT=80\n");
    assert.ok(!(await codes()).some((code) => code.startsWith("dotenv")));
  });

  it("finds one that is tracked elsewhere in the repository, and none that is a template", { skip: unix }, async () => {
    git("init", "--quiet");
    for (const name of ["config/.env", "deploy/.env.production", "app/.envrc", ".env.local", "app/.env.example"]) {
      mkdirSync(dirname(join(work, name)), { recursive: true });
      const token = name.endsWith("example") ? "<your token>" : TOKEN;
      writeFileSync(join(work, name), `export HF_TOKEN=${token}\n`, { mode: 0o600 });
    }
    git("add", "--force", ".");
    writeFileSync(join(work, ".env"), `HF_TOKEN=${TOKEN}\n`, { mode: 0o600 });
    const inside = join(work, "app", "deeper");
    mkdirSync(inside);
    const found = (await look({}, inside)).dotenv.map(({ name, inGit }) => [
      name,
      inGit?.kind === "inside" && inGit.tracked,
    ]);
    assert.deepEqual(found.toSorted(), [
      ["../../.env", false],
      ["../../.env.local", true],
      ["../../config/.env", true],
      ["../../deploy/.env.production", true],
      ["../.envrc", true],
    ]);
    const [first] = examine(await look({}, inside)).filter(({ code }) => code === "dotenv-not-ignored");
    assert.equal(first?.fix.command, "echo .env >> ../../.gitignore");
  });

  it("follows no folder that a project has put in the place of another", { skip: unix }, async () => {
    git("init", "--quiet");
    const other = join(folder, "other");
    for (const place of [join(work, "config"), other]) {
      mkdirSync(place);
      writeFileSync(join(place, ".env"), `HF_TOKEN=${TOKEN}\n`, { mode: 0o600 });
    }
    git("add", ".");
    rmSync(join(work, "config"), { recursive: true });
    symlinkSync(other, join(work, "config"));
    assert.deepEqual((await look()).dotenv, []);
  });

  it("runs nothing that a hostile project names", { skip: unix }, async () => {
    const trap = join(folder, "trapped");
    const script = `#!/bin/sh\necho "$0" >> '${trap}'\nexit 1\n`;
    for (const place of [work, join(work, "node_modules", ".bin")]) {
      mkdirSync(place, { recursive: true });
      for (const name of ["git", "flock", "perl", "python3", "sh", "hf", "huggingface-cli", "node"]) {
        writeFileSync(join(place, name), script, { mode: 0o755 });
      }
    }
    writeFileSync(join(work, ".env"), `HF_TOKEN=${TOKEN}\n`);
    git("init", "--quiet");
    git("config", "core.fsmonitor", join(work, "hf"));
    git("config", "credential.helper", `!${join(work, "hf")}`);
    git("config", "core.hooksPath", work);
    const path = [".", "", work, join(work, "node_modules", ".bin"), process.env["PATH"] ?? ""].join(":");
    const evidence = await look({ PATH: path });
    assert.ok(!existsSync(trap), "a program of the project was run");
    assert.ok(evidence.dotenv[0]?.inGit?.kind === "inside", "git itself was still asked");
    assert.ok(examine(evidence).some(({ code }) => code === "path-relative"));
  });

  it("takes the home folder, and what is above it, for no project", async () => {
    const bin = join(folder, ".local", "bin");
    const entries = (cwd: string, ...path: readonly string[]) =>
      look({ PATH: path.join(delimiter) }, cwd).then(({ program }) => program.relativePath);
    assert.deepEqual(await entries(folder, bin, folder), []);
    assert.deepEqual(await entries(dirname(folder), bin), []);
    assert.deepEqual(await entries(folder, ".", "bin", bin), [".", "bin"]);
    assert.deepEqual(await entries(work, join(work, "bin"), bin), [join(work, "bin")]);
    assert.deepEqual(await entries(join(folder, ".local"), bin), [bin]);
  });

  it("reads no link and no pipe of a project", { skip: unix }, async () => {
    const secret = join(folder, "secret");
    writeFileSync(secret, `HF_TOKEN=${TOKEN}\n`);
    symlinkSync(secret, join(work, ".env"));
    execFileSync("mkfifo", [join(work, ".env.local")]);
    assert.deepEqual((await look()).dotenv, []);
  });
});

describe("lookAtLock()", () => {
  it(
    "names the process that holds it",
    { skip: process.platform === "linux" ? noLocks : "Linux alone lists locks" },
    async () => {
      const path = save("stored_tokens.lock", "");
      assert.equal(lookAtLock(path).state, "free");
      const lock = await acquireFileLock(path);
      // One that waits has the file open too.
      const waits = spawn("sh", ["-c", `exec 9<'${path}'; echo open; exec sleep 60`], {
        stdio: ["ignore", "pipe", "ignore"],
      });
      await once(waits.stdout, "data");
      const state = lookAtLock(path);
      waits.kill("SIGKILL");
      lock.release();
      assert.equal(state.state, "held");
      assert.equal(state.holder?.pid, process.pid);
      assert.equal(lookAtLock(path).state, "free");
    },
  );

  it(
    "names who holds locks of the cache",
    { skip: process.platform === "linux" ? noLocks : "Linux alone lists locks" },
    async () => {
      const folder = join(home, "hub", ".locks", "models--acme--tiny");
      mkdirSync(folder, { recursive: true });
      const lock = await acquireFileLock(join(folder, "one.lock"));
      writeFileSync(join(folder, "two.lock"), "");
      writeFileSync(join(folder, "three.lock"), `999999999\n${hostname()}\n`);
      const { held, stale } = readCacheLocks(join(home, "hub"));
      lock.release();
      assert.deepEqual(
        held.map(({ holder, count }) => [holder?.pid, count]),
        [[process.pid, 1]],
      );
      assert.deepEqual(stale, [{ path: join(folder, "three.lock"), pid: 999999999 }]);
      assert.deepEqual(readCacheLocks(join(home, "hub")).held, []);
      assert.deepEqual(readCacheLocks(join(home, "nowhere")), { held: [], stale: [] });
    },
  );

  it("knows the mark of a process that is gone from that of one that lives", async () => {
    const child = spawn(process.execPath, ["-e", "0"]);
    await new Promise((resolve) => child.once("close", resolve));
    const gone = save("stored_tokens.lock", `${child.pid}\n${hostname()}\n`);
    assert.deepEqual(lookAtLock(gone).stale, { path: gone, pid: child.pid });
    save("stored_tokens.lock", `${process.pid}\n${hostname()}\n`);
    assert.equal(lookAtLock(gone).stale, undefined);
    save("stored_tokens.lock", `${child.pid}\nanother-host\n`);
    assert.equal(lookAtLock(gone).stale, undefined);
  });
});

describe("collectProgram()", () => {
  it("tells whose 'hf' is on the PATH without starting it", { skip: unix }, () => {
    const bin = (name: string): string => {
      mkdirSync(join(folder, name), { recursive: true });
      return join(folder, name);
    };
    const place = join(bin("lib/node_modules/latchkey/dist/bin"), "hf.cjs");
    writeFileSync(place, "#!/usr/bin/env node\n", { mode: 0o755 });
    symlinkSync(place, join(bin("bin"), "hf"));
    writeFileSync(join(bin("py"), "hf"), "#!/opt/venv/bin/python3\n", { mode: 0o755 });
    writeFileSync(join(bin("other"), "hf"), "#!/bin/sh\n", { mode: 0o755 });
    writeFileSync(join(bin("plain"), "hf"), "not a program", { mode: 0o644 });
    const of = (...folders: readonly string[]) =>
      collectProgram({
        env: { PATH: folders.map((name) => join(folder, name)).join(":") },
        platform: process.platform,
        cwd: work,
        home: folder,
        nodeVersion: "20.19.0",
        script: join(folder, "bin/hf"),
      });
    assert.deepEqual(
      of("py", "other", "plain", "bin").onPath.map(({ kind }) => kind),
      ["python", "other", "ours"],
    );
    assert.equal(of("py").binFolder, join(folder, "bin"));
    assert.equal(of("py").binOnPath, false);
    assert.equal(of("bin").binOnPath, true);
  });
});

describe("collectProgram() on Windows", () => {
  it("finds programs by the endings of PATHEXT, in its order, and tells Python's starter by what is in it", () => {
    const put = (name: string, text: string): string => {
      const path = join(folder, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text, { mode: 0o755 });
      return path;
    };
    const ours = put("npm/node_modules/latchkey/dist/bin/hf.cjs", "");
    put("npm/hf.cmd", '@"%~dp0\\node.exe" "%~dp0\\node_modules\\latchkey\\dist\\bin\\hf.cjs" %*');
    put("npm/hf.bat", "never: .CMD comes first");
    put("npm/hf", "a script of a shell, without an ending");
    put("Scripts/hf.exe", `MZ${"\0".repeat(100_000)}#!C:\\Python\\python.exe\r\nPK`);
    put("Scripts/huggingface-cli.exe", "MZ of somebody else");
    put("last/hf.ps1", "");
    const of = (more: Environment) =>
      collectProgram({
        env: { Path: ["npm", "Scripts", "last"].map((name) => join(folder, name)).join(";"), ...more },
        platform: "win32",
        cwd: work,
        home: folder,
        nodeVersion: "20.19.0",
        script: ours,
      }).onPath.map(({ path, kind }) => `${relative(folder, path)} ${kind}`);
    assert.deepEqual(of({ PATHEXT: ".COM;.EXE;.CMD;.BAT" }), [
      "npm/hf.cmd latchkey",
      "Scripts/hf.exe python",
      "Scripts/huggingface-cli.exe other",
    ]);
    assert.deepEqual(of({ PATHEXT: ".BAT;.PS1" }), ["npm/hf.bat other", "last/hf.ps1 other"]);
    assert.deepEqual(of({}).length, 3);
  });
});

describe("findTokensInArguments()", () => {
  it(
    "finds a process of this user by its number, and shows nothing of the token",
    { skip: existsSync("/proc/self/cmdline") ? false : "no list of processes here" },
    async () => {
      const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)", TOKEN]);
      try {
        // The name of the file is there before its arguments are.
        while (!readFileSync(`/proc/${child.pid}/cmdline`, "utf8").includes("setInterval"))
          await new Promise(setImmediate);
        const found = findTokensInArguments(process.getuid?.());
        assert.ok(found.some(({ pid }) => pid === child.pid));
        assert.ok(!JSON.stringify(found).includes(TOKEN));
        assert.deepEqual(findTokensInArguments(4_000_000_000), []);
      } finally {
        child.kill("SIGKILL");
      }
    },
  );
});

describe("matchingMachine()", () => {
  it("reads .netrc as curl does", () => {
    const match = (text: string): string | undefined => matchingMachine(text, "huggingface.co");
    assert.equal(match("machine huggingface.co login x password y"), "huggingface.co");
    assert.equal(match("machine\n huggingface.co\n login x"), "huggingface.co");
    assert.equal(match("machine example.org login x\ndefault login y"), "default");
    assert.equal(match("# machine huggingface.co login x"), undefined);
    assert.equal(match("machine huggingface.co.evil.io login x"), undefined);
  });
});

describe("isMounted()", () => {
  it("knows a mount point", { skip: existsSync("/proc/self/mounts") ? false : "no list of mounts here" }, () => {
    assert.equal(isMounted("/proc/self"), true);
    assert.equal(isMounted("/process"), false);
  });
});

import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { acquireFileLock, tryFileLocks } from "./file-lock.ts";
import type { LockHelper } from "./file-lock-helper.ts";
import { FLOCK, PERL_HELPER, PYTHON_HELPER } from "./file-lock-helper.ts";
import { createLockHost } from "./file-lock-open.ts";
import type { LockHost } from "./file-lock-open.ts";
import { noLocks } from "../../test/support/locks.ts";

const MODULE = new URL(`./file-lock.${import.meta.url.slice(-2)}`, import.meta.url).href;

const runs = (program: string, ...args: string[]): boolean => spawnSync(program, args).error === undefined;
const helpers = [
  { helper: FLOCK, here: runs("flock", "--version") },
  { helper: PERL_HELPER, here: runs("perl", "-v") },
  { helper: PYTHON_HELPER, here: spawnSync("python3", ["--version"]).status === 0 },
];
const opens = ["win32", "darwin", "freebsd", "openbsd"].includes(process.platform);
const foreign = { skip: opens || helpers[0]?.here !== true ? "the foreign holder here is the flock program" : false };

let folder = "";
before(() => {
  folder = fs.mkdtempSync(join(tmpdir(), "latchkey-lock-"));
});
after(() => {
  fs.rmSync(folder, { recursive: true, force: true });
});

/** Another program that holds the lock until it is ended. */
async function holdWithFlock(path: string): Promise<ChildProcess> {
  const holder = spawn("flock", ["-x", path, "sh", "-c", "echo held; read -r line"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  await once(holder.stdout, "data");
  return holder;
}

async function end(holder: ChildProcess): Promise<void> {
  const closed = once(holder, "close");
  holder.stdin?.end();
  await closed;
}

/** A second Node that takes the lock, says so, and holds it until it is ended. */
async function holdWithNode(path: string): Promise<ChildProcess> {
  const script = `const { acquireFileLock } = await import(${JSON.stringify(MODULE)});
    const lock = await acquireFileLock(${JSON.stringify(path)});
    process.stdout.write("held");
    process.stdin.once("end", () => lock.release()).resume();`;
  const holder = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  await once(holder.stdout, "data");
  return holder;
}

const timeout = { code: "ERR_HF_LOCK_TIMEOUT" };

describe("acquireFileLock()", { skip: noLocks }, () => {
  it("makes the folder and an empty file of mode 0664 whatever the umask, and leaves it after release", async () => {
    const path = join(folder, "new", "deep", "a.lock");
    const umask = process.umask(0o077);
    try {
      const lock = await acquireFileLock(path);
      assert.equal(lock.held, true);
      lock.release();
      lock.release();
    } finally {
      process.umask(umask);
    }
    const stats = fs.statSync(path);
    assert.equal(stats.size, 0);
    if (process.platform !== "win32") assert.equal(stats.mode & 0o777, 0o664);
  });

  it("excludes a second lock in the same process until release", async () => {
    const path = join(folder, "twice.lock");
    const first = await acquireFileLock(path);
    await assert.rejects(acquireFileLock(path, { timeoutMs: 0 }), timeout);
    const waits: string[] = [];
    const second = acquireFileLock(path, {
      onWait: (waiting) => {
        waits.push(waiting);
        first.release();
      },
    });
    (await second).release();
    assert.deepEqual(waits, [path]);
  });

  it("never truncates what the file holds", async () => {
    const path = join(folder, "content.lock");
    fs.writeFileSync(path, "words");
    (await acquireFileLock(path)).release();
    assert.equal(fs.readFileSync(path, "utf8"), "words");
  });

  it("excludes another Node process, both ways", async () => {
    const path = join(folder, "node.lock");
    const holder = await holdWithNode(path);
    await assert.rejects(acquireFileLock(path, { timeoutMs: 50 }), (error: Error) => {
      assert.ok(error.message.includes(path));
      assert.match(error.message, /after 0.05 s/);
      return true;
    });
    await end(holder);
    const lock = await acquireFileLock(path);
    const rival = spawn(process.execPath, [
      "--input-type=module",
      "-e",
      `const { acquireFileLock } = await import(${JSON.stringify(MODULE)});
       await acquireFileLock(${JSON.stringify(path)}, { timeoutMs: 0 }).catch((error) => (process.exitCode = error.code === "ERR_HF_LOCK_TIMEOUT" ? 10 : 1));`,
    ]);
    const [code] = await once(rival, "close");
    assert.equal(code, 10);
    lock.release();
  });

  it("is free at once when its holder is killed", async () => {
    const path = join(folder, "killed.lock");
    const holder = await holdWithNode(path);
    const waiting = acquireFileLock(path, { onWait: () => holder.kill("SIGKILL") });
    const lock = await waiting;
    assert.equal(lock.held, true);
    lock.release();
  });

  it("waits for a foreign program and keeps it out", foreign, async () => {
    const path = join(folder, "foreign.lock");
    const holder = await holdWithFlock(path);
    await assert.rejects(acquireFileLock(path, { timeoutMs: 0 }), timeout);
    const lock = await acquireFileLock(path, { onWait: () => void end(holder) });
    assert.equal(spawnSync("flock", ["-x", "-n", path, "true"]).status, 1);
    lock.release();
    assert.equal(spawnSync("flock", ["-x", "-n", path, "true"]).status, 0);
  });

  for (const [what, replace] of [
    ["replaced", (path: string) => fs.renameSync(`${path}.new`, path)],
    ["deleted", (path: string) => fs.rmSync(path)],
  ] as const) {
    it(`locks what the path names when the file is ${what} while it waits`, foreign, async () => {
      const path = join(folder, `${what}.lock`);
      fs.writeFileSync(`${path}.new`, "");
      const holder = await holdWithFlock(path);
      const waitedFor: number[] = [];
      const helper: LockHelper = {
        ...FLOCK,
        wait(fd, signal) {
          waitedFor.push(fs.fstatSync(fd).ino);
          const answer = FLOCK.wait(fd, signal);
          if (waitedFor.length === 1) {
            replace(path);
            void end(holder);
          }
          return answer;
        },
      };
      const lock = await acquireFileLock(path, { host: { ...createLockHost(), helpers: [helper] } });
      assert.equal(spawnSync("flock", ["-x", "-n", path, "true"]).status, 1);
      assert.equal(waitedFor.length, 2, "the lock on the old file must not count");
      lock.release();
    });
  }

  it("rejects with the reason of an aborted signal, and leaves no waiter behind", async () => {
    const path = join(folder, "abort.lock");
    const lock = await acquireFileLock(path);
    const stop = new AbortController();
    const reason = new Error("no longer wanted");
    const waiting = acquireFileLock(path, { signal: stop.signal, onWait: () => stop.abort(reason) });
    await assert.rejects(waiting, reason);
    lock.release();
    await assert.rejects(acquireFileLock(path, { signal: AbortSignal.abort(reason) }), reason);
    (await acquireFileLock(path, { timeoutMs: 0 })).release();
  });

  it("does not follow a link, and refuses a folder or a pipe", { skip: process.platform === "win32" }, async () => {
    const outside = join(folder, "outside");
    fs.writeFileSync(outside, "");
    fs.symlinkSync(outside, join(folder, "link.lock"));
    fs.symlinkSync(join(folder, "absent"), join(folder, "dangling.lock"));
    for (const name of ["link.lock", "dangling.lock"]) {
      await assert.rejects(acquireFileLock(join(folder, name), { timeoutMs: 0 }), { code: "ERR_HF_DISK" });
    }
    assert.equal(fs.existsSync(join(folder, "absent")), false);
    fs.mkdirSync(join(folder, "folder.lock"));
    await assert.rejects(acquireFileLock(join(folder, "folder.lock")), { code: "ERR_HF_DISK" });
    if (runs("mkfifo", join(folder, "pipe.lock"))) {
      await assert.rejects(acquireFileLock(join(folder, "pipe.lock")), { code: "ERR_HF_DISK" });
    }
  });

  for (const { helper, here } of helpers) {
    it(`works with ${helper.name} alone`, { skip: opens || !here ? `${helper.name} is not here` : false }, async () => {
      const host: LockHost = { ...createLockHost(), helpers: [helper], batchHelpers: [helper] };
      const path = join(folder, `${helper.name}.lock`);
      const first = await acquireFileLock(path, { host });
      assert.equal(first.held, true);
      await assert.rejects(acquireFileLock(path, { host, timeoutMs: 0 }), timeout);
      const second = await acquireFileLock(path, { host, onWait: () => first.release() });
      const others = [1, 2, 3].map((index) => join(folder, `${helper.name}${index}.lock`));
      const { locks, contended } = await tryFileLocks([path, ...others], { host });
      assert.deepEqual(contended, [path]);
      assert.deepEqual([...locks.keys()], others);
      for (const lock of [second, ...locks.values()]) lock.release();
    });
  }
});

describe("tryFileLocks()", { skip: noLocks }, () => {
  it("takes hundreds at once, reports those held by others, and asks a duplicate once", async () => {
    const paths = Array.from({ length: 600 }, (_, index) => join(folder, "batch", `${index}.lock`));
    const held = await acquireFileLock(paths[300] ?? "");
    const { locks, contended } = await tryFileLocks([...paths, ...paths]);
    assert.deepEqual(contended, [paths[300]]);
    assert.equal(locks.size, 599);
    assert.ok([...locks.values()].every((lock) => lock.held));
    await assert.rejects(acquireFileLock(paths[0] ?? "", { timeoutMs: 0 }), timeout);
    for (const lock of locks.values()) lock.release();
    held.release();
    (await acquireFileLock(paths[0] ?? "", { timeoutMs: 0 })).release();
  });

  it("holds nothing when it fails", async () => {
    const good = join(folder, "half", "good.lock");
    const bad = join(folder, "half", "bad.lock");
    fs.mkdirSync(bad, { recursive: true });
    await assert.rejects(tryFileLocks([good, bad]), { code: "ERR_HF_DISK" });
    (await acquireFileLock(good, { timeoutMs: 0 })).release();
  });
});

const asked: string[] = [];
const scripted = (name: string, answer: "failed" | undefined): LockHelper => ({
  name,
  tryAll: async (fds) => {
    asked.push(name);
    return answer === undefined ? undefined : fds.map(() => answer);
  },
  wait: () => assert.fail("a lock that can't be taken is not waited for"),
});

describe("a machine or file system without flock", { skip: opens }, () => {
  it("asks every helper, warns once, and goes on unlocked", async () => {
    const all = [scripted("one", undefined), scripted("two", "failed")];
    const host: LockHost = { ...createLockHost(), helpers: all, batchHelpers: all };
    const warnings: string[] = [];
    const warn = (message: string): void => void warnings.push(message);
    const path = join(folder, "none.lock");
    const lock = await acquireFileLock(path, { host, warn });
    assert.equal(lock.held, false);
    lock.release();
    assert.deepEqual(asked, ["one", "two"]);
    const { locks, contended } = await tryFileLocks([path, `${path}2`], { host, warn });
    assert.deepEqual(
      [...locks.values()].map((each) => each.held),
      [false, false],
    );
    assert.deepEqual(contended, []);
    assert.equal(warnings.length, 1);
    assert.deepEqual(asked, ["one", "two"], "a file system that has refused once is not asked again");
  });

  it(
    "opens read-only what it may not write, and flocks that",
    { skip: process.platform === "win32" || noLocks },
    async () => {
      const real = createLockHost();
      const opened: number[] = [];
      const path = join(folder, "readonly.lock");
      fs.writeFileSync(path, "", { mode: 0o444 });
      const host: LockHost = {
        ...real,
        open(at, flags, mode) {
          opened.push(flags & 3);
          // As another user sees it: this test may run as root.
          if ((flags & 3) !== fs.constants.O_RDONLY) throw Object.assign(new Error("denied"), { code: "EACCES" });
          return real.open(at, flags, mode);
        },
      };
      const lock = await acquireFileLock(path, { host });
      assert.equal(lock.held, true);
      assert.deepEqual(opened, [fs.constants.O_RDWR, fs.constants.O_RDWR, fs.constants.O_RDONLY]);
      await assert.rejects(acquireFileLock(path, { timeoutMs: 0 }), timeout);
      lock.release();
      await assert.rejects(acquireFileLock(join(folder, "absent.lock"), { host }), { code: "ERR_HF_DISK" });
    },
  );
});

interface Call {
  readonly flags: number;
  readonly mode: number;
}

/** A system on which opening takes the lock; it fails with the given codes first, then opens for real. */
function openingHost(system: NodeJS.Platform, failures: string[]): { host: LockHost; calls: Call[]; slept: number[] } {
  const calls: Call[] = [];
  const slept: number[] = [];
  const host: LockHost = {
    ...createLockHost(),
    platform: system,
    flags: { O_RDONLY: 0, O_RDWR: 2, O_CREAT: 0x200, O_EXCL: 0x800, O_NOFOLLOW: 0x100, O_NONBLOCK: 4 },
    helpers: [],
    batchHelpers: [],
    open(path, flags, mode) {
      calls.push({ flags, mode });
      const code = failures.shift();
      if (code !== undefined) throw Object.assign(new Error(code), { code });
      return fs.openSync(path, "a+", mode);
    },
    sleep: async (ms) => void slept.push(ms),
  };
  return { host, calls, slept };
}

describe("systems where opening takes the lock", () => {
  it("passes O_EXLOCK and O_NONBLOCK on macOS, and polls while another has it", async () => {
    const { host, calls, slept } = openingHost("darwin", ["ENOENT", "EAGAIN", "EWOULDBLOCK"]);
    const lock = await acquireFileLock(join(folder, "mac", "a.lock"), { host });
    assert.equal(lock.held, true);
    lock.release();
    assert.ok(calls.every(({ flags, mode }) => flags === (2 | 0x200 | 0x100 | 4 | 0x20) && mode === 0o664));
    assert.equal(calls.length, 4);
    assert.deepEqual(slept, [50, 50]);
  });

  it("goes on unlocked where macOS finds no locks", async () => {
    const { host } = openingHost("darwin", ["ENOTSUP"]);
    assert.equal((await acquireFileLock(join(folder, "mac2.lock"), { host })).held, false);
  });

  it("asks Windows to share with nobody, and waits while Python has the file or deletes it", async () => {
    const { host, calls, slept } = openingHost("win32", ["EBUSY", "EPERM", "EBUSY"]);
    const lock = await acquireFileLock(join(folder, "win.lock"), { host });
    assert.equal(lock.held, true);
    lock.release();
    assert.ok(calls.every(({ flags }) => flags === (2 | 0x200 | 0x10000000)));
    assert.deepEqual(slept, [50, 50, 50]);
  });

  it("gives up on a Windows file that stays forbidden", async () => {
    const { host } = openingHost(
      "win32",
      Array.from({ length: 1000 }, () => "EACCES"),
    );
    await assert.rejects(acquireFileLock(join(folder, "win2.lock"), { host }), { code: "ERR_HF_DISK" });
  });

  it("tries a batch once each", async () => {
    const { host, calls } = openingHost("win32", ["EBUSY", "EPERM"]);
    const paths = ["x", "y", "z"].map((name) => join(folder, `win-${name}.lock`));
    const { locks, contended } = await tryFileLocks(paths, { host });
    assert.deepEqual(contended, paths.slice(0, 2));
    assert.equal(calls.length, 3);
    for (const lock of locks.values()) lock.release();
  });
});

describe("the program that takes a lock", foreign, () => {
  it("gets the path to programs and nothing else, and is not looked for where the caller is", async () => {
    const [project, tools] = [join(folder, "project"), join(folder, "tools")];
    for (const at of [project, join(project, "node_modules/.bin"), tools]) fs.mkdirSync(at, { recursive: true });
    const told = join(folder, "told");
    const real = execFileSync("sh", ["-c", "command -v flock"], { encoding: "utf8" }).trim();
    const program = (text: string): string => `#!/bin/sh\n${text}\n`;
    fs.writeFileSync(join(tools, "flock"), program(`(pwd; env) > '${told}'; exec '${real}' "$@"`), { mode: 0o755 });
    for (const at of [project, join(project, "node_modules/.bin")]) {
      fs.writeFileSync(join(at, "flock"), program(`echo stray > '${told}.stray'; exit 0`), { mode: 0o755 });
    }
    const script = `const { acquireFileLock } = await import(${JSON.stringify(MODULE)});
      const lock = await acquireFileLock(${JSON.stringify(join(folder, "env.lock"))});
      process.stdout.write(String(lock.held));
      lock.release();`;
    const PATH = [".", "", join(project, "node_modules/.bin"), tools, process.env["PATH"]].join(delimiter);
    const env = { PATH, HF_TOKEN: "secret", NODE_OPTIONS: "", LD_DEBUG_OUTPUT: "x" };
    const done = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
      cwd: project,
      env,
      encoding: "utf8",
    });
    assert.equal(done.stdout, "true", done.stderr);
    assert.equal(fs.existsSync(`${told}.stray`), false);
    const [cwd, ...variables] = fs.readFileSync(told, "utf8").trim().split("\n");
    assert.equal(cwd, "/");
    // A shell sets some of its own.
    const names = variables
      .map((line) => line.split("=")[0])
      .filter((name) => !["PWD", "OLDPWD", "SHLVL", "_"].includes(String(name)));
    assert.deepEqual(names, ["PATH"]);
  });
});

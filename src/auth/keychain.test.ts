import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterEach, beforeEach, describe, it } from "node:test";
import { setTimeout } from "node:timers/promises";
import { whyNoPackage } from "../../test/support/keyring.ts";
import { root } from "../../test/support/root.ts";
import { isHfError } from "../core/errors.ts";
import { createKeychain, tryKeychain } from "./keychain.ts";
import type { Keychain } from "./keychain.ts";
import { formatKeychainIndex, parseKeychainIndex } from "./keychain-index.ts";
import type { KeychainPlace } from "./keychain-index.ts";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "latchkey-keychain-"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

/** A package in the place of the real one: `body` is the inside of its class. */
function install(body: string): void {
  const folder = join(home, "real", "node_modules", "@napi-rs", "keyring");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "index.js"), `exports.AsyncEntry = class { ${body} };\n`);
  writeFileSync(join(home, "real", "hf.cjs"), "");
}

const PINNED = `constructor(service, account, options) {
  if (options.linux.store !== "secret-service") throw new Error("no such store");
  this.account = account;
}`;

function keychain(
  more: { platform?: NodeJS.Platform; env?: NodeJS.ProcessEnv; from?: string; startMs?: number } = {},
): Keychain {
  return createKeychain({
    platform: more.platform ?? "linux",
    env: { PATH: process.env["PATH"], ...more.env },
    execPath: process.execPath,
    from: more.from ?? join(home, "real", "hf.cjs"),
    timeoutMs: 400,
    startMs: more.startMs,
    memory: { silentUntil: 0 },
  });
}

const fault = (pattern: RegExp) => (error: unknown) => {
  assert.ok(isHfError(error) && error.code === "ERR_HF_KEYCHAIN", String(error));
  assert.match(error.message, pattern);
  assert.ok(error.hint !== undefined);
  return true;
};

describe("createKeychain()", () => {
  it("passes secrets through pipes: no argument, no variable and no current folder has one", async () => {
    const log = join(home, "log");
    const seen = `require("fs").appendFileSync(${JSON.stringify(log)}, JSON.stringify([process.argv, process.execArgv, process.env, process.cwd()]))`;
    install(`${PINNED} async setPassword() { ${seen}; } async getPassword() { ${seen}; return "kept"; }`);
    const chain = keychain({ env: { HF_TOKEN: "hf_variable", OWN: "kept-variable" } });
    await chain.write("work", "the-secret-itself");
    assert.equal(await chain.read("work"), "kept");
    const text = readFileSync(log, "utf8");
    assert.ok(!text.includes("the-secret-itself") && !text.includes("hf_variable"), text);
    assert.ok(text.includes("kept-variable"));
  });

  it("gives a keychain that hangs no more than its time, and leaves no process behind", async () => {
    const pid = join(home, "pid");
    const note = `require("fs").writeFileSync(${JSON.stringify(pid)}, String(process.pid))`;
    install(`${PINNED} getPassword() { ${note}; setInterval(() => {}, 1000); return new Promise(() => {}); }`);
    await assert.rejects(keychain().read("work"), fault(/did not answer within 0\.4 s/));
    assert.ok(existsSync(pid));
    assert.throws(() => process.kill(Number(readFileSync(pid, "utf8")), 0), /ESRCH/);
  });

  it("counts the time also while a call holds the whole thread", { timeout: 60_000 }, async () => {
    install(`constructor(service, account, options) {
      if (options.linux.store !== "secret-service") throw new Error("no such store");
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    }`);
    // The limit of the whole process is out of reach: what ends the call is its own.
    await assert.rejects(keychain({ startMs: 3_600_000 }).read("work"), fault(/did not answer within 0\.4 s/));
  });

  it(
    "gives a message bus that takes the call and never answers no more than its time",
    { skip: whyNoPackage() ?? false, timeout: 60_000 },
    async () => {
      const bus = createServer((socket) => socket.on("error", () => undefined));
      await new Promise<void>((resolve) => bus.listen(join(home, "bus"), resolve));
      try {
        const env = { DBUS_SESSION_BUS_ADDRESS: `unix:path=${join(home, "bus")}` };
        const chain = keychain({ env, from: join(root, "package.json"), startMs: 3_600_000 });
        await assert.rejects(chain.read("work"), fault(/did not answer within 0\.4 s/));
      } finally {
        bus.close();
      }
    },
  );

  it("does not ask one again that was silent a moment ago, and does a little later", async () => {
    const log = join(home, "log");
    install(`constructor(service, account, options) {
      if (options.linux.store !== "secret-service") throw new Error("no such store");
      require("fs").appendFileSync(${JSON.stringify(log)}, "asked ");
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    }`);
    let now = 1_000_000;
    const memory = { silentUntil: 0 };
    const ask = async (action: (chain: Keychain) => Promise<unknown>, asked: number): Promise<void> => {
      const [env, from] = [{}, join(home, "real", "hf.cjs")];
      const { execPath } = process;
      const chain = createKeychain({
        platform: "linux",
        env,
        execPath,
        from,
        timeoutMs: 200,
        memory,
        clock: { now: () => now },
      });
      await assert.rejects(action(chain), fault(/did not answer within 0\.2 s/));
      assert.equal(readFileSync(log, "utf8"), "asked ".repeat(asked));
    };
    await ask((chain) => chain.read("work"), 1);
    now += 4000;
    await ask((chain) => chain.read("work"), 1);
    await ask((chain) => chain.remove("other"), 1);
    now += 1000;
    await ask((chain) => chain.read("work"), 2);
  });

  it("leaves no process behind either where whoever asked is gone", { timeout: 60_000 }, async () => {
    const pid = join(home, "pid");
    install(`constructor(service, account, options) {
      if (options.linux.store !== "secret-service") throw new Error("no such store");
      require("fs").writeFileSync(${JSON.stringify(pid)}, String(process.pid));
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    }`);
    const code = `
      const { createKeychain } = await import(process.argv[1]);
      const chain = createKeychain({ platform: "linux", env: {}, execPath: process.execPath, from: process.argv[2], timeoutMs: 400 });
      chain.read("work").catch(() => undefined);`;
    const asker = spawn(process.execPath, [
      "--input-type=module",
      "-e",
      code,
      new URL("./keychain.js", import.meta.url).href,
      join(home, "real", "hf.cjs"),
    ]);
    while (!existsSync(pid) || readFileSync(pid, "utf8") === "") await setTimeout(10);
    asker.kill("SIGKILL");
    const isThere = (): boolean => {
      const number = Number(readFileSync(pid, "utf8"));
      try {
        // One that has ended and that nobody asks for its end keeps its number.
        if (process.platform === "linux") return !/\) Z /.test(readFileSync(`/proc/${number}/stat`, "utf8"));
        return process.kill(number, 0);
      } catch {
        return false;
      }
    };
    while (isThere()) await setTimeout(10);
  });

  it("tells locked, not there and broken apart, and none of them is an empty answer", async () => {
    for (const [words, pattern] of [
      ["Couldn't access platform storage: Secret Service: unlock prompt was dismissed", /is locked/],
      ["Couldn't access platform storage: Object is locked", /is locked/],
      ["User interaction is not allowed.", /is locked/],
      [
        "DBus error: Unable to autolaunch a dbus-daemon without a $DISPLAY for X11",
        /is not there: no D-Bus session is/,
      ],
      ["Platform failure: DBus error: set your DBUS_SESSION_BUS_ADDRESS", /is not there/],
      ["The name org.freedesktop.secrets was not provided by any .service files", /is not there/],
      ["Secret Service: no result found", /is not there/],
      ["the disk is on fire", /can't be used: the disk is on fire/],
    ] as const) {
      install(`${PINNED} async getPassword() { throw new Error(${JSON.stringify(words)}); }`);
      await assert.rejects(keychain().read("work"), fault(pattern), words);
    }
    install(`${PINNED} async getPassword() { return null; } async deletePassword() { return false; }`);
    assert.equal(await keychain().read("work"), undefined);
    assert.equal(await keychain().remove("work"), false);
    install(`${PINNED} async getPassword() { return 7; }`);
    await assert.rejects(keychain().read("work"), fault(/can't be used/));
    install(`${PINNED} async getPassword() { process.exit(3); }`);
    await assert.rejects(keychain().read("work"), fault(/can't be used/));
    install(`${PINNED} async getPassword() { return "x".repeat(100000); }`);
    await assert.rejects(keychain().read("work"), fault(/says too much/));
  });

  it("uses no package that could fall back to the kernel's keys, which a restart forgets", async () => {
    install(`constructor() {} async getPassword() { return "from the kernel"; }`);
    await assert.rejects(keychain().read("work"), fault(/can't be held to one keychain/));
    assert.equal(await keychain({ platform: "darwin" }).read("work"), "from the kernel");
  });

  it("says what to install where the package is not, and finds it beside the program that a link leads to", async () => {
    await assert.rejects(
      keychain({ from: join(home, "nowhere", "hf.cjs") }).read("work"),
      fault(/@napi-rs\/keyring is not/),
    );
    install(`${PINNED} async getPassword() { return "found"; }`);
    const link = join(home, "hf");
    symlinkSync(join(home, "real", "hf.cjs"), link);
    assert.equal(await keychain({ from: link }).read("work"), "found");
  });

  it("has a name for each system's keychain", () => {
    const names = (["linux", "darwin", "win32"] as const).map((platform) => keychain({ platform }).backend);
    assert.deepEqual(names, ["secret-service", "macos-keychain", "windows-credentials"]);
  });
});

describe("tryKeychain()", () => {
  const chain = (more: Partial<Keychain>): Keychain => {
    const kept = new Map<string, string>();
    return {
      backend: "fake",
      label: "the fake",
      read: async (account) => kept.get(account),
      write: async (account, text) => void kept.set(account, text),
      remove: async (account) => kept.delete(account),
      ...more,
    };
  };

  it("keeps something, finds it and takes it away, or says that it does not work", async () => {
    await tryKeychain(chain({}));
    await assert.rejects(tryKeychain(chain({ read: async () => undefined })), fault(/does not give back/));
    await assert.rejects(tryKeychain(chain({ read: async () => "other" })), fault(/does not give back/));
    await assert.rejects(tryKeychain(chain({ remove: async () => false })), fault(/does not give back/));
    await assert.rejects(tryKeychain(chain({ remove: async () => true })), fault(/does not give back/));
  });
});

describe("the list of logins in the keychain", () => {
  const place = { origins: ["https://huggingface.co"], stamp: "ab" };

  it("comes back as it was written, and holds no secret", () => {
    const logins = new Map<string, KeychainPlace>();
    logins.set("work", { ...place, expiresAt: 5 }).set("other", place);
    const index = { active: "work", logins };
    assert.deepEqual(parseKeychainIndex(formatKeychainIndex(index)), index);
    const none = { active: undefined, logins: new Map([["other", place]]) };
    assert.deepEqual(parseKeychainIndex(formatKeychainIndex(none)), none);
  });

  it("is none when anything in it is odd", () => {
    const logins = { work: place };
    for (const odd of [
      [],
      { version: 2, logins },
      { version: 1, logins: [] },
      { version: 1, logins, active: "gone" },
      { version: 1, logins, active: 7 },
      { version: 1, logins: { work: { ...place, origins: ["https://huggingface.co/x"] } } },
      { version: 1, logins: { work: { ...place, origins: "https://huggingface.co" } } },
      { version: 1, logins: { work: { origins: [] } } },
      { version: 1, logins: { work: { ...place, expiresAt: "soon" } } },
    ]) {
      assert.equal(parseKeychainIndex(JSON.stringify(odd)), undefined, JSON.stringify(odd));
    }
    assert.equal(parseKeychainIndex("no json"), undefined);
  });
});

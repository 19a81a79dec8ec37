import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { defaultSeed } from "../src/localhub/index.ts";
import { createBrowser } from "./support/browser.ts";
import type { Answer } from "./support/browser.ts";
import { answerAuthorize, answerDevice, CLI_CLIENT, whoamiStatus } from "./support/oauth.ts";
import { locationOf } from "./support/pages.ts";
import { start as startProgram } from "./support/running.ts";
import type { Running } from "./support/running.ts";
import { HF, startWorld } from "./support/world.ts";
import type { World } from "./support/world.ts";

let world: World;
before(async () => {
  const oauth = { interval: 0.05, tellInterval: true };
  world = await startWorld({ seed: { ...defaultSeed(), oauth } });
});
after(() => world.close());
beforeEach(async () => {
  rmSync(world.home, { recursive: true, force: true });
  await world.hub.reset();
});

const start = (args: readonly string[], env: NodeJS.ProcessEnv = {}, program?: readonly string[]): Running =>
  startProgram(world, args, env, program);

const file = (name: string): string => readFileSync(join(world.home, name), "utf8");
const CODE = /\b([B-Z2-9]{4}-[B-Z2-9]{4})\b/;

/** Goes where the program sends the browser, says yes or no there, and comes back. */
async function browse(address: string, answer = "approve"): Promise<Answer> {
  const back = new URL(locationOf(await answerAuthorize(world.hub, address, { answer })));
  return createBrowser(back.origin).send("GET", back.pathname + back.search);
}

describe("hf auth login --device", () => {
  it("shows address and code, waits, and saves the login as Python does", async () => {
    const running = start(["auth", "login", "--device", "--debug"]);
    const [, code = ""] = await running.until(/^ {2}([B-Z2-9]{4}-[B-Z2-9]{4})$/m);
    await answerDevice(world.hub, code);
    const { exit, stdout, stderr } = await running.ended;
    assert.equal(exit, 0, stderr);
    assert.match(stderr, /POST http:\/\/localhost:\d+\/oauth\/token anonymous: 200/);
    assert.ok(stderr.includes(`${world.hub.url}/oauth/device`));
    assert.match(stdout, /Signed in to http:\/\/localhost:\d+ as carol\n {2}saved as oauth-carol in /);
    assert.match(stdout, /renewed by itself before \d{4}-\d\d-\d\d/);
    const token = file("token");
    assert.match(token, /^hf_oauth_[A-Za-z]+$/);
    const [, refresh = "", expires = ""] =
      new RegExp(`^\\[oauth-carol\\]\nhf_token = ${token}\nrefresh_token = (\\S+)\nexpires_at = (\\d+)\n\n$`).exec(
        file("stored_tokens"),
      ) ?? assert.fail(file("stored_tokens"));
    assert.ok(Math.abs(Number(expires) - (Date.now() / 1000 + 30 * 24 * 3600)) < 60);
    if (process.platform !== "win32") assert.equal(statSync(join(world.home, "stored_tokens")).mode & 0o777, 0o600);
    assert.equal(await whoamiStatus(world.hub, token), 200);
    for (const secret of [token, refresh]) assert.ok(!(stdout + stderr).includes(secret));
    // The same person once more: nobody's login was lost by it.
    const again = start(["auth", "login", "--device", "--force"]);
    await answerDevice(world.hub, (await again.until(CODE))[1] ?? "");
    const renewed = await again.ended;
    assert.equal(renewed.exit, 0, renewed.stderr);
    assert.ok(!/took the place/.test(renewed.stderr), renewed.stderr);
    const other = start(["auth", "login", "--device", "--force", "--name", "oauth-carol"]);
    await answerDevice(world.hub, (await other.until(CODE))[1] ?? "", { user: "bob" });
    assert.match((await other.ended).stderr, /took the place of another login named oauth-carol/);
  });

  it("ends with the reason and its exit code where the Hub takes no more requests", async () => {
    world.hub.fault({ path: "/oauth/device", status: 429, retryAfter: 7200 });
    const { exit, stderr } = await start(["auth", "login", "--device"]).ended;
    assert.equal(exit, 9, stderr);
    assert.match(stderr, /takes no more requests for now\.\nNext: Wait 7200 s, then sign in again: hf auth login/);
  });

  it("is for programs too: one line of JSON tells where to go, and the answer is one document", async () => {
    const running = start(["auth", "login", "--device", "--json", "--name", "work"]);
    const [line] = await running.until(/^\{.*\}$/m);
    const event = JSON.parse(line) as Record<string, unknown>;
    assert.deepEqual(
      [event["event"], event["way"], event["url"]],
      ["sign-in", "device", `${world.hub.url}/oauth/device`],
    );
    await answerDevice(world.hub, String(event["userCode"]), { user: "bob" });
    const { exit, stdout } = await running.ended;
    const answer = JSON.parse(stdout) as Record<string, unknown>;
    assert.deepEqual([exit, answer["name"], answer["user"]], [0, "work", "bob"]);
    const quiet = start(["auth", "login", "--device", "--quiet", "--force"]);
    const [, code = ""] = await quiet.until(/^Open \S+ and enter the code (\S+)$/m);
    await answerDevice(world.hub, code);
    assert.equal((await quiet.ended).stdout, "carol\n");
  });

  it("leaves nothing behind when it is denied or stopped", async () => {
    const denied = start(["auth", "login", "--device"]);
    const [, code = ""] = await denied.until(CODE);
    await answerDevice(world.hub, code, { answer: "deny" });
    const { exit, stderr } = await denied.ended;
    assert.equal(exit, 3);
    assert.match(stderr, /denied at the Hub/);
    const stopped = start(["auth", "login", "--device"]);
    await stopped.until(CODE);
    stopped.child.kill("SIGINT");
    const end = await stopped.ended;
    assert.equal(end.exit, 130);
    assert.match(end.stderr, /Stopped by Ctrl-C/);
    assert.ok(!end.stderr.includes("    at "), end.stderr);
    assert.equal(existsSync(join(world.home, "token")), false);
    assert.equal(existsSync(join(world.home, "stored_tokens")), false);
  });

  it("goes on over faults of the Hub, and asks with the client id that is set", async () => {
    world.hub.fault({ path: "/oauth/token", status: 503, times: 2 });
    world.hub.fault({ path: "/oauth/token", cut: {}, times: 1 });
    world.hub.fault({ path: "/oauth/token", htmlBody: true, times: 1 });
    const running = start(["auth", "login", "--device"]);
    const [, code = ""] = await running.until(CODE);
    await answerDevice(world.hub, code);
    assert.equal((await running.ended).exit, 0);
    const unknown = start(["auth", "login", "--device", "--force"], { HF_DEVICE_CODE_OAUTH_CLIENT_ID: "nobody" });
    const { exit, stderr } = await unknown.ended;
    assert.equal(exit, 3);
    assert.match(stderr, /Check HF_DEVICE_CODE_OAUTH_CLIENT_ID/);
  });

  it("starts nothing over plain http, nor where somebody is signed in, nor beside a token", async () => {
    const clear = await world.hf(["auth", "login", "--device", "--endpoint", "http://hub.example"]);
    assert.match(clear.stderr, /can't be sent to http:\/\/hub\.example: it is plain http/);
    const two = await world.hf(["auth", "login", "--device", "--web"]);
    assert.deepEqual([two.exit, /--web and --device exclude/.test(two.stderr)], [2, true]);
    const both = await world.hf(["auth", "login", "--web", "--token-stdin"], { input: world.token("alice-read") });
    assert.equal(both.exit, 2);
    await world.hf(["auth", "login", "--token-stdin"], { input: world.token("alice-read") });
    const already = await world.hf(["auth", "login", "--device"]);
    assert.match(already.stdout, /Already signed in as alice-read/);
    assert.ok(world.hub.journal.entries.every(({ url }) => !url.includes("/oauth/")));
  });
});

describe("the application that is signed in to", () => {
  it("is said where a person looks for it: in the help, and among the settings", async () => {
    assert.ok((await world.hf(["auth", "login", "--help"])).stdout.includes(CLI_CLIENT));
    assert.ok((await world.hf(["env"])).stdout.includes(`HF_DEVICE_CODE_OAUTH_CLIENT_ID: ${CLI_CLIENT}`));
    const env = { HF_DEVICE_CODE_OAUTH_CLIENT_ID: "mine" };
    assert.ok((await world.hf(["env"], { env })).stdout.includes("HF_DEVICE_CODE_OAUTH_CLIENT_ID: mine"));
  });
});

describe("hf auth login --web", () => {
  /** A browser that writes down what it was started with, and its environment. */
  function browserScript(): string {
    const path = join(world.folder, "browser");
    writeFileSync(
      path,
      `#!/bin/sh\nprintf '%s\\n' "$#" "$@" > "${path}.seen.part"\nenv > "${path}.env"\nmv "${path}.seen.part" "${path}.seen"\n`,
    );
    chmodSync(path, 0o755);
    rmSync(`${path}.seen`, { force: true });
    return path;
  }

  it(
    "opens the browser at the Hub's page and takes what comes back",
    { skip: process.platform === "win32" },
    async () => {
      const browser = browserScript();
      const running = start(["auth", "login", "--web"], { BROWSER: browser, HF_API_TOKEN: "not-for-the-browser" });
      const [, shown = ""] = await running.until(/^ {2}(http\S+)$/m);
      while (!existsSync(`${browser}.seen`)) await new Promise((resolve) => setTimeout(resolve, 20));
      assert.deepEqual(readFileSync(`${browser}.seen`, "utf8"), `1\n${shown}\n`, "one argument, and no shell read it");
      assert.ok(!readFileSync(`${browser}.env`, "utf8").includes("not-for-the-browser"));
      const page = await browse(shown);
      assert.match(page.text, /You are signed in/);
      const { exit, stdout, stderr } = await running.ended;
      assert.equal(exit, 0, stderr);
      assert.match(stdout, /as carol\n {2}saved as oauth-carol/);
      assert.match(
        file("stored_tokens"),
        /^\[oauth-carol\]\nhf_token = \S+\nrefresh_token = \S+\nexpires_at = \d+\n\n$/,
      );
      assert.ok(!(stdout + stderr).includes(file("token")));
    },
  );

  it("works by the address alone where no browser can be opened, and says no more than that", async () => {
    const running = start(["auth", "login", "--web", "--json"], { SSH_CONNECTION: "x", PATH: "" });
    const [line] = await running.until(/^\{.*\}$/m);
    const { url } = JSON.parse(line) as { url: string };
    const page = await browse(url, "deny");
    assert.match(page.text, /You are not signed in/);
    const { exit, stderr } = await running.ended;
    assert.equal(exit, 3);
    assert.match(stderr, /The browser has to be on this machine, but you are here over SSH/);
    assert.equal(existsSync(join(world.home, "token")), false);
  });

  it("goes on waiting when something else knocks, and stops at Ctrl-C", async () => {
    const running = start(["auth", "login", "--web"], { SSH_TTY: "x" });
    const [, shown = ""] = await running.until(/^ {2}(http\S+)$/m);
    const back = new URL(new URL(shown).searchParams.get("redirect_uri") ?? "");
    const forged = await createBrowser(back.origin).send("GET", `${back.pathname}?code=stolen&state=guessed`);
    assert.equal(forged.status, 400);
    running.child.kill("SIGINT");
    const { exit, stderr } = await running.ended;
    assert.equal(exit, 130);
    assert.match(stderr, /Stopped by Ctrl-C/);
    assert.ok(world.hub.journal.entries.every(({ url }) => !url.endsWith("/oauth/token")));
  });
});

const noTerminal =
  process.platform !== "linux" || spawnSync("script", ["--version"]).status !== 0 ? "script is not installed" : false;

describe("hf auth login on a terminal", { skip: noTerminal }, () => {
  const onTerminal = (columns: number, env: NodeJS.ProcessEnv, rows = 50, flags = ""): Running => {
    const command = `stty rows ${rows} cols ${columns}; exec "${process.execPath}" "${HF}" auth login ${flags}`;
    return start(["-qec", command, "/dev/null"], { TERM: "xterm", ...env }, ["script"]);
  };

  it("asks how, and never offers the way over loopback first where nobody sees a browser", async () => {
    const running = onTerminal(100, { SSH_CONNECTION: "x", DISPLAY: ":0" });
    await running.until(/Paste a token[\s\S]*you are here over SSH/);
    running.child.stdin?.write("\r");
    const [, code = ""] = await running.until(CODE);
    await answerDevice(world.hub, code);
    const { exit, stdout } = await running.ended;
    assert.equal(exit, 0, stdout);
    const [device, paste, web] = ["With a code", "Paste a token", "With a browser on this machine"].map((label) =>
      stdout.indexOf(label),
    );
    assert.ok(Number(device) > 0 && Number(device) < Number(paste) && Number(paste) < Number(web), stdout);
    assert.match(stdout, /█▀▀|▄▄/, "a QR code");
    assert.match(file("stored_tokens"), /^\[oauth-carol\]/);
  });

  it("draws no QR code where there is no room, and stops cleanly", async () => {
    const running = onTerminal(30, { SSH_CONNECTION: "x" });
    await running.until(/Paste a token/);
    running.child.stdin?.write("\r");
    await running.until(CODE);
    running.child.stdin?.write("\u0003");
    const { exit, stdout } = await running.ended;
    assert.equal(exit, 130, stdout);
    assert.ok(!/█/.test(stdout), stdout);
    assert.match(stdout, /\^C\r?\n\S*Error:\S* Stopped by Ctrl-C\./);
    assert.equal(existsSync(join(world.home, "token")), false);
  });

  it("keeps the QR code, the address and the code in sight in 24 lines; the QR code gives way in fewer", async () => {
    for (const [rows, hasQr] of [
      [24, true],
      [20, false],
    ] as const) {
      const running = onTerminal(80, { SSH_CONNECTION: "x" }, rows);
      await running.until(/Paste a token/);
      running.child.stdin?.write("\r");
      const text = (await running.until(/[\s\S]*Ctrl-C stops\.\r?\n/))[0] ?? "";
      running.child.kill("SIGINT");
      running.child.stdin?.end("\u0003");
      await running.ended;
      const seen = text.split(/\r?\n/).slice(-rows).join("\n");
      const drawn = text.split(/\r?\n/).filter((line) => /█|▀/.test(line)).length;
      assert.equal(seen.match(/.*[█▀].*/g)?.length ?? 0, drawn, "part of the QR code is out of sight");
      assert.equal(drawn > 10, hasQr, text);
      assert.match(seen, /address[\s\S]*\/oauth\/device[\s\S]*enter the code\s+[B-Z2-9]{4}-[B-Z2-9]{4}\s/);
    }
  });

  const paste = async (running: Running, token: string): Promise<void> => {
    await running.until(/Paste a token/);
    running.child.stdin?.write("\u001b[B\r");
    await running.until(/it is not shown/);
    running.child.stdin?.write(`${token}\r`);
  };
  const signedIn = async (token: string): Promise<void> => {
    const done = await world.hf(["auth", "login", "--token-stdin"], { input: world.token(token) });
    assert.equal(done.exit, 0, done.stderr);
  };
  const gitHelper = (): NodeJS.ProcessEnv => ({
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: "credential.helper",
    GIT_CONFIG_VALUE_0: `store --file ${join(world.folder, "git-credentials")}`,
  });

  it("takes another login under a new name from who is signed in, and leaves one in use alone", async () => {
    await signedIn("alice-read");
    const running = onTerminal(100, { SSH_CONNECTION: "x" }, 50, "--name work");
    await paste(running, world.token("bob-read"));
    const { exit, stdout } = await running.ended;
    assert.equal(exit, 0, stdout);
    assert.ok(!stdout.includes(world.token("bob-read")), "a pasted token is not shown");
    assert.match(file("stored_tokens"), /\[work\]/);
    assert.equal(file("token"), world.token("bob-read"));
    const again = await onTerminal(100, { SSH_CONNECTION: "x" }, 50, "--name work").ended;
    assert.equal(again.exit, 0, again.stdout);
    assert.match(again.stdout, /Already signed in as work/);
  });

  it("gives git the token of who is signed in already", async () => {
    await signedIn("alice-read");
    const { exit, stdout } = await onTerminal(100, gitHelper(), 50, "--add-to-git-credential").ended;
    assert.equal(exit, 0, stdout);
    assert.match(stdout, /Already signed in[^]*Stored with git's credential helper/);
    assert.ok(readFileSync(join(world.folder, "git-credentials"), "utf8").includes(world.token("alice-read")));
    assert.ok(!stdout.includes(world.token("alice-read")));
  });

  it("lets nobody stand before a dead login: it says so, and asks for a new one", async () => {
    await signedIn("alice-read");
    writeFileSync(join(world.home, "token"), world.token("alice-revoked"));
    const running = onTerminal(100, { SSH_CONNECTION: "x" });
    await running.until(/does not know the token from file:/);
    await paste(running, world.token("carol-read"));
    const { exit, stdout } = await running.ended;
    assert.equal(exit, 0, stdout);
    assert.equal(file("token"), world.token("carol-read"));
  });

  it("leaves everything as it was at Ctrl-C, also at the question about git", async () => {
    const running = onTerminal(100, { SSH_CONNECTION: "x", ...gitHelper() });
    await paste(running, world.token("carol-read"));
    await running.until(/Add token as git credential/);
    running.child.stdin?.write("\u0003");
    const { exit, stdout } = await running.ended;
    assert.equal(exit, 130, stdout);
    assert.match(stdout, /Nothing was changed/);
    assert.equal(existsSync(join(world.home, "token")), false);
  });

  it("ends at Ctrl-D, a signal and a terminal that goes away, at every question", async () => {
    for (const end of ["\u0004", "SIGTERM", "SIGHUP"] as const) {
      for (const paste of [false, true]) {
        const running = onTerminal(100, { SSH_CONNECTION: "x" });
        await running.until(/Paste a token/);
        if (paste) {
          running.child.stdin?.write("\u001b[B\r");
          await running.until(/it is not shown/);
        }
        if (end === "\u0004") running.child.stdin?.write(end);
        else process.kill(await childOf(running), end);
        const { exit, stdout } = await running.ended;
        assert.equal(exit, 130, `${JSON.stringify(end)} ${paste}: ${stdout}`);
        assert.match(stdout, end === "\u0004" ? /Nothing was changed/ : new RegExp(`Stopped by ${end}`));
        assert.equal(existsSync(join(world.home, "token")), false);
      }
    }
  });
});

/** The program that `script` runs: it has become `hf` itself. */
async function childOf({ child }: Running): Promise<number> {
  const path = `/proc/${child.pid}/task/${child.pid}/children`;
  const pid = Number(readFileSync(path, "utf8").trim().split(" ")[0]);
  assert.ok(pid > 0);
  return pid;
}

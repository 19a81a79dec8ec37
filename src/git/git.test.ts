import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { HfError } from "../core/errors.ts";
import { Secret } from "../core/secret.ts";
import { approveText, fillText, rejectText } from "./credential-text.ts";
import { approveCredential } from "./credential.ts";
import { heldBy, keepingHelpers, rejectHeld } from "./held.ts";
import { findHelpers, readHelpers } from "./helpers.ts";
import { runGit } from "./run-git.ts";
import type { GitOptions } from "./run-git.ts";

const ENDPOINT = "https://huggingface.co";
const token = Secret.of(`hf_${"g".repeat(34)}`);
const skip = hasGit()
  ? process.platform === "win32"
    ? "the helpers here are shell scripts"
    : false
  : "git is not here";

let home: string;
let options: GitOptions;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "latchkey-git-"));
  options = {
    env: { PATH: process.env["PATH"], HOME: home, GIT_CONFIG_NOSYSTEM: "1", GIT_CONFIG_GLOBAL: join(home, "config") },
    cwd: home,
  };
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

const config = (text: string): void => writeFileSync(join(home, "config"), text);
const code = (error: unknown, pattern = /./): boolean =>
  error instanceof HfError && error.code === "ERR_HF_GIT" && pattern.test(error.message);

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A dead process stays in the list until its parent asks for it; where nobody does, it is a zombie.
    return process.platform !== "linux" || !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

function script(name: string, body: string): string {
  const path = join(home, name);
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
  return path;
}

describe("the text of git's credential protocol", () => {
  it("is a list of attributes, ended by a blank line", () => {
    const value = token.expose();
    assert.equal(approveText(ENDPOINT, token), `url=${ENDPOINT}\nusername=hf_user\npassword=${value}\n\n`);
    assert.equal(fillText(ENDPOINT, undefined), `url=${ENDPOINT}\n\n`);
    assert.equal(rejectText(ENDPOINT, token), approveText(ENDPOINT, token));
  });

  it("refuses values that would start an attribute of their own, and does not quote them", () => {
    for (const break_ of ["\n", "\r", "\0"]) {
      const hostile = Secret.of(`hf_abcdef${break_}host=evil.io`);
      assert.throws(
        () => approveText(ENDPOINT, hostile),
        (error) => code(error) && !String(error).includes("evil"),
      );
      assert.throws(
        () => rejectText(`${ENDPOINT}${break_}`, token),
        (error) => code(error),
      );
    }
  });
});

describe("readHelpers()", () => {
  const read = (entries: readonly string[], endpoint = ENDPOINT) => readHelpers(entries.join("\0"), endpoint);

  it("keeps git's order and forgets what an empty value forgets", () => {
    assert.deepEqual(read(["credential.helper\nstore", "credential.helper\ncache --timeout 60", ""]), [
      "store",
      "cache --timeout 60",
    ]);
    assert.deepEqual(read(["credential.helper\nold", "credential.helper\n", "credential.helper\nnew"]), ["new"]);
    assert.deepEqual(read(["credential.helper\n!f() { echo 1;\necho 2; }; f"]), ["!f() { echo 1;\necho 2; }; f"]);
  });

  it("counts a helper for an address only where the address covers the endpoint", () => {
    const entries = ["credential.https://huggingface.co.helper\nhub", "credential.https://github.com.helper\ngh"];
    assert.deepEqual(read(entries), ["hub"]);
    assert.deepEqual(read(["credential.https://huggingface.co.evil.io.helper\nx"]), []);
    assert.deepEqual(read(["credential.http://huggingface.co.helper\nx"]), []);
    assert.deepEqual(read(["credential.https://acme.io/hub.helper\nx"], "https://acme.io/hub/v1"), ["x"]);
    assert.deepEqual(read(["credential.https://acme.io/hub.helper\nx"], "https://acme.io/hubs"), []);
    assert.deepEqual(read(["credential.useHttpPath\ntrue", "credential.nonsense.helper\nx"]), []);
  });
});

describe("findHelpers()", { skip }, () => {
  it("asks the real git, and finds none where none is set", async () => {
    config("");
    assert.deepEqual(await findHelpers(options), []);
    config('[credential]\n\thelper = store\n[credential "https://huggingface.co"]\n\thelper = "!echo \\"x\\""\n');
    assert.deepEqual(await findHelpers(options), ["store", '!echo "x"']);
    assert.deepEqual(await findHelpers({ ...options, endpoint: "https://hub.acme.io" }), ["store"]);
  });

  it("says so when git's configuration is broken", async () => {
    config("[credential\n");
    await assert.rejects(findHelpers(options), (error) => code(error, /could not read its configuration/));
  });

  it("does not listen to the repository that the caller's shell is in", async () => {
    const repo = join(home, "hostile");
    mkdirSync(repo);
    config("");
    await runGit(["init", "--quiet", repo], "", options);
    await runGit(["-C", repo, "config", "credential.helper", "evil"], "", options);
    const env = { ...options.env, GIT_DIR: join(repo, ".git"), GIT_WORK_TREE: repo };
    assert.deepEqual(await findHelpers({ ...options, env }), []);
    assert.deepEqual(await findHelpers({ ...options, env, cwd: undefined }), []);
    // The trap is real: in that folder git does listen.
    assert.deepEqual(await findHelpers({ ...options, cwd: repo }), ["evil"]);
  });
});

describe("approveCredential(), heldBy(), rejectHeld()", { skip }, () => {
  const kept = (): string => (existsSync(join(home, "kept")) ? readFileSync(join(home, "kept"), "utf8") : "");

  it("reaches git's own helper, and only by stdin", async () => {
    const log = join(home, "argv");
    // Stands before the real git on the PATH and writes down what it was called with.
    const real = execFileSync("sh", ["-c", "command -v git"], { encoding: "utf8" }).trim();
    const git = script("git-spy", `echo "$@" >> ${log}\nexec ${real} "$@"`);
    config(`[credential]\n\thelper = store --file ${join(home, "kept")}\n`);
    const report = await approveCredential(ENDPOINT, token, { ...options, git });
    assert.deepEqual(report, { kind: "done", helpers: [`store --file ${join(home, "kept")}`] });
    assert.equal(kept(), `https://hf_user:${token.expose()}@huggingface.co\n`);
    assert.match(readFileSync(log, "utf8"), /credential approve/);
    assert.ok(!readFileSync(log, "utf8").includes(token.expose()));

    const [held, ...others] = await heldBy(`store --file ${join(home, "kept")}`, ENDPOINT, { ...options, git });
    assert.ok(held !== undefined && held.password.equals(token) && others.length === 0);
    assert.equal(await rejectHeld(held, { ...options, git }), "");
    assert.equal(kept(), "");
    assert.match(readFileSync(log, "utf8"), /credential reject/);
    assert.ok(!readFileSync(log, "utf8").includes(token.expose()));
  });

  it("sees what each helper keeps, asks nobody, and takes out that alone", async () => {
    const [one, two] = [`store --file ${join(home, "kept")}`, `store --file ${join(home, "more")}`];
    const ours = "!'/n/node' '/n/hf' auth git-credential";
    const asked = join(home, "asked");
    const askpass = script("askpass", `touch ${asked}; echo guess`);
    config(`[core]\n\taskPass = ${askpass}\n[credential]\n\thelper = ${ours}\n\thelper = ${one}\n\thelper = ${two}\n`);
    const write = (name: string, text: string): void => writeFileSync(join(home, name), text, { mode: 0o600 });
    write("kept", "https://me:secret@huggingface.co\nhttps://me:x@github.com\n");
    write("more", `https://hf_user:${token.expose()}@huggingface.co\nhttps://me:mine@huggingface.co\n`);
    assert.deepEqual(await keepingHelpers(ENDPOINT, options), [one, two]);
    const show = async (helper: string): Promise<string[]> =>
      (await heldBy(helper, ENDPOINT, options)).map(({ username, password }) => `${username} ${password.expose()}`);
    assert.deepEqual(await show(one), ["me secret"]);
    assert.deepEqual(await show(two), [`hf_user ${token.expose()}`]);
    await rejectHeld({ endpoint: ENDPOINT, helper: two, username: "hf_user", password: token }, options);
    assert.deepEqual(await show(two), ["me mine"]);
    assert.equal(kept(), "https://me:secret@huggingface.co\nhttps://me:x@github.com\n");
    assert.deepEqual(await heldBy("none-such", ENDPOINT, options), []);
    assert.equal(existsSync(asked), false);
    assert.deepEqual(await keepingHelpers(ENDPOINT, { ...options, git: join(home, "no-git") }), []);
  });

  it("reports the command that sets a helper where there is none", async () => {
    config("");
    const report = await approveCredential(ENDPOINT, token, options);
    assert.deepEqual(report, { kind: "no-helper", command: "git config --global credential.helper store" });
  });

  it("passes on what a helper complains of, without the token", async () => {
    const helper = script("git-credential-bad", 'while read l; do echo "no: $l" >&2; done');
    config(`[credential]\n\thelper = ${helper}\n`);
    const report = await approveCredential(ENDPOINT, token, options);
    assert.ok(report.kind === "done");
    assert.match(report.warning ?? "", /no: password=\[redacted\]/);
  });

  it("reports a missing git instead of failing the sign-in", async () => {
    const report = await approveCredential(ENDPOINT, token, { ...options, git: join(home, "no-git") });
    assert.ok(report.kind === "failed" && code(report.error, /could not be started/));
  });

  it("gives a helper that hangs no more than the limit", async () => {
    config("");
    const git = script("git-hang", "exec sleep 60");
    const report = await approveCredential(ENDPOINT, token, { ...options, git, timeoutMs: 200 });
    assert.ok(report.kind === "failed" && code(report.error, /longer than 0\.2 s/));
  });
});

describe("runGit()", { skip }, () => {
  it("ends the helpers that git started as well", async () => {
    const pid = join(home, "pid");
    const git = script("git-fork", `sleep 60 &\necho $! > ${pid}.new\nmv ${pid}.new ${pid}\nsleep 60`);
    const stop = new AbortController();
    const running = runGit(["x"], "", { ...options, git, signal: stop.signal });
    for (let tries = 0; !existsSync(pid) && tries < 2000; tries++)
      await new Promise((resolve) => setTimeout(resolve, 10));
    stop.abort(new Error("enough"));
    await assert.rejects(running, /enough/);
    const helper = Number(readFileSync(pid, "utf8"));
    for (let tries = 0; alive(helper) && tries < 200; tries++) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal(alive(helper), false);
  });

  it("stops at 64 KiB of output", async () => {
    const git = script("git-loud", "exec yes");
    await assert.rejects(runGit(["x"], "", { ...options, git }), (error) => code(error, /64 KiB/));
  });

  it("never lets git ask", async () => {
    const git = script("git-env", 'echo "$GIT_TERMINAL_PROMPT/$GCM_INTERACTIVE/$GIT_ASKPASS/$SSH_ASKPASS"');
    const env = { ...options.env, GIT_TERMINAL_PROMPT: "1", GIT_ASKPASS: "/bin/ask", SSH_ASKPASS: "/bin/ask" };
    assert.equal((await runGit([], "", { ...options, env, git })).stdout, "0/never//\n");
  });

  it("is stopped by its signal, with the signal's reason", async () => {
    const git = script("git-hang", "exec sleep 60");
    const stop = new AbortController();
    const running = runGit(["x"], "", { ...options, git, signal: stop.signal });
    const reason = new Error("enough");
    stop.abort(reason);
    await assert.rejects(running, reason);
    await assert.rejects(runGit(["x"], "", { ...options, git, signal: stop.signal }), reason);
  });

  it("takes no part of an argument for a command", async () => {
    const result = await runGit(["config", "--get", `x.y;touch ${join(home, "owned")}`], "", options);
    assert.notEqual(result.code, 0);
    assert.equal(existsSync(join(home, "owned")), false);
  });
});

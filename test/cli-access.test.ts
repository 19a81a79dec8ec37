import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { checkAccess } from "../src/index.ts";
import { accessSeed } from "./support/access-cases.ts";
import { createBrowser } from "./support/browser.ts";
import { signIn } from "./support/pages.ts";
import { start } from "./support/running.ts";
import type { Running } from "./support/running.ts";
import { nobody, serve } from "./support/scripted-server.ts";
import type { Seen } from "./support/scripted-server.ts";
import { HF, startWorld } from "./support/world.ts";
import type { World } from "./support/world.ts";

const COLOURS = /\u001b\[\d+m/g;

let world: World;
before(async () => {
  world = await startWorld({ seed: accessSeed() });
});
after(() => world.close());
beforeEach(async () => {
  rmSync(world.home, { recursive: true, force: true });
  await world.hub.reset();
});

const as = (name: string): { env: NodeJS.ProcessEnv } => ({ env: { HF_TOKEN: world.token(name) } });

/** What an owner of the repo does at the Hub. */
async function decide(repo: string, owner: string, user: string, status: string): Promise<void> {
  const answer = await fetch(`${world.hub.url}/api/models/${repo}/user-access-request/handle`, {
    method: "POST",
    headers: { authorization: `Bearer ${world.token(owner)}`, "content-type": "application/json" },
    body: JSON.stringify({ user, status }),
  });
  assert.equal(answer.status, 200, await answer.text());
}

describe("hf access", () => {
  it("shows the verdict, the evidence and one next step, and no escape sequence where nobody sits", async () => {
    const { stdout, stderr, exit } = await world.hf(["access", "carol/gated-model"], as("bob-read"));
    const page = `${world.hub.url}/carol/gated-model`;
    const lines = stdout.trimEnd().split("\n");
    assert.equal(
      lines[0],
      "✗ Model carol/gated-model is gated, and bob has not asked for access. (gate-not-requested)",
    );
    assert.deepEqual(
      lines.slice(1, 5).map((line) =>
        line
          .trim()
          .replace(/\s{2,}/, " ")
          .replace(/ Visit.*/, ""),
      ),
      [
        "token: env:HF_TOKEN",
        "account: bob (bob-read, read)",
        "gate: people decide",
        "Hub said: Access to model carol/gated-model is restricted and you are not in the authorized list.",
      ],
    );
    assert.match(lines[5] ?? "", /^ {2}request: {3}\S+/);
    const wait = `hf access wait carol/gated-model --endpoint ${world.hub.url}`;
    assert.equal(lines[6], `Next: Ask for access as bob at ${page} (then wait with: ${wait}).`);
    assert.deepEqual([lines.length, stderr, exit], [7, "", 4]);
    assert.ok(!stdout.includes("\u001b"));
  });

  it("gives every verdict an exit code of its own meaning, the same in JSON, and one word to scripts", async () => {
    const rows: readonly (readonly [string, number, readonly string[], NodeJS.ProcessEnv])[] = [
      ["ok", 0, ["alice/tiny-model"], {}],
      ["not-signed-in", 3, ["acme/gated-manual"], {}],
      ["token-invalid", 3, ["acme/gated-manual"], { HF_TOKEN: world.token("alice-revoked") }],
      ["wrong-endpoint", 3, ["alice/tiny-model", "--endpoint", "http://mirror.example"], as("alice-read").env],
      ["gate-not-requested", 4, ["carol/gated-model"], as("bob-read").env],
      ["gate-pending", 4, ["acme/gated-manual"], as("carol-read").env],
      ["gate-rejected", 4, ["frank/asked"], as("carol-read").env],
      ["scope-missing", 4, ["carol/gated-model"], as("bob-fine-none").env],
      ["organisation-policy", 4, ["acme/private-model"], as("bob-policy-pending").env],
      ["private-or-missing", 5, ["nobody/nothing-like-this"], {}],
      ["misspelt", 5, ["alice/tiny-modle"], {}],
      ["misspelt", 0, ["acme/old-model"], {}],
      ["disabled", 4, ["acme/disabled-model"], as("alice-read").env],
      ["forbidden", 4, ["acme/private-model", "--write"], as("erin-write").env],
      ["offline", 11, ["alice/tiny-model"], { HF_HUB_OFFLINE: "1" }],
      ["hub-down", 8, ["alice/tiny-model", "--endpoint", await nobody()], {}],
    ];
    const runs = rows.map(async ([verdict, exit, words, env]) => {
      const json = await world.hf(["why", ...words, "--json"], { env });
      const said = JSON.parse(json.stdout) as Record<string, unknown>;
      assert.deepEqual(
        [said["schema"], said["verdict"], said["exit"], json.exit, json.stderr],
        [1, verdict, exit, exit, ""],
        words.join(" "),
      );
      assert.ok(typeof (said["next"] as { text?: unknown }).text === "string");
      const quiet = await world.hf(["access", ...words, "--quiet"], { env });
      assert.deepEqual([quiet.stdout, quiet.exit], [`${verdict}\n`, exit]);
    });
    await Promise.all(runs);
    const remove = world.hub.fault({ status: 429, retryAfter: 90 });
    const limited = await world.hf(["access", "alice/tiny-model", "--json"]);
    remove();
    const said = JSON.parse(limited.stdout) as Record<string, unknown>;
    assert.deepEqual([said["verdict"], said["retryAfter"], limited.exit], ["rate-limited", 90, 9]);
  });

  it("says nothing of what everybody may do where that got no answer", async (t) => {
    const hub = await serve(t, ({ method, headers }, response) => {
      if (method !== "HEAD" || headers["authorization"] === undefined) response.writeHead(503);
      else response.writeHead(404, { "x-repo-commit": "0".repeat(40), "x-error-code": "EntryNotFound" });
      response.end();
    });
    const env = { HF_TOKEN: world.token("alice-read") };
    const { stdout, exit } = await world.hf(["access", "a/b", "--endpoint", hub.url], { env });
    assert.deepEqual([exit, /without:\s+the Hub did not say/.test(stdout)], [0, true], stdout);
    const json = await world.hf(["access", "a/b", "--endpoint", hub.url, "--json"], { env });
    assert.equal((JSON.parse(json.stdout) as { public: unknown }).public, null);
  });

  it("is in its own help by no name that is not there", async () => {
    for (const words of [
      ["access", "a/b", "--help"],
      ["access", "check", "--help"],
      ["why", "a/b", "--help"],
    ]) {
      const { stdout } = await world.hf(words);
      assert.match(stdout, /May I write to it/);
      assert.doesNotMatch(stdout, /hf check|ALIASES/);
    }
    assert.match((await world.hf(["access", "--help"])).stdout, /ALIASES\n {2}hf why\n/);
  });

  it("takes every spelling of a repo, and refuses what names none before anything is asked", async () => {
    for (const words of [
      ["datasets/alice/tiny-dataset"],
      ["alice/tiny-dataset", "--repo-type", "dataset"],
      ["hf://datasets/alice/tiny-dataset@main/data/train.csv"],
      [`${world.hub.url}/datasets/alice/tiny-dataset/tree/main/data`],
    ]) {
      const { stdout } = await world.hf(["access", ...words, "--json"]);
      const { repo, repoType, verdict } = JSON.parse(stdout) as Record<string, unknown>;
      assert.deepEqual([repo, repoType, verdict], ["alice/tiny-dataset", "dataset", "ok"], words.join(" "));
    }
    world.hub.journal.clear();
    for (const words of [[], ["a/b/c/d"], ["https://elsewhere.example/a/b"], ["a/b", "--repo-type", "modle"]]) {
      const { exit, stderr } = await world.hf(["access", ...words]);
      assert.equal(exit, 2, stderr);
      assert.match(stderr, /^Error: .+\nNext: .+/);
    }
    assert.equal(world.hub.journal.entries.length, 0);
  });

  it("shows which source won, what it hides, and that a token which may not go there was not sent", async () => {
    await world.hf(["auth", "login", "--token-stdin", "--name", "mine"], { input: world.token("alice-read") });
    const hides = await world.hf(["access", "acme/gated-manual"], as("alice-read"));
    assert.match(hides.stdout, /token: +env:HF_TOKEN; hides \S*token/);
    const saved = await world.hf(["access", "acme/gated-manual"]);
    assert.match(saved.stdout, /token: +file:\S+; saved as mine\n {2}account: +alice \(alice-read, read\)/);
    assert.match(saved.stdout, /gated, and you have access\. \(ok\)/);
    const other = await world.hf(["access", "a/b", "--endpoint", "http://mirror.example"], as("alice-read"));
    assert.match(other.stdout, /token: +env:HF_TOKEN, not sent/);
  });

  it("keeps a hostile Hub's words from the terminal, and its echo of the token from every output", async (t) => {
    const token = world.token("bob-read");
    const nasty = `\u001b[2J\u202e${token} ${Buffer.from(token).toString("base64")}`;
    const hostile = await serve(t, ({ url }, response) => {
      if (url.startsWith("/api/whoami")) {
        const accessToken = { displayName: nasty, role: nasty };
        response.setHeader("content-type", "application/json");
        response.end(JSON.stringify({ type: "user", name: nasty, orgs: [], auth: { accessToken } }));
        return;
      }
      const words = encodeURI(`No.\u001b]0;x\u0007 ${token}`);
      response.writeHead(403, { "x-error-message": words, "x-request-id": token, "content-type": "text/plain" });
      response.end();
    });
    for (const words of [[], ["--json"], ["--format", "agent", "--debug"], ["--write"]]) {
      const { stdout, stderr, exit } = await world.hf(["access", "a/b", "--endpoint", hostile.url, ...words], {
        env: { HF_TOKEN: token },
      });
      const all = stdout + stderr;
      assert.equal(exit, 4, all);
      for (const bad of ["\u001b", "\u202e", "\u0007", token, token.slice(3)]) assert.ok(!all.includes(bad), all);
      assert.ok(!all.includes(Buffer.from(token).toString("base64").slice(0, -3)), all);
      assert.match(all, /\[redacted\]/);
    }
  });
});

describe("the requests of hf access", () => {
  /** Answers nothing until as many requests wait as a round has; then all of them. */
  async function rounds(
    t: Parameters<typeof serve>[0],
    sizes: readonly number[],
    answer: (request: Seen, response: ServerResponse) => void,
  ): Promise<{ readonly url: string; readonly seen: readonly Seen[]; readonly finished: () => number }> {
    const held: (() => void)[] = [];
    let round = 0;
    const server = await serve(t, (request, response) => {
      held.push(() => answer(request, response));
      if (held.length < (sizes[round] ?? 1)) return;
      round++;
      held.splice(0).forEach((send) => send());
    });
    return { url: server.url, seen: server.seen, finished: () => round };
  }
  const refused = (response: ServerResponse, status: number, code: string, message: string): void => {
    response.writeHead(status, { "x-error-code": code, "x-error-message": message, "content-type": "text/plain" });
    response.end();
  };
  const json = (response: ServerResponse, body: unknown): void => {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(body));
  };
  const account = { type: "user", name: "bob", orgs: [], auth: {} };

  it("are three in two rounds for a gated repo: the file and the account together, then the gate", async (t) => {
    const hub = await rounds(t, [2, 1], ({ url }, response) => {
      if (url.startsWith("/api/whoami")) json(response, account);
      else if (url.startsWith("/api/models/")) json(response, { id: "a/b", gated: "manual" });
      else refused(response, 403, "GatedRepo", "You are not in the authorized list.");
    });
    const { verdict } = await checkAccess("a/b", {
      env: { HF_HOME: world.home, HF_ENDPOINT: hub.url, HF_TOKEN: world.token("bob-read") },
    });
    assert.equal(verdict.kind, "gate-not-requested");
    assert.deepEqual([hub.seen.length, hub.finished()], [3, 2]);
  });

  it("are four in two rounds for a repo that is not there: names of the owner and of another type together", async (t) => {
    const hub = await rounds(t, [2, 2], ({ url }, response) => {
      if (url.startsWith("/api/whoami")) json(response, account);
      else if (url.startsWith("/api/")) json(response, []);
      else refused(response, 404, "RepoNotFound", "Repository not found");
    });
    const { verdict } = await checkAccess("a/b", {
      env: { HF_HOME: world.home, HF_ENDPOINT: hub.url, HF_TOKEN: world.token("bob-read") },
    });
    assert.equal(verdict.kind, "private-or-missing");
    assert.deepEqual([hub.seen.length, hub.finished()], [4, 2]);
  });

  it("carry no key of another service and no file of another tool, whichever command it is", async () => {
    const file = join(world.folder, "other.json");
    for (const value of [`ghp_${"a".repeat(36)}`, '{"access_token":"made-up"}']) {
      writeFileSync(file, value);
      world.hub.journal.clear();
      const env = { HF_TOKEN: value };
      const runs = [
        await world.hf(["access", "acme/gated-manual"], { env }),
        await world.hf(["download", "acme/gated-manual"], { env }),
        await world.hf(["auth", "whoami"], { env }),
        await world.hf(["auth", "login", "--token-stdin"], { input: value }),
        await world.hf(["access", "acme/gated-manual", "--token-file", file]),
      ];
      for (const { exit, stdout, stderr } of runs) {
        assert.ok(exit === 2 || exit === 3, `${exit}`);
        assert.match(`${stdout}${stderr}`, /key of GitHub, not of the Hub|holds JSON/);
        assert.doesNotMatch(`${stdout}${stderr}`, /a{30}|made-up/);
      }
      assert.ok(world.hub.journal.entries.every(({ headers }) => !("authorization" in headers)));
    }
  });

  it("carry the token to the Hub alone, and none at all to ask what nobody may do", async () => {
    world.hub.journal.clear();
    await world.hf(["access", "acme/gated-manual"], as("alice-read"));
    const heads = world.hub.journal.entries.filter(({ method }) => method === "HEAD");
    assert.deepEqual(heads.map(({ headers }) => "authorization" in headers).toSorted(), [false, true]);
  });
});

describe("hf access list", () => {
  it("is a table with the worst exit code, each next step once, and the account asked for once", async () => {
    const file = join(world.folder, "repos.txt");
    writeFileSync(file, "# mine\nalice/tiny-model\n\nfrank/asked # waits\nacme/gated-manual\r\n");
    world.hub.journal.clear();
    const words = ["access", "list", "nobody/nothing-like-this", "-f", file];
    const { stdout, exit } = await world.hf(words, as("carol-read"));
    assert.equal(exit, 5);
    const [table = "", steps = ""] = stdout.trimEnd().split("\n\n");
    assert.deepEqual(table.split("\n"), [
      "✗  nobody/nothing-like-this  private-or-missing",
      "✓  alice/tiny-model          ok",
      "✗  frank/asked               gate-rejected",
      "✗  acme/gated-manual         gate-pending",
    ]);
    assert.equal(steps.split("\n").length, 3);
    assert.equal(world.hub.journal.entries.filter(({ url }) => url.includes("whoami")).length, 1);
    const json = await world.hf([...words, "--json"], as("carol-read"));
    const { schema, allowed, exit: worst, repos } = JSON.parse(json.stdout) as Record<string, unknown>;
    assert.deepEqual([schema, allowed, worst, json.exit], [1, false, 5, 5]);
    assert.deepEqual(
      (repos as { verdict: string }[]).map(({ verdict }) => verdict),
      ["private-or-missing", "ok", "gate-rejected", "gate-pending"],
    );
    const quiet = await world.hf(["access", "list", "alice/tiny-model", "-q"]);
    assert.deepEqual([quiet.stdout, quiet.exit], ["ok\n", 0]);
  });

  it("takes the list from standard input, and reads all of it before it asks", async () => {
    const piped = await world.hf(["access", "list", "-f", "-"], { input: "alice/tiny-model\nacme/old-model\n" });
    assert.equal(piped.exit, 0, piped.stderr);
    world.hub.journal.clear();
    const word = await world.hf(["access", "list", "alice/tiny-model", "no repo"]);
    assert.deepEqual([word.exit, world.hub.journal.entries.length], [2, 0]);
    const none = await world.hf(["access", "list"]);
    assert.match(none.stderr, /Say which repos/);
    const absent = await world.hf(["access", "list", "-f", join(world.folder, "absent.txt")]);
    assert.deepEqual([absent.exit, /read the list of repos/.test(absent.stderr)], [6, true]);
  });

  it("names a line that can't be a repo, and goes on with the others", async () => {
    const file = join(world.folder, "bad.txt");
    writeFileSync(file, "\ufeff# mine\nalice/tiny-model\r\n\nno repo\n\u001b[31mred/x  # coloured\nacme/old-model\n");
    const { stdout, exit } = await world.hf(["access", "list", "-f", file]);
    const [table = "", steps = ""] = stdout.trimEnd().split("\n\n");
    assert.deepEqual(
      table.split("\n").map((line) => line.split(/\s{2,}/).slice(1)),
      [
        ["alice/tiny-model", "ok"],
        ["no repo", "no-repo"],
        ["[31mred/x", "no-repo"],
        ["acme/old-model", "misspelt"],
      ],
    );
    assert.match(steps, /^\S*bad\.txt:4: 'no repo'.*\n\S*bad\.txt:5: /);
    assert.deepEqual([exit, stdout.includes("\u001b")], [2, false]);
    const json = await world.hf(["access", "list", "-f", "-", "--json"], { input: "alice/tiny-model\nno repo\n" });
    const data = JSON.parse(json.stdout) as { allowed: boolean; exit: number; repos: unknown[]; badLines: object[] };
    assert.deepEqual([data.allowed, data.exit, json.exit, data.repos.length], [false, 2, 2, 1]);
    assert.equal((data.badLines[0] as { place: string }).place, "line 2");
    const quiet = await world.hf(["access", "list", "-q", "-f", "-"], { input: "no repo\nalice/tiny-model\n" });
    assert.equal(quiet.stdout, "no-repo\nok\n");
    const worse = await world.hf(["access", "list", "-f", "-"], { input: "no repo\nalice/never-was-there\n" });
    assert.equal(worse.exit, 5);
  });

  it("refuses a list of 10 MB, and a pipe without end, with the limit in the words", async () => {
    const file = join(world.folder, "long.txt");
    writeFileSync(file, "alice/tiny-model\n".repeat(600_000));
    for (const [name, input] of [
      [file, ""],
      ["-", "alice/tiny-model\n".repeat(600_000)],
    ] as const) {
      const { exit, stderr } = await world.hf(["access", "list", "-f", name], { input });
      assert.deepEqual([exit, stderr.includes("read the list of repos")], [6, true], stderr);
      assert.match(stderr, /longer than 524288 bytes|more than 512 KiB/);
    }
  });

  it("asks about eight at a time, and never more", async (t) => {
    let waiting = 0;
    let most = 0;
    const held: (() => void)[] = [];
    const hub = await serve(t, (_, response) => {
      most = Math.max(most, ++waiting);
      held.push(() => {
        waiting--;
        response.writeHead(404, { "x-repo-commit": "0".repeat(40), "x-error-code": "EntryNotFound" });
        response.end();
      });
      // Nothing is answered until eight wait: with fewer at a time this would never end.
      const release = (): void => held.splice(0).forEach((send) => send());
      if (hub.seen.length > 16) release();
      // Time for a ninth to come, if there were one.
      else if (held.length === 8) setTimeout(release, 200);
    });
    const repos = Array.from({ length: 20 }, (_, at) => `a/b${at}`);
    const { exit, stdout } = await world.hf(["access", "list", ...repos, "--quiet", "--endpoint", hub.url]);
    assert.deepEqual([exit, stdout, most], [0, "ok\n".repeat(20), 8]);
  });
});

describe("hf access open", () => {
  const windows = process.platform === "win32";

  it("prints the address and opens the browser with it, which gets no token", { skip: windows }, async () => {
    const browser = join(world.folder, "browser");
    writeFileSync(
      browser,
      `#!/bin/sh\nprintf '%s\\n' "$@" > "${browser}.part"\nenv >> "${browser}.part"\nmv "${browser}.part" "${browser}.seen"\n`,
    );
    chmodSync(browser, 0o755);
    const url = `${world.hub.url}/datasets/acme/gated-dataset`;
    const token = world.token("bob-read");
    const env = { BROWSER: browser, HF_TOKEN: token };
    world.hub.journal.clear();
    const done = await world.hf(["access", "open", "datasets/acme/gated-dataset"], { env });
    assert.deepEqual(done, { stdout: `${url}\n`, stderr: "Opened in the browser.\n", exit: 0 });
    while (!existsSync(`${browser}.seen`)) await new Promise((resolve) => setTimeout(resolve, 20));
    const seen = readFileSync(`${browser}.seen`, "utf8");
    assert.equal(seen.split("\n")[0], url);
    assert.ok(!seen.includes(token));
    assert.equal(
      world.hub.journal.entries.length,
      0,
      "the licence is the person's: nothing is asked, nothing accepted",
    );
  });

  it("only prints it for programs, over SSH, with --no-browser, and where the sign-in would be in clear", async () => {
    const env = { BROWSER: join(world.folder, "must-not-run") };
    const url = `${world.hub.url}/acme/gated-manual`;
    const json = await world.hf(["access", "open", "acme/gated-manual", "--json"], { env });
    assert.deepEqual(JSON.parse(json.stdout), {
      schema: 1,
      repo: "acme/gated-manual",
      repoType: "model",
      url,
      opened: false,
    });
    const quiet = await world.hf(["access", "open", "acme/gated-manual", "--quiet"], { env });
    assert.deepEqual([quiet.stdout, quiet.stderr], [`${url}\n`, ""]);
    const none = await world.hf(["access", "open", "acme/gated-manual", "--no-browser"], { env });
    assert.deepEqual([none.stdout, none.stderr], [`${url}\n`, ""]);
    const ssh = await world.hf(["access", "open", "acme/gated-manual"], { env: { SSH_TTY: "x", DISPLAY: ":0" } });
    assert.match(ssh.stderr, /^No browser is opened: you are here over SSH\. Open the address in any browser\.\n$/);
    const clear = await world.hf(["access", "open", "a/b", "--endpoint", "http://hub.example"], { env });
    assert.match(clear.stderr, /it is plain http/);
    assert.equal(clear.stdout, "http://hub.example/a/b\n");
  });
});

describe("hf access wait", () => {
  const wait = (repo: string, token: string, ...more: string[]): Running =>
    start(world, ["access", "wait", repo, ...(more.length === 0 ? ["--interval", "1s"] : more)], {
      HF_TOKEN: world.token(token),
    });

  it("ends with 0 when access is given, and lives through a Hub and a network that go away meanwhile", async () => {
    const running = wait("frank/asked", "erin-read");
    await running.until(/^erin has asked to read model frank\/asked.*\nAsking again in 1 s, /m);
    const remove = world.hub.fault({ cut: {} });
    await running.until(/^(?!erin|Asking).+\n/m);
    remove();
    world.hub.fault({ status: 503, times: 1 });
    await running.until(/erin has asked[\s\S]+erin has asked/);
    await decide("frank/asked", "frank-fine-write", "erin", "accepted");
    const { exit, stdout, stderr } = await running.ended;
    assert.equal(exit, 0, stderr);
    assert.match(stdout, /^✓ You may read model frank\/asked\. \(ok\)\n/);
    assert.match(stdout, /\nNext: Fetch it with: hf download frank\/asked/);
    const polls = world.hub.journal.entries.filter(({ url }) => !url.includes("/resolve/"));
    assert.deepEqual(
      polls.map(({ url }) => new URL(url).pathname),
      ["/api/whoami-v2", "/api/models/frank/asked/user-access-request/handle"],
      "while it waits it asks for the file alone",
    );
  });

  it("ends with 4 when the request is rejected, and when nobody decides in time", async () => {
    const running = wait("frank/asked", "erin-read", "--interval", "1s", "--json");
    while (world.hub.journal.entries.length < 2) await new Promise((resolve) => setTimeout(resolve, 20));
    await decide("frank/asked", "frank-fine-write", "erin", "rejected");
    const rejected = await running.ended;
    const said = JSON.parse(rejected.stdout) as Record<string, unknown>;
    assert.deepEqual(
      [rejected.exit, said["verdict"], said["timedOut"], rejected.stderr],
      [4, "gate-rejected", false, ""],
    );
    const late = await world.hf(["access", "wait", "acme/gated-manual", "--timeout", "1s"], as("carol-read"));
    assert.equal(late.exit, 4);
    assert.match(late.stdout, /\(gate-pending\)/);
    assert.match(late.stderr, /The time is over\. Run the command again to go on waiting\.\n$/);
  });

  it("waits for a request that was not made yet, says where to make it, and sees the page's answer", async () => {
    const running = wait("frank/asked-auto", "bob-read");
    const page = `${world.hub.url}/frank/asked-auto`;
    await running.until(new RegExp(`bob has not asked for access\\. Ask for it at ${page}\\n`));
    const browser = createBrowser(world.hub.url);
    await signIn(world.hub, browser, "bob");
    const form = await browser.open("/frank/asked-auto");
    assert.equal((await browser.submit(form, "/frank/asked-auto/ask-access")).status, 303);
    const { exit, stdout } = await running.ended;
    assert.deepEqual([exit, /\(ok\)/.test(stdout)], [0, true]);
  });

  it("does not wait for what no waiting mends", async () => {
    for (const [repo, env, exit] of [
      ["acme/gated-manual", {}, 3],
      ["frank/asked", as("carol-read").env, 4],
      ["nobody/nothing-like-this", {}, 5],
      ["acme/gated-manual", { HF_HUB_OFFLINE: "1" }, 11],
      ["alice/tiny-model", {}, 0],
    ] as const) {
      const done = await world.hf(["access", "wait", repo], { env });
      assert.equal(done.exit, exit, done.stdout + done.stderr);
      assert.ok(!done.stderr.includes("Asking again"));
    }
    const bad = await world.hf(["access", "wait", "a/b", "--timeout", "soon"]);
    assert.deepEqual([bad.exit, /--timeout takes a time such as/.test(bad.stderr)], [2, true]);
  });

  it("stops at Ctrl-C with 130", async () => {
    const running = wait("frank/asked", "erin-read", "--interval", "1h");
    await running.until(/Asking again in \d+ s/);
    running.child.kill("SIGINT");
    const { exit, stderr, stdout } = await running.ended;
    assert.deepEqual([exit, stdout], [130, ""]);
    assert.match(stderr, /Stopped by Ctrl-C/);
    assert.ok(!stderr.includes("    at "), stderr);
  });
});

const noTerminal =
  process.platform !== "linux" || spawnSync("script", ["--version"]).status !== 0 ? "script is not installed" : false;

describe("hf access on a terminal", { skip: noTerminal }, () => {
  const onTerminal = async (columns: number, words: string, env: NodeJS.ProcessEnv): Promise<string[]> => {
    const command = `stty rows 50 cols ${columns}; exec "${process.execPath}" "${HF}" ${words}`;
    const running = start(world, ["-qec", command, "/dev/null"], { TERM: "xterm", ...env }, ["script"]);
    const { stdout } = await running.ended;
    return stdout.replace(COLOURS, "").trimEnd().split(/\r?\n/);
  };

  it("fits 80 columns, and keeps addresses and commands whole", async () => {
    const lines = await onTerminal(80, "access carol/gated-model", as("bob-read").env);
    assert.ok(lines.length > 7, lines.join("\n"));
    for (const line of lines) assert.ok(line.length <= 80 || !line.trim().includes(" "), line);
    assert.ok(lines.some((line) => line.includes(`${world.hub.url}/carol/gated-model`)));
    assert.ok(lines.some((line) => line.trim().startsWith("hf access wait carol/gated-model --endpoint http://")));
    // The words of a fact stand in one column, also where they go on.
    const at = lines.findIndex((line) => line.includes("Hub said:"));
    assert.deepEqual([lines[at]?.indexOf("Access to"), /\S/.exec(lines[at + 1] ?? "")?.index], [13, 13]);
    const table = await onTerminal(80, "access list carol/gated-model alice/tiny-model", as("bob-read").env);
    for (const line of table) assert.ok(line.length <= 80 || !line.trim().includes(" "), line);
    const waiting = await onTerminal(80, "access wait acme/gated-manual --timeout 1s", as("carol-read").env);
    assert.ok(waiting.some((line) => line.startsWith("Asking again in 1 s")));
    for (const line of waiting) assert.ok(line.length <= 80 || !line.trim().includes(" "), line);
  });

  it("draws a QR code over SSH, where there is room", async () => {
    const env = { SSH_TTY: "x", BROWSER: "" };
    const wide = await onTerminal(80, "access open acme/gated-manual", env);
    assert.ok(
      wide.some((line) => /█▀▀|▄▄/.test(line)),
      wide.join("\n"),
    );
    const narrow = await onTerminal(20, "access open acme/gated-manual", env);
    assert.ok(!narrow.some((line) => /█▀▀|▄▄/.test(line)));
  });
});

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  lchownSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import process from "node:process";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { TestContext } from "node:test";
import { isHfError } from "../core/errors.ts";
import type { HfError } from "../core/errors.ts";
import type { Environment } from "../core/ports.ts";
import type { Secret } from "../core/secret.ts";
import { createHubClient } from "../hub/index.ts";
import { startLocalhub } from "../localhub/index.ts";
import type { Localhub } from "../localhub/index.ts";
import { createCiService } from "../../test/support/id-tokens.ts";
import type { CiService } from "../../test/support/id-tokens.ts";
import { quickClock, serve } from "../../test/support/scripted-server.ts";
import { readOidcExec } from "./oidc-config.ts";
import { createOidcExchanger } from "./oidc-exchange.ts";
import { isEndpoint } from "./oidc-id-token.ts";
import { oidcSource } from "./oidc-source.ts";
import { chooseProvider } from "./oidc-provider.ts";
import { resolveToken } from "./resolve.ts";
import type { SourceReading } from "./resolve.ts";
import { tokenSources } from "./sources.ts";

const posixOnly = process.platform === "win32" ? "no modes and no scripts on Windows" : false;

let home: string;
let now: number;
let ci: CiService;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "latchkey-oidc-"));
  now = 1_800_000_000_000;
  ci = createCiService(() => now);
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

async function startHub(test: TestContext): Promise<Localhub> {
  const hub = await startLocalhub({ seed: ci.seed, now: () => now });
  test.after(() => hub.close());
  return hub;
}

interface Asked {
  readonly reading: SourceReading;
  readonly source: string;
  /** Every secret that was told of, in order. */
  readonly secrets: readonly string[];
}

/** One process that asks for a token, over and over. */
function job(endpoint: string, first: Environment, configText?: string) {
  const path = join(home, "latchkey-oidc.json");
  if (configText !== undefined) writeFileSync(path, configText, { mode: 0o600 });
  const memory = new Map();
  const clock = { ...quickClock(), now: () => now };
  return async (env: Environment = first): Promise<Asked> => {
    const secrets: Secret[] = [];
    const connect = (credential?: Parameters<typeof createHubClient>[0]["credential"]) => (at: string) =>
      createHubClient({ endpoint: at, clock, ...(credential === undefined ? {} : { credential }) });
    const exchange = createOidcExchanger({
      env,
      endpoint,
      clock,
      memory,
      connect: connect(),
      connectRunner: (credential) => connect(credential)(credential.origin),
      onSecret: (secret) => void secrets.push(secret),
    });
    const config = { path, platform: process.platform, uid: process.getuid?.() };
    const source = oidcSource({ env: { HF_OIDC_RESOURCE: "alice/tiny-model", ...env }, endpoint, config, exchange });
    const reading = await source.read();
    return { reading, source: source.name, secrets: secrets.map((secret) => secret.expose()) };
  };
}

function tokenOf({ reading }: Asked): string {
  if (reading.kind !== "found") throw reading.kind === "refused" ? reading.error : new Error(reading.kind);
  return reading.token.expose();
}

function errorOf({ reading }: Asked): HfError {
  assert.equal(reading.kind, "refused");
  return reading.kind === "refused" ? reading.error : assert.fail();
}

const seconds = (count: number): void => void (now += count * 1000);
const posts = (hub: Localhub): number =>
  hub.journal.entries.filter((entry) => entry.url.endsWith("/oauth/token")).length;

/** A program of the test's own. */
function script(name: string, text: string): string {
  const path = join(home, name);
  writeFileSync(path, `#!/bin/sh\n${text}\n`, { mode: 0o700 });
  return path;
}

describe("who gives the ID token", () => {
  const env = (more: Environment): Environment => ({ HF_OIDC_RESOURCE: "acme/tiny", ...more });
  const choose = (more: Environment, exec?: readonly string[]) =>
    chooseProvider(env(more), "https://huggingface.co", () => exec);

  it("is what Python's library would use, then what is named, then the service that the job runs on", () => {
    const github = {
      GITHUB_ACTIONS: "true",
      ACTIONS_ID_TOKEN_REQUEST_URL: "https://x/",
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: "t",
    };
    const all = { HF_OIDC_ID_TOKEN: "a.b.c", ...github, HF_OIDC_ID_TOKEN_FILE: "/token", BUILDKITE: "true" };
    const sources: (string | undefined)[] = [choose(all, ["/bin/x"])?.source];
    for (const name of ["HF_OIDC_ID_TOKEN", "GITHUB_ACTIONS", "HF_OIDC_ID_TOKEN_FILE"] as const) {
      Object.assign(all, { [name]: "" });
      sources.push(choose(all, ["/bin/x"])?.source);
    }
    sources.push(choose(all)?.source, choose({})?.source);
    assert.deepEqual(sources, ["oidc:env", "oidc:github", "oidc:file", "oidc:exec", "oidc:buildkite", undefined]);
    assert.equal(choose({ GITHUB_ACTIONS: "1" }), undefined);
  });

  it("is asked in each service's own way", () => {
    const ways: [Environment, unknown][] = [
      [
        { GITLAB_CI: "true", HF_ID_TOKEN: "a.b.c" },
        { kind: "value", value: "a.b.c" },
      ],
      [
        { BITBUCKET_BUILD_NUMBER: "1", BITBUCKET_STEP_OIDC_TOKEN: "a.b.c" },
        { kind: "value", value: "a.b.c" },
      ],
      [
        { CIRCLECI: "true", CIRCLE_OIDC_TOKEN_V2: ci.idToken("4a2f-org") },
        {
          kind: "command",
          words: ["circleci", "run", "oidc", "get", "--claims", '{"aud":"https://huggingface.co"}'],
          prints: "text",
        },
      ],
      [
        { BUILDKITE: "true" },
        {
          kind: "command",
          words: ["buildkite-agent", "oidc", "request-token", "--audience", "https://huggingface.co"],
          prints: "text",
        },
      ],
    ];
    for (const [more, way] of ways) assert.deepEqual(choose(more)?.way, way);
    const ready = ci.idToken("https://huggingface.co");
    assert.deepEqual(choose({ CIRCLECI: "true", CIRCLE_OIDC_TOKEN: ready })?.way, { kind: "value", value: ready });
  });

  it("is told apart from a service that the job did not ask", () => {
    for (const [more, hint] of [
      [{ GITHUB_ACTIONS: "true" }, /id-token: write/],
      [{ GITLAB_CI: "true" }, /id_tokens: \{ HF_ID_TOKEN: \{ aud: "https:\/\/huggingface.co" \} \}/],
      [{ BITBUCKET_BUILD_NUMBER: "1" }, /audiences: \["https:\/\/huggingface.co"\]/],
    ] as const) {
      const way = choose(more)?.way;
      assert.ok(way?.kind === "missing" && hint.test(way.hint), JSON.stringify(way));
    }
  });

  it("never gives way to another identity", async () => {
    const hidden = { HF_TOKEN: `hf_${"n".repeat(34)}`, HF_OIDC_RESOURCE: "acme/tiny" };
    const store = {
      source: "file",
      keychain: undefined,
      read: async () => assert.fail("the saved logins were asked"),
      reveal: async () => assert.fail("the keychain was asked"),
    };
    const ask = (more: Environment) =>
      resolveToken(tokenSources({ env: { ...hidden, ...more }, endpoint: "https://huggingface.co", store }));
    for (const [more, kind] of [
      [{}, "refused"],
      [{ GITHUB_ACTIONS: "true" }, "refused"],
      [{ HF_OIDC_ID_TOKEN: "no token" }, "refused"],
      [{ HF_OIDC_RESOURCE: "acme/tiny\nx", HF_OIDC_ID_TOKEN: "a.b.c" }, "refused"],
      [{ HF_OIDC_ID_TOKEN: ci.idToken("https://huggingface.co") }, "promised"],
    ] as const) {
      assert.equal((await ask(more)).kind, kind, JSON.stringify(more).slice(0, 80));
    }
  });
});

describe("an ID token that was given", () => {
  it("is exchanged once, and the token used to its very end", async (test) => {
    const hub = await startHub(test);
    const idToken = ci.idToken(hub.url);
    const ask = job(hub.url, { HF_OIDC_ID_TOKEN: `${idToken}\n` });
    const first = await ask();
    assert.match(tokenOf(first), /^hf_jwt_/);
    assert.equal(first.source, "oidc:env");
    const { reading } = first;
    assert.equal(reading.kind === "found" && reading.subject, "repo:alice/code:ref:refs/heads/main");
    assert.deepEqual(first.secrets, [idToken, tokenOf(first)]);
    seconds(3599);
    assert.equal(tokenOf(await ask()), tokenOf(first));
    assert.equal(posts(hub), 1);
    seconds(2);
    // It can't be made anew, and it is too old by now: that is said, with what the Hub saw.
    const error = errorOf(await ask());
    assert.equal(error.code, "ERR_HF_OIDC");
    assert.match(error.message, /alice\/tiny-model.*HF_OIDC_ID_TOKEN.*expired/);
    assert.match(error.hint ?? "", /https:\/\/ci\.example.*repo:alice\/code.*ended at/);
  });

  it("is exchanged once by many callers at once", async (test) => {
    const hub = await startHub(test);
    const ask = job(hub.url, { HF_OIDC_ID_TOKEN: ci.idToken(hub.url) });
    const tokens = await Promise.all(Array.from({ length: 8 }, () => ask().then(tokenOf)));
    assert.equal(new Set(tokens).size, 1);
    assert.equal(posts(hub), 1);
  });

  it("is another's token for another resource", async (test) => {
    const hub = await startHub(test);
    const env = { HF_OIDC_ID_TOKEN: ci.idToken(hub.url) };
    const ask = job(hub.url, env);
    assert.match(tokenOf(await ask()), /^hf_jwt_/);
    assert.match(tokenOf(await ask({ ...env, HF_OIDC_RESOURCE: "carol" })), /^hf_oauth_/);
    assert.equal(errorOf(await ask({ ...env, HF_OIDC_RESOURCE: "bob" })).code, "ERR_HF_OIDC");
  });

  it("goes to nobody but the reader that it names", async (test) => {
    const other = await serve(test, (_seen, response) => response.end("{}"));
    for (const idToken of [
      ci.idToken("https://huggingface.co"),
      ci.idToken("https://huggingface.co.evil.example"),
      ci.idToken(other.url, { aud: undefined }),
      ci.idToken(other.url.replace(/\d+$/, (port) => String(Number(port) - 1))),
      "words",
      "a.b.c",
      `${ci.idToken(other.url)}.more`,
    ]) {
      assert.equal(errorOf(await job(other.url, { HF_OIDC_ID_TOKEN: idToken })()).code, "ERR_HF_OIDC");
    }
    assert.equal(other.seen.length, 0);
    const plain = "http://hub.example";
    const refused = errorOf(await job(plain, { HF_OIDC_ID_TOKEN: ci.idToken(plain) })());
    assert.equal(refused.code, "ERR_HF_INSECURE_ENDPOINT");
  });

  it("names its reader by scheme, host and port, whatever comes behind", () => {
    const hub = "https://huggingface.co";
    for (const audience of [hub, `${hub}/`, `${hub}:443/x`, "https://hf.co"])
      assert.ok(isEndpoint(audience, hub), audience);
    for (const audience of [
      `${hub}.evil.example`,
      `${hub}:8443`,
      "http://huggingface.co",
      "https://huggingface.co@evil.example",
      "https://evil.example/huggingface.co",
      "huggingface.co",
      "",
    ]) {
      assert.ok(!isEndpoint(audience, hub), audience);
    }
    assert.ok(isEndpoint("http://127.0.0.1:8080", "http://localhost:8080"));
    assert.ok(!isEndpoint("http://127.0.0.1:808", "http://localhost:8080"));
  });

  it("follows no redirect of the Hub's", async (test) => {
    const thief = await serve(test, (_seen, response) => response.end('{"access_token":"hf_stolen"}'));
    const hub = await serve(test, (_seen, response) => response.writeHead(307, { location: `${thief.url}/x` }).end());
    const error = errorOf(await job(hub.url, { HF_OIDC_ID_TOKEN: ci.idToken(hub.url) })());
    assert.equal(error.code, "ERR_HF_REDIRECT");
    assert.equal(thief.seen.length, 0);
    const round = await serve(test, (_seen, response) => response.writeHead(307, { location: "/elsewhere" }).end());
    assert.equal(errorOf(await job(round.url, { HF_OIDC_ID_TOKEN: ci.idToken(round.url) })()).code, "ERR_HF_REDIRECT");
    assert.equal(round.seen.length, 1);
  });

  it("gets an error, not a hole, from a Hub that answers nonsense", async (test) => {
    const answers = [
      "",
      "[]",
      "null",
      '{"access_token":7}',
      '{"access_token":"hf_a b"}',
      "<html>",
      "x".repeat(300_000),
    ];
    for (const text of answers) {
      const hub = await serve(test, (_seen, response) => response.end(text));
      const error = errorOf(await job(hub.url, { HF_OIDC_ID_TOKEN: ci.idToken(hub.url) })());
      assert.equal(error.code, "ERR_HF_BAD_ANSWER", text.slice(0, 30));
    }
  });

  it("is asked for again after a failure, and after a fault of the Hub's at once", async (test) => {
    const hub = await startHub(test);
    const ask = job(hub.url, { HF_OIDC_ID_TOKEN: ci.idToken(hub.url) });
    const mend = hub.fault({ path: "/oauth/token", status: 400 });
    assert.equal(errorOf(await ask()).code, "ERR_HF_OIDC");
    mend();
    hub.fault({ path: "/oauth/token", status: 503, times: 2 });
    assert.match(tokenOf(await ask()), /^hf_jwt_/);
  });
});

describe("GitHub Actions", () => {
  const requestToken = "runner-secret-0123456789";
  const environment = (url: string): Environment => ({
    GITHUB_ACTIONS: "true",
    ACTIONS_ID_TOKEN_REQUEST_URL: `${url}/idtoken?api-version=2.0&x=a%20b`,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: requestToken,
  });

  it("is asked for a new ID token each time, five minutes before the end of the last token", async (test) => {
    const hub = await startHub(test);
    const runner = await serve(test, ({ url }, response) => {
      const audience = new URL(url, "http://runner").searchParams.get("audience") ?? "";
      response.end(JSON.stringify({ value: ci.idToken(audience) }));
    });
    const ask = job(hub.url, environment(runner.url));
    const first = tokenOf(await ask());
    seconds(3299);
    assert.equal(tokenOf(await ask()), first);
    seconds(2);
    assert.notEqual(tokenOf(await ask()), first);
    assert.equal(runner.seen.length, 2);
    const [seen] = runner.seen;
    assert.equal(seen?.url, `/idtoken?api-version=2.0&x=a%20b&audience=${encodeURIComponent(hub.url)}`);
    assert.equal(seen?.headers.authorization, `Bearer ${requestToken}`);
    const toHub = JSON.stringify(hub.journal.entries);
    assert.ok(!toHub.includes(requestToken), "the Hub saw the token for the runner");
  });

  it("is told nothing twice: no redirect is followed, and the request token goes to no other origin", async (test) => {
    const hub = await startHub(test);
    const thief = await serve(test, (_seen, response) => response.end(JSON.stringify({ value: ci.idToken(hub.url) })));
    for (const status of [302, 307]) {
      const runner = await serve(test, (_seen, response) => response.writeHead(status, { location: thief.url }).end());
      const error = errorOf(await job(hub.url, environment(runner.url))());
      assert.equal(error.code, "ERR_HF_REDIRECT");
    }
    assert.equal(thief.seen.length, 0);
    assert.equal(posts(hub), 0);
  });

  it("may not answer without end, with nonsense, or with a token for another reader", async (test) => {
    const hub = await startHub(test);
    for (const [text, code] of [
      ["x".repeat(100_000), "ERR_HF_BAD_ANSWER"],
      ["<html>", "ERR_HF_BAD_ANSWER"],
      ["null", "ERR_HF_BAD_ANSWER"],
      ['{"value":{"token":1}}', "ERR_HF_BAD_ANSWER"],
      ['{"value":"no jwt"}', "ERR_HF_OIDC"],
      [JSON.stringify({ value: ci.idToken("https://other.example") }), "ERR_HF_OIDC"],
    ] as const) {
      const runner = await serve(test, (_seen, response) => response.end(text));
      assert.equal(errorOf(await job(hub.url, environment(runner.url))()).code, code, text.slice(0, 40));
    }
    assert.equal(posts(hub), 0);
  });

  it("says which permission is missing when it refuses, and shows no secret", async (test) => {
    const hub = await startHub(test);
    const runner = await serve(test, (_seen, response) => response.writeHead(403).end(`no: ${requestToken}`));
    const error = errorOf(await job(hub.url, environment(runner.url))());
    assert.equal(error.code, "ERR_HF_OIDC");
    assert.match(error.hint ?? "", /id-token: write/);
    assert.ok(!`${error.message} ${error.hint} ${String(error.cause)}`.includes(requestToken));
    for (const url of ["http://runner.example/", "ftp://127.0.0.1/", "no address", "https://u:p@runner.example/"]) {
      const env = { ...environment(runner.url), ACTIONS_ID_TOKEN_REQUEST_URL: url };
      assert.equal(errorOf(await job(hub.url, env)()).code, "ERR_HF_OIDC", url);
    }
  });
});

describe("GitHub's server of ID tokens", () => {
  it("is named where it fails, and not the Hub", async (test) => {
    const hub = await startHub(test);
    const fails = await serve(test, ({ url }, response) => {
      if (url.startsWith("/gone")) response.destroy();
      else response.writeHead(url.startsWith("/busy") ? 429 : 503, { "retry-after": "7" }).end();
    });
    for (const [path, code, next] of [
      ["down", "ERR_HF_NETWORK", /githubstatus/],
      ["gone", "ERR_HF_NETWORK", /githubstatus/],
      ["busy", "ERR_HF_RATE_LIMITED", /again in 7 s/],
    ] as const) {
      const env = {
        GITHUB_ACTIONS: "true",
        ACTIONS_ID_TOKEN_REQUEST_URL: `${fails.url}/${path}`,
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: "runner-secret-0123456789",
      };
      const error = errorOf(await job(hub.url, env)());
      assert.equal(error.code, code, path);
      assert.match(error.message, /^GitHub Actions gives no ID token now: /);
      assert.match(error.hint ?? "", /is the server of GitHub Actions, not the Hub/);
      assert.match(error.hint ?? "", next);
      assert.doesNotMatch(`${error.message} ${error.hint}`, /status\.huggingface|ETAG_TIMEOUT|HF_ENDPOINT/);
    }
    assert.equal(posts(hub), 0);
  });
});

describe("a file with an ID token", () => {
  it("is read again at each exchange, as somebody else keeps it fresh", async (test) => {
    const hub = await startHub(test);
    const path = join(home, "projected");
    writeFileSync(path, ci.idToken(hub.url));
    const ask = job(hub.url, { HF_OIDC_ID_TOKEN_FILE: path });
    const first = await ask();
    assert.equal(first.source, "oidc:file");
    seconds(3400);
    writeFileSync(path, `${ci.idToken(hub.url)}\n`);
    assert.notEqual(tokenOf(await ask()), tokenOf(first));
    rmSync(path);
    assert.equal(tokenOf(await ask()).length > 0, true, "what is kept needs no file");
    seconds(3400);
    assert.equal(errorOf(await ask()).code, "ERR_HF_DISK");
  });

  it("is named by a whole path, and is small", async (test) => {
    const hub = await startHub(test);
    assert.equal(errorOf(await job(hub.url, { HF_OIDC_ID_TOKEN_FILE: "token.jwt" })()).code, "ERR_HF_OIDC");
    const path = join(home, "large");
    writeFileSync(path, Buffer.alloc(100_000, "a"));
    assert.equal(errorOf(await job(hub.url, { HF_OIDC_ID_TOKEN_FILE: path })()).code, "ERR_HF_DISK");
  });

  it("is a file: nobody waits for a pipe, and no device is read", { skip: posixOnly }, async (test) => {
    const hub = await startHub(test);
    const pipe = join(home, "pipe");
    execFileSync("mkfifo", [pipe]);
    for (const path of [pipe, "/dev/zero"]) {
      assert.equal(errorOf(await job(hub.url, { HF_OIDC_ID_TOKEN_FILE: path })()).code, "ERR_HF_DISK", path);
    }
    rmSync(join(home, "latchkey-oidc.json"), { force: true });
    execFileSync("mkfifo", ["-m", "600", join(home, "latchkey-oidc.json")]);
    assert.equal(errorOf(await job(hub.url, {})()).code, "ERR_HF_DISK");
  });
});

describe("a program that prints an ID token", { skip: posixOnly }, () => {
  const configOf = (words: readonly string[]): string => JSON.stringify({ version: 1, exec: words });

  it("is the one of the user's own configuration, run without a shell and without tokens of the Hub", async (test) => {
    const hub = await startHub(test);
    const answer = join(home, "answer.json");
    const log = join(home, "log");
    const program = script("mint", `{ echo "$@"; env; pwd; } > ${log}\ncat ${answer}`);
    const expiresAt = new Date(now + 60_000).toISOString();
    writeFileSync(answer, JSON.stringify({ token: ci.idToken(hub.url), expiresAt }));
    const env = { PATH: process.env["PATH"], HF_TOKEN: "hf_not_for_it", HF_OIDC_ID_TOKEN_FILE: "", OWN: "kept" };
    const ask = job(hub.url, env, configOf([program, "--for", "{audience}", "{resource}", "$(touch x)"]));
    const first = await ask();
    assert.match(tokenOf(first), /^hf_jwt_/);
    assert.equal(first.source, "oidc:exec");
    const { readFileSync } = await import("node:fs");
    const said = readFileSync(log, "utf8");
    assert.ok(said.startsWith(`--for ${hub.url} `), said.slice(0, 100));
    assert.ok(said.includes("$(touch x)\n") && said.includes("OWN=kept") && !said.includes("HF_TOKEN"), said);
    assert.ok(said.endsWith("\n/\n"), "it runs in no folder of a project");
  });

  it("is refused with its reason when it fails, prints too much, or prints something else", async (test) => {
    const hub = await startHub(test);
    for (const [text, reason] of [
      ["echo no luck >&2; exit 3", /exit 3: no luck/],
      ["kill -TERM $$", /a signal ended its program\./],
      ["exec yes", /64 KiB/],
      ["echo words", /does not print JSON/],
      [`echo '{"token":7}'`, /does not print JSON/],
      [`echo '{"token":"x","expiresAt":"soon"}'`, /does not print JSON/],
      [`echo '{"token":"${ci.idToken(hub.url)}","expiresAt":1}'`, /has expired/],
      [`echo '{"token":"${ci.idToken("https://other.example")}"}'`, /not for/],
    ] as const) {
      const error = errorOf(await job(hub.url, { PATH: process.env["PATH"] }, configOf([script("mint", text)]))());
      assert.equal(error.code, "ERR_HF_OIDC");
      assert.match(error.message, reason);
    }
    const gone = errorOf(await job(hub.url, {}, configOf([join(home, "gone")]))());
    assert.match(gone.message, /could not be started/);
    assert.equal(posts(hub), 0);
  });

  it("is not run when somebody else could have named it, or no whole path does", async (test) => {
    const hub = await startHub(test);
    const program = script("mint", `touch ${join(home, "ran")}`);
    const path = join(home, "latchkey-oidc.json");
    for (const text of [
      configOf(["mint"]),
      configOf(["./mint"]),
      configOf([]),
      JSON.stringify({ version: 2, exec: [program] }),
      JSON.stringify({ version: 1, exec: program }),
      "no json",
    ]) {
      assert.match(errorOf(await job(hub.url, { PATH: home }, text)()).message, /can't be read/, text);
    }
    for (const mode of [0o620, 0o602]) {
      const ask = job(hub.url, {}, configOf([program]));
      chmodSync(path, mode);
      assert.match(errorOf(await ask()).message, /can be written by other users/);
    }
    // Root's own file is everybody's to read, so there it is given away first.
    writeFileSync(path, configOf([program]), { mode: 0o600 });
    chmodSync(path, 0o600);
    if (process.geteuid?.() === 0) chownSync(path, 54_321, 54_321);
    const { uid } = statSync(path);
    const asUser = (user: number) => readOidcExec({ path, platform: process.platform, uid: user });
    assert.deepEqual(asUser(uid), [program]);
    assert.throws(() => asUser(uid + 1), /belongs to another user/);
    rmSync(path);
    if (process.geteuid?.() === 0) {
      // What a clone holds is this user's own file; that the link is not is all there is to see.
      const ask = job(hub.url, {}, configOf([program]));
      renameSync(path, join(home, "cloned.json"));
      symlinkSync(join(home, "cloned.json"), path);
      lchownSync(path, 54_321, 54_321);
      assert.match(errorOf(await ask()).message, /a link that another user has made/);
    }
    const { existsSync } = await import("node:fs");
    assert.equal(existsSync(join(home, "ran")), false);
  });

  it("is CircleCI's and Buildkite's own, found on the PATH", async (test) => {
    const hub = await startHub(test);
    const log = join(home, "asked");
    for (const [name, variable] of [
      ["circleci", "CIRCLECI"],
      ["buildkite-agent", "BUILDKITE"],
    ] as const) {
      script(name, `echo "$@" > ${log}\nprintf '%s\\n' '${ci.idToken(hub.url)}'`);
      const env = { PATH: `${home}${delimiter}${process.env["PATH"] ?? ""}`, [variable]: "true" };
      assert.match(tokenOf(await job(hub.url, env)()), /^hf_jwt_/);
    }
  });
});

describe("a reading that may not use the network", () => {
  it("promises a token, and says whose", async () => {
    const endpoint = "https://huggingface.co";
    const env = { HF_OIDC_RESOURCE: "acme/tiny", HF_OIDC_ID_TOKEN: ci.idToken(endpoint) };
    const reading = await oidcSource({ env, endpoint }).read();
    const subject = "repo:alice/code:ref:refs/heads/main";
    assert.deepEqual(reading, { kind: "promised", resource: "acme/tiny", subject });
    const broken = await oidcSource({ env: { ...env, HF_OIDC_ID_TOKEN: "x" }, endpoint }).read();
    assert.ok(broken.kind === "refused" && isHfError(broken.error));
  });
});

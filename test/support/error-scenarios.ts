import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createFileTokenStore, switchTo } from "../../src/auth/index.ts";
import { printError } from "../../src/cli/output.ts";
import { systemClock } from "../../src/core/clock.ts";
import type { HfErrorCode } from "../../src/core/error-table.ts";
import { acquireFileLock } from "../../src/core/file-lock.ts";
import type { FaultRule } from "../../src/localhub/index.ts";
import { makeCertificate } from "./certificate.ts";
import { noLocks } from "./locks.ts";
import { start } from "./running.ts";
import { nobody, serveRaw } from "./scripted-server.ts";
import { HF } from "./world.ts";
import type { Outcome, RunOptions, World } from "./world.ts";

/** A Hub that was just set back, and a home in which nothing is. */
export interface Stage {
  readonly world: World;
  /** Ends with the scenario. */
  after(close: () => Promise<void>): void;
  /** `HF_HOME`, made and empty. */
  readonly home: string;
  /** Runs our program with --json, by the account of a token of the seed or by nobody. */
  as(token: string | undefined, words: readonly string[], options?: RunOptions): Promise<Outcome>;
}

/** How one code of the table comes about, by the built program or by the library over real files and sockets. */
export interface ErrorScenario {
  readonly when: string;
  /** Why it can't be played here. */
  readonly skip?: string | false;
  readonly play: (stage: Stage) => Promise<Outcome>;
}

const windows = process.platform === "win32" ? "Windows has neither modes nor /dev" : false;
const linux = process.platform === "linux" ? false : "only Linux has /dev/full";

const words = (when: string, token: string | undefined, line: string, options: RunOptions = {}): ErrorScenario => ({
  when,
  play: (stage) => stage.as(token, line.split(" "), options),
});

/** The same at a Hub with a fault. */
const faulty = (
  when: string,
  token: string | undefined,
  line: string,
  ...faults: readonly FaultRule[]
): ErrorScenario => ({
  when,
  play: (stage) => {
    for (const fault of faults) stage.world.hub.fault(fault);
    return stage.as(token, line.split(" "));
  },
});

const scenario = (when: string, play: ErrorScenario["play"], skip?: string | false): ErrorScenario => ({
  when,
  play,
  ...(skip === undefined ? {} : { skip }),
});

const noAnswer = (): never => {
  throw new Error("an error is no answer");
};

/** What the program would print of an error that the library has thrown. */
async function printed(work: () => Promise<unknown>): Promise<Outcome> {
  let stderr = "";
  const err = (text: string): void => void (stderr += text);
  try {
    await work();
    return { stdout: "", stderr: "nothing was thrown", exit: 0 };
  } catch (error) {
    const exit = printError(error, { format: "json", colour: false, out: noAnswer, err }, false);
    return { exit, stdout: "", stderr };
  }
}

const SAVED = "[mine]\nhf_token = TOKEN\n\n";

/** One for each code: a code without one does not compile, and neither does one that the table does not have. */
export const ERROR_SCENARIOS: Readonly<Record<HfErrorCode, ErrorScenario>> = {
  ERR_HF_USAGE: words("a flag that does not exist", undefined, "download --no-such-flag"),
  ERR_HF_INVALID_REPO_ID: words("a name with two slashes", undefined, "download a/b/c/d"),
  ERR_HF_INVALID_REVISION: words(
    "a revision that no branch has",
    undefined,
    "download alice/tiny-model --revision ../main",
  ),
  ERR_HF_INVALID_ENDPOINT: words("an endpoint that is no address", undefined, "auth whoami", {
    env: { HF_ENDPOINT: "hub.example" },
  }),
  ERR_HF_NO_TERMINAL: words("a sign-in that would ask, in a script", undefined, "auth login"),
  ERR_HF_TOKEN_NAME: words("a login that was never saved", undefined, "auth switch nobody-here"),
  ERR_HF_NOT_SIGNED_IN: words("nobody is signed in", undefined, "auth whoami"),
  ERR_HF_INVALID_TOKEN: words("a token that was revoked", "alice-revoked", "auth whoami"),
  ERR_HF_ORG_TOKEN: scenario("a token of an organisation", (stage) =>
    stage.as(undefined, ["auth", "login", "--token-stdin"], { input: stage.world.token("acme-org") }),
  ),
  ERR_HF_TOKEN_REFUSED: words("two words in HF_TOKEN", undefined, "auth whoami", { env: { HF_TOKEN: "two words" } }),
  ERR_HF_OIDC: words("an exchange that is asked for where no ID token is", undefined, "auth whoami", {
    env: { HF_OIDC_RESOURCE: "alice/tiny-model" },
  }),
  ERR_HF_TOKEN_ENDPOINT: scenario("a login of the public Hub, and another endpoint", (stage) => {
    writeFileSync(join(stage.home, "token"), stage.world.token("alice-read"), { mode: 0o600 });
    return stage.as(undefined, ["auth", "whoami"], { env: { HF_ENDPOINT: "https://hub.example" } });
  }),
  ERR_HF_NOT_REVOKED: scenario("a Hub that has no way to revoke", async (stage) => {
    const saved = await stage.as(undefined, ["auth", "login", "--token-stdin"], {
      input: stage.world.token("alice-read"),
    });
    if (saved.exit !== 0) return saved;
    stage.world.hub.fault({ path: "/api/credentials/revoke", status: 404 });
    return stage.as(undefined, ["auth", "logout", "--revoke", "--yes"]);
  }),
  ERR_HF_INSECURE_ENDPOINT: words("plain http to another machine", "alice-read", "auth whoami", {
    env: { HF_ENDPOINT: "http://192.0.2.1" },
  }),
  ERR_HF_GATED_SIGN_IN: words("a gate, and nobody signed in", undefined, "download acme/gated-manual"),
  ERR_HF_GATED_REPO: words("a gate that was never asked", "bob-read", "download carol/gated-model"),
  ERR_HF_GATED_PENDING: words("a request that waits", "erin-read", "download frank/asked"),
  ERR_HF_GATED_REJECTED: words("a request that was rejected", "carol-read", "download frank/asked"),
  ERR_HF_GATED_RESET: words("a request that was reset", "dave-read", "download frank/asked"),
  ERR_HF_SCOPE_MISSING: words("a token without gated repos", "bob-fine-none", "download frank/asked"),
  ERR_HF_ORG_POLICY: words(
    "a token that the organisation has denied",
    "bob-policy-denied",
    "download acme/private-model",
  ),
  ERR_HF_REPO_DISABLED: words("a repo that the Hub has disabled", "alice-read", "download acme/disabled-model"),
  ERR_HF_FORBIDDEN: faulty("a refusal without a reason", "alice-read", "download alice/tiny-model config.json", {
    path: "/resolve/",
    status: 403,
    message: "No.",
  }),
  ERR_HF_NOT_READ_ONLY: words(
    "a token that may write, for a command that is to read",
    "alice-write",
    "run --read-only -- node",
  ),
  ERR_HF_PRIVATE_OR_MISSING: words("an unknown name, and nobody signed in", undefined, "download alice/nothing-at-all"),
  ERR_HF_REPO_NOT_FOUND: words("an unknown name", "alice-read", "download alice/nothing-at-all"),
  ERR_HF_REVISION_NOT_FOUND: words("an unknown branch", undefined, "download alice/tiny-model --revision nonsense"),
  ERR_HF_ENTRY_NOT_FOUND: words("an unknown file", undefined, "download alice/tiny-model nonsense.json"),
  ERR_HF_NO_SPACE: scenario(
    "an answer to a full disk",
    ({ world, home }) =>
      world.run("sh", ["-c", 'exec "$0" "$1" env --json > /dev/full', process.execPath, HF], {
        env: { HF_HOME: home },
      }),
    linux,
  ),
  ERR_HF_DISK: scenario("a file where the cache should be", (stage) => {
    writeFileSync(join(stage.home, "hub"), "in the way");
    return stage.as(undefined, ["download", "alice/tiny-model", "config.json"]);
  }),
  ERR_HF_STORE_UNREADABLE: scenario("a list of logins in JSON", (stage) => {
    writeFileSync(join(stage.home, "stored_tokens"), '{"mine": {}}');
    return stage.as(undefined, ["auth", "switch", "mine"]);
  }),
  ERR_HF_TOKEN_FILE: scenario("a folder in the place of the token file", (stage) => {
    mkdirSync(join(stage.home, "token"));
    return stage.as(undefined, ["auth", "whoami"]);
  }),
  ERR_HF_KEYCHAIN: scenario(
    "no keychain to ask",
    (stage) =>
      stage.as(undefined, ["auth", "login", "--store", "keychain", "--token-stdin"], {
        input: stage.world.token("alice-read"),
        env: { DBUS_SESSION_BUS_ADDRESS: "unix:path=/nowhere" },
      }),
    linux === false ? false : "elsewhere the keychain is the one of the person who runs the tests",
  ),
  ERR_HF_LOCK_TIMEOUT: scenario(
    "saved logins that another has locked",
    async ({ home, world }) => {
      const storedTokensPath = join(home, "stored_tokens");
      writeFileSync(storedTokensPath, SAVED.replace("TOKEN", world.token("alice-read")), { mode: 0o600 });
      const lock = await acquireFileLock(`${storedTokensPath}.lock`);
      const paths = { tokenPath: join(home, "token"), storedTokensPath };
      const store = createFileTokenStore({
        ...paths,
        platform: process.platform,
        clock: systemClock,
        lockTimeoutMs: 0,
      });
      try {
        return await printed(() => switchTo(store, "mine", {}));
      } finally {
        lock.release();
      }
    },
    noLocks,
  ),
  ERR_HF_INTEGRITY: faulty("other bytes than were asked for", undefined, "download alice/tiny-model config.json", {
    path: "/resolve",
    method: "GET",
    corrupt: { at: 0 },
  }),
  ERR_HF_UNSAFE_NAME: faulty("a name that leads out of the folder", undefined, "download alice/tiny-model", {
    path: "/tree/",
    treePath: { from: "config.json", to: "../config.json" },
  }),
  ERR_HF_NETWORK: scenario("nobody at the endpoint", async (stage) =>
    stage.as("alice-read", ["auth", "whoami"], { env: { HF_ENDPOINT: await nobody() } }),
  ),
  ERR_HF_TIMEOUT: scenario("a Hub that takes requests and is silent", async (stage) => {
    const { url } = await serveRaw(stage, () => undefined);
    return stage.as("alice-read", ["auth", "whoami"], { env: { HF_ENDPOINT: url, HF_HUB_ETAG_TIMEOUT: "1" } });
  }),
  ERR_HF_TLS: scenario("a certificate of nobody that is known", async (stage) => {
    const server = createServer(makeCertificate(), (_request, response) => void response.end("{}"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    stage.after(() => new Promise((resolve) => server.close(() => resolve())));
    const { port } = server.address() as AddressInfo;
    return stage.as("alice-read", ["auth", "whoami"], { env: { HF_ENDPOINT: `https://127.0.0.1:${port}` } });
  }),
  ERR_HF_PROXY: scenario("a proxy that wants a password", async (stage) => {
    const proxy = await serveRaw(stage, (socket) =>
      socket.end("HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n"),
    );
    const env = { HF_ENDPOINT: "https://hub.example", HTTPS_PROXY: proxy.url };
    return stage.as("alice-read", ["auth", "whoami"], { env });
  }),
  ERR_HF_REDIRECT: faulty("a circle of redirects", "alice-read", "auth whoami", {
    path: "/api/",
    redirect: "{base}{target}",
  }),
  ERR_HF_BAD_ANSWER: faulty("a web page for an answer", "alice-read", "auth whoami", { path: "/api/", htmlBody: true }),
  ERR_HF_HUB_DOWN: faulty("a Hub that is being worked on for an hour", "alice-read", "auth whoami", {
    path: "/api/",
    status: 503,
    retryAfter: 3600,
  }),
  ERR_HF_HTTP: faulty("a status that no Hub has", "alice-read", "auth whoami", { path: "/api/", status: 418 }),
  ERR_HF_CONFLICT: faulty("a conflict", "alice-read", "auth whoami", { path: "/api/", status: 409 }),
  ERR_HF_RATE_LIMITED: faulty("a limit that lasts an hour", "alice-read", "auth whoami", {
    path: "/api/",
    status: 429,
    retryAfter: 3600,
  }),
  ERR_HF_OFFLINE: words("no network and an empty cache", undefined, "download alice/tiny-model --offline"),
  ERR_HF_GIT: scenario("no git on the PATH", (stage) =>
    stage.as("alice-read", ["auth", "setup-git"], { env: { PATH: stage.home } }),
  ),
  ERR_HF_COMMAND_NOT_FOUND: words("a command that is not there", "alice-read", "run -- no-such-program-here"),
  ERR_HF_COMMAND_NOT_RUN: scenario(
    "a text for a command",
    (stage) => {
      const path = join(stage.home, "plain.txt");
      writeFileSync(path, "no program", { mode: 0o644 });
      return stage.as("alice-read", ["run", "--", path]);
    },
    windows,
  ),
  ERR_HF_INTERRUPTED: scenario("Ctrl-C", async ({ world, home }) => {
    world.hub.journal.clear();
    const env = { HF_HOME: home, HF_TOKEN: world.token("bob-read") };
    const running = start(world, ["access", "wait", "carol/gated-model", "--json"], env);
    while (world.hub.journal.entries.filter(({ url }) => url.includes("carol")).length < 2) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    running.child.kill("SIGINT");
    return running.ended;
  }),
  ERR_HF_INTERNAL: scenario("a fault of this program, made by taking a function of Node's away", (stage) => {
    const broken = join(stage.home, "broken.cjs");
    writeFileSync(broken, "require('node:os').release = () => { throw new TypeError('x is not a function'); };\n");
    return stage.as("alice-read", ["env"], { env: { NODE_OPTIONS: `--require ${broken}` } });
  }),
};

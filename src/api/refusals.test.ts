import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { isHfError } from "../core/errors.ts";
import type { HfError } from "../core/errors.ts";
import type { Environment } from "../core/ports.ts";
import { defaultSeed, startLocalhub } from "../localhub/index.ts";
import type { Localhub } from "../localhub/index.ts";
import { openAccess } from "./access.ts";
import { ambientMachine } from "./ambient.ts";
import { downloadFileWith } from "./download.ts";
import { openSession } from "./session.ts";
import { readSettings } from "../core/settings.ts";
import { checkAccess, createHub, downloadFile, downloadSnapshot, planDownload, whoami } from "./library.ts";
import type { HubOptions } from "./library.ts";

let hub: Localhub;
let home: string;
before(async () => {
  const seed = defaultSeed();
  const files = Object.fromEntries(Array.from({ length: 12 }, (_, at) => [`part-${at}.txt`, `part ${at}\n`]));
  const commits = [{ message: "Upload model", files }];
  const repos = [
    { id: "frank/wide", gated: "manual" as const, commits, access: [{ user: "bob", status: "accepted" as const }] },
    { id: "frank/auto", gated: "auto" as const, commits },
    { id: "frank/other", gated: "manual" as const, commits, access: [{ user: "carol", status: "rejected" as const }] },
  ];
  hub = await startLocalhub({
    seed: { ...seed, users: [...(seed.users ?? []), { name: "frank" }], repos: [...(seed.repos ?? []), ...repos] },
  });
});
after(() => hub.close());
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), "latchkey-refusals-"));
  await hub.reset();
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const token = (name: string): string => hub.tokens[name] ?? assert.fail(name);
const env = (name?: string): Environment => ({
  HF_HOME: home,
  HF_ENDPOINT: hub.url,
  ...(name === undefined ? {} : { HF_TOKEN: token(name) }),
});

interface Sent {
  readonly words: string;
  readonly withToken: boolean;
}

/** `HEAD /acme/tiny/resolve/main/x`, since the journal was cleared. */
function sent(): Sent[] {
  return hub.journal.entries.map(({ method, url, headers }) => ({
    words: `${method} ${new URL(url).pathname}`,
    withToken: "authorization" in headers,
  }));
}

async function refusal(work: () => Promise<unknown>): Promise<HfError> {
  hub.journal.clear();
  try {
    await work();
  } catch (error) {
    return isHfError(error) ? error : assert.fail(String(error));
  }
  return assert.fail("it was not refused");
}

describe("a refused download", () => {
  const rows: readonly (readonly [
    repo: string,
    token: string | undefined,
    cause: string,
    extra: RegExp | undefined,
  ])[] = [
    ["acme/gated-manual", undefined, "not-signed-in", undefined],
    ["acme/gated-manual", "alice-revoked", "token-invalid", /^GET \/api\/models\/acme\/gated-manual$/],
    ["carol/gated-model", "bob-read", "gate-not-requested", /whoami|^GET \/api\/models\/carol\/gated-model$/],
    ["frank/auto", "bob-read", "gate-not-requested", /whoami|^GET \/api\/models\/frank\/auto$/],
    ["acme/gated-manual", "carol-read", "gate-pending", undefined],
    ["frank/other", "carol-read", "gate-rejected", undefined],
    ["acme/gated-auto", "carol-fine-no-gated", "scope-missing", /whoami/],
    ["acme/private-model", "bob-policy-pending", "organisation-policy", /whoami/],
    ["acme/private-model", "alice-fine-one-repo", "scope-missing", /whoami/],
    ["datasets/alice/tiny-model", "bob-read", "misspelt", /^GET \/api\/models$/],
    ["alice/tiny-dataset", undefined, "misspelt", /^GET \/api\/datasets$/],
    ["alice/tiny-modle", undefined, "misspelt", /^GET \/api\/models$/],
    ["nobody/nothing-like-this", undefined, "private-or-missing", /^GET \/api\/models$/],
    ["acme/disabled-model", "alice-read", "disabled", undefined],
  ];
  for (const [repo, name, cause, extra] of rows) {
    it(`of ${repo} by ${name ?? "nobody"} has the cause and the step of hf access: ${cause}`, async () => {
      const { verdict } = await checkAccess(repo, { env: env(name) });
      assert.equal(verdict.kind, cause);
      const works = [
        () => downloadSnapshot(repo, { env: env(name) }),
        () => downloadFile({ repo, path: "config.json" }, { env: env(name) }),
        () => planDownload(repo, { env: env(name) }),
      ];
      for (const work of works) {
        const error = await refusal(work);
        assert.equal(error.cause, cause);
        assert.equal(error.code, verdict.code);
        // One question leaves more types of a repo that nobody was asked about; the step names them.
        const unasked = /, or call it \S+(?: or \S+)? if it is a [a-z ]+/;
        const step = verdict.next.text.replace(unasked, "");
        const hint = error.hint.replace(unasked, "");
        // For one file the question went to the gate, and nothing says as whom to ask.
        const steps = [step, step.replace(" as bob", "")];
        assert.ok(
          steps.some((one) => hint.startsWith(one) || hint.endsWith(one)),
          error.hint,
        );
        if (cause === "private-or-missing") assert.match(error.hint, unasked);
        // Its description has told a snapshot of the gate, so the question went to the account.
        if (work === works[0] && cause === "gate-not-requested") assert.equal(error.hint, verdict.next.text);
        if (repo === "frank/auto") assert.match(error.hint, /access is given at once/);
        const paths = sent().map(({ words }) => words);
        const own =
          /^(?:GET \/api\/\w+\/[\w-]+\/[\w-]+\/(?:revision|tree)\/|HEAD \/(?:datasets\/)?[\w-]+\/[\w-]+\/resolve\/)/;
        const more = paths.filter((path) => !own.test(path));
        assert.ok(more.length <= 1, more.join("\n"));
        if (extra !== undefined) assert.match(more[0] ?? "nothing", extra);
        assert.equal(existsSync(join(home, "hub")), false, "nothing was written");
      }
    });
  }

  it("names who asks, and the command that looks for names, where the one question told that", async () => {
    const error = await refusal(() => downloadSnapshot("alice/tiny-modle", { env: env("bob-read") }));
    assert.deepEqual([error.code, error.cause], ["ERR_HF_REPO_NOT_FOUND", "private-or-missing"]);
    assert.match(
      error.hint,
      /let bob in\. Names that are close are looked for by: hf access alice\/tiny-modle --endpoint /,
    );
    assert.deepEqual(
      sent()
        .map(({ words }) => words)
        .slice(1),
      ["GET /api/whoami-v2"],
    );
  });

  it("asks a gate once before a snapshot begins, whether it opens or not", async () => {
    const error = await refusal(() => downloadSnapshot("frank/wide", { env: env("carol-read") }));
    assert.equal(error.cause, "gate-not-requested");
    const heads = (): number => sent().filter(({ words }) => words.startsWith("HEAD")).length;
    const bodies = (): number => sent().filter(({ words }) => /^GET .*\/resolve\//.test(words)).length;
    assert.deepEqual([heads(), bodies()], [1, 0]);
    hub.journal.clear();
    const { files } = await downloadSnapshot("frank/wide", { env: env("bob-read") });
    assert.ok(files.length >= 12);
    assert.deepEqual([heads(), bodies()], [1, files.length]);
  });

  it("keeps its own words where nothing more can be asked, and where a file is missing", async () => {
    hub.fault({ path: "whoami", status: 503 });
    const gated = await refusal(() => downloadSnapshot("carol/gated-model", { env: env("bob-read") }));
    assert.equal(gated.cause, "gate-not-requested");
    assert.match(gated.hint ?? "", /^Ask for access at /);
    const absent = await refusal(() => downloadFile({ repo: "alice/tiny-model", path: "no.bin" }, { env: env() }));
    assert.deepEqual([absent.code, absent.cause, sent().length], ["ERR_HF_ENTRY_NOT_FOUND", "private-or-missing", 1]);
  });
});

describe("a token that the Hub does not know", () => {
  const dead = (more: HubOptions & { authFallback?: "warn" | "error" | "silent" } = {}) => {
    const warnings: string[] = [];
    return {
      warnings,
      options: { env: env("alice-revoked"), onWarning: (text: string) => warnings.push(text), ...more },
    };
  };

  it("does not keep anybody from a public repo: one question without it, a loud warning, and on", async () => {
    for (const work of [
      (options: HubOptions) => downloadSnapshot("alice/tiny-model", options),
      (options: HubOptions) => downloadFile({ repo: "alice/tiny-model", path: "config.json" }, options),
    ]) {
      const { warnings, options } = dead();
      hub.journal.clear();
      const { path } = await work(options);
      assert.ok(existsSync(path));
      assert.equal(warnings.length, 1, warnings.join("\n"));
      assert.match(
        warnings[0] ?? "",
        /env:HF_TOKEN.*model alice\/tiny-model is public, so it is fetched without a token/,
      );
      const all = sent();
      assert.deepEqual(
        all.map(({ withToken }) => withToken).slice(0, 3),
        [true, false, false],
        "refused, asked for nobody, gone on",
      );
      assert.equal(all.filter(({ withToken }) => withToken).length, 1);
      assert.equal(all.filter(({ words }) => words === "GET /api/models/alice/tiny-model").length, 1);
      rmSync(join(home, "hub"), { recursive: true, force: true });
    }
  });

  it("does not keep anybody from a commit either, whose listing comes first", async () => {
    const { commit } = await downloadSnapshot("alice/tiny-model", { env: env() });
    rmSync(join(home, "hub"), { recursive: true, force: true });
    const { warnings, options } = dead();
    const again = await downloadSnapshot("alice/tiny-model", { ...options, revision: commit });
    assert.deepEqual([again.commit, warnings.length], [commit, 1]);
  });

  it("is an error with authFallback 'error', and no word with 'silent'", async () => {
    const error = await refusal(() => downloadSnapshot("alice/tiny-model", dead({ authFallback: "error" }).options));
    assert.deepEqual([error.code, error.cause], ["ERR_HF_INVALID_TOKEN", "token-invalid"]);
    assert.ok(sent().every(({ withToken }) => withToken));
    const { warnings, options } = dead({ authFallback: "silent" });
    await downloadSnapshot("alice/tiny-model", options);
    assert.deepEqual(warnings, []);
  });

  it("never makes anybody nobody for a private or a gated repo, nor after any other refusal", async () => {
    for (const repo of ["alice/private-model", "acme/gated-manual", "acme/gated-auto"]) {
      const { warnings, options } = dead();
      const error = await refusal(() => downloadSnapshot(repo, options));
      assert.equal(error.code, "ERR_HF_INVALID_TOKEN", repo);
      assert.equal(sent().filter(({ withToken }) => !withToken).length, 1, "one question");
      assert.deepEqual(warnings, []);
    }
    hub.fault({ path: "/api/models/alice/tiny-model", status: 403 });
    const error = await refusal(() => downloadSnapshot("alice/tiny-model", { env: env("alice-read") }));
    assert.equal(error.code, "ERR_HF_FORBIDDEN");
    assert.ok(sent().every(({ withToken }) => withToken));
  });

  it("asks nothing where the token belongs to another endpoint", async () => {
    writeFileSync(join(home, "token"), token("alice-read"), { mode: 0o600 });
    const error = await refusal(() =>
      downloadSnapshot("alice/tiny-model", { env: { ...env(), HF_ENDPOINT: "https://mirror.example" } }),
    );
    assert.deepEqual([error.code, error.cause], ["ERR_HF_TOKEN_ENDPOINT", "wrong-endpoint"]);
    assert.deepEqual(sent(), []);
  });

  it("never stands before what is cached, nor does one that is no token at all", async () => {
    const whole = await downloadSnapshot("acme/gated-manual", { env: env("alice-read") });
    const file = join(home, "token");
    writeFileSync(file, token("alice-read"), { mode: 0o600 });
    mkdirSync(join(home, "folder"));
    const ways: readonly Environment[] = [
      { HF_TOKEN: token("alice-revoked") },
      { HF_TOKEN: "two words" },
      { HF_ENDPOINT: "https://mirror.example" },
      { HF_TOKEN_PATH: join(home, "folder") },
    ];
    for (const way of ways) {
      const warnings: string[] = [];
      const options = {
        env: { ...env(), ...way },
        onWarning: (text: string) => warnings.push(text),
      };
      const again = await downloadSnapshot("acme/gated-manual", options);
      const file = await downloadFile({ repo: "acme/gated-manual", path: "config.json" }, options);
      assert.deepEqual([again.path, again.fromCache], [whole.path, true]);
      assert.ok(readFileSync(file.path).length > 0);
      assert.equal(warnings.filter((text) => /cached copy/.test(text)).length, 2, warnings.join("\n"));
      const forced = await refusal(() => downloadSnapshot("acme/gated-manual", { ...options, forceDownload: true }));
      assert.match(forced.code, /TOKEN/);
      const absent = await refusal(() => downloadSnapshot("acme/gated-auto", options));
      assert.match(absent.code, /TOKEN/);
    }
  });
});

describe("a refusal that is about no repo", () => {
  const rows: readonly (readonly [title: string, more: () => Environment, cause: string, code: string])[] = [
    ["nobody", () => ({}), "not-signed-in", "ERR_HF_NOT_SIGNED_IN"],
    ["a revoked token", () => ({ HF_TOKEN: token("alice-revoked") }), "token-invalid", "ERR_HF_INVALID_TOKEN"],
    ["two words", () => ({ HF_TOKEN: "two words" }), "token-invalid", "ERR_HF_TOKEN_REFUSED"],
    ["no network", () => ({ HF_TOKEN: token("alice-read"), HF_HUB_OFFLINE: "1" }), "offline", "ERR_HF_OFFLINE"],
    [
      "plain http",
      () => ({ HF_TOKEN: token("alice-read"), HF_ENDPOINT: "http://hub.example" }),
      "wrong-endpoint",
      "ERR_HF_INSECURE_ENDPOINT",
    ],
  ];
  for (const [title, more, cause, code] of rows) {
    it(`has its cause: ${title}`, async () => {
      const error = await refusal(() => whoami({ env: { ...env(), ...more() } }));
      assert.deepEqual([error.code, error.cause], [code, cause]);
      assert.ok(sent().length <= 1);
    });
  }

  it("has its cause where the Hub is down, and keeps what broke for whoever looks", async () => {
    hub.fault({ path: "whoami", status: 429, retryAfter: 3600 });
    const limited = await refusal(() => whoami({ env: env("alice-read") }));
    assert.deepEqual([limited.code, limited.cause], ["ERR_HF_RATE_LIMITED", "rate-limited"]);
    const error = await refusal(() => whoami({ env: { ...env("alice-read"), HF_ENDPOINT: "http://no-such.invalid" } }));
    assert.equal(error.cause, "wrong-endpoint");
    const away = await refusal(() =>
      downloadSnapshot("alice/tiny-model", { env: { ...env(), HF_ENDPOINT: "http://no-such.invalid" } }),
    );
    assert.deepEqual([away.code, away.cause], ["ERR_HF_NETWORK", "offline"]);
    assert.match(away.stack ?? "", /Behind it: .*(?:ENOTFOUND|EAI_AGAIN)/);
  });
});

describe("a Hub that asks for patience", () => {
  it("is not waited for by hf access, also where another call of the machine met its limit", async () => {
    const slept: number[] = [];
    const clock = { now: () => Date.now(), sleep: async (ms: number) => void slept.push(ms) };
    const mine = env("bob-read");
    const machine = ambientMachine(mine);
    const open = () =>
      openSession({ settings: readSettings(mine, machine), env: mine, platform: machine.platform, clock });
    const remove = hub.fault({ path: "/resolve/", status: 429, retryAfter: 40 });
    const file = await refusal(() =>
      downloadFileWith(open(), { type: "model", id: "alice/tiny-model" }, "config.json", { clock }),
    );
    remove();
    assert.deepEqual([file.cause, slept.splice(0).length > 0], ["rate-limited", true]);
    hub.fault({ path: "whoami", status: 429, retryAfter: 40 });
    for (let times = 0; times < 2; times++) {
      const desk = await openAccess(open());
      const { verdict, evidence } = await desk.check({ repo: { type: "model", id: "carol/gated-model" } });
      assert.deepEqual(
        [verdict.kind, evidence.account?.kind, evidence.gate],
        ["gate-not-requested", "unknown", "manual"],
      );
    }
    assert.deepEqual(slept, []);
  });
});

describe("a client of the library", () => {
  it("has the cause and the step of hf access in its refusals, for one more request", async () => {
    const client = await createHub({ env: env("alice-fine-one-repo") });
    const hidden = await refusal(() => client.json("api/models/acme/private-model"));
    assert.deepEqual([hidden.code, hidden.cause], ["ERR_HF_SCOPE_MISSING", "scope-missing"]);
    assert.equal(sent().length, 2);
    const write = await createHub({ env: env("alice-read") });
    const refused = await refusal(() =>
      write.request("api/models/alice/tiny-model/commit/main", { ndjson: '{"key":"header","value":{"summary":"x"}}' }),
    );
    assert.deepEqual([refused.code, refused.cause], ["ERR_HF_SCOPE_MISSING", "scope-missing"]);
    assert.match(refused.hint, /role 'read' can't be given more.*ownUserPermissions=repo\.write/);
    client.close();
    write.close();
  });
});

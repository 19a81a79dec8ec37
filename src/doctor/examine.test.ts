import assert from "node:assert/strict";
import { dirname } from "node:path";
import { describe, it } from "node:test";
import { resolveToken } from "../auth/index.ts";
import type { SourceSurvey } from "../auth/index.ts";
import { DiskError, diskError, NetworkError, RateLimitError, TokenError, UsageError } from "../core/errors.ts";
import { Secret } from "../core/secret.ts";
import { readSettings } from "../core/settings.ts";
import { healthy, NOW, signedIn } from "../../test/support/healthy.ts";
import type { Evidence, HopFailure, IdentityEvidence, Route } from "./evidence.ts";
import { examine } from "./examine.ts";
import { FINDING_CODES } from "./finding.ts";
import type { FindingCode, Severity } from "./finding.ts";

type Change = (evidence: Evidence) => Evidence;
type Case = readonly [what: string, change: Change, ...found: readonly `${Severity} ${FindingCode}`[]];

const logins =
  (more: Partial<Evidence["logins"]>): Change =>
  (now) => ({ ...now, logins: { ...now.logins, ...more } });
const variables =
  (more: Partial<Evidence["variables"]>): Change =>
  (now) => ({ ...now, variables: { ...now.variables, ...more } });
const program =
  (more: Partial<Evidence["program"]>): Change =>
  (now) => ({ ...now, program: { ...now.program, ...more } });
const cache =
  (more: Partial<Evidence["cache"]>): Change =>
  (now) => ({ ...now, cache: { ...now.cache, ...more } });
const user =
  (more: Partial<Evidence["user"]>): Change =>
  (now) => ({ ...now, user: { ...now.user, ...more } });
/** An environment, and the settings that are read from it. */
const env =
  (more: Evidence["env"]): Change =>
  (now) => {
    const all = { ...now.env, ...more };
    const home = all["HOME"] ?? "";
    const machine = { platform: "linux", home, cwd: "/home/me/work", userHome: () => undefined } as const;
    return { ...now, env: all, settings: readSettings(all, machine) };
  };
const both =
  (...changes: readonly Change[]): Change =>
  (now) =>
    changes.reduce((evidence, change) => change(evidence), now);
const asked =
  (more: Partial<Extract<Evidence["network"], { kind: "asked" }>>): Change =>
  (now) => {
    assert.ok(now.network.kind === "asked");
    return { ...now, network: { ...now.network, ...more } };
  };
const whois = (identity: IdentityEvidence): Change => asked({ identity });
const token = (more: object): Change =>
  whois({ kind: "known", identity: { type: "user", name: "me", orgs: [], ...more } });
const stopsAt = (code: HopFailure["code"]): Change =>
  asked({
    endpoint: {
      host: "huggingface.co",
      proxy: undefined,
      hops: [
        { hop: "name", to: "huggingface.co", ms: 3, detail: "", failure: { code, message: "No.", hint: "Mend it." } },
      ],
    },
    identity: { kind: "not-asked" },
  });
/** A way to storage that ends at its first step. */
const cut = (code: HopFailure["code"]): Route => ({
  host: "cdn.example",
  proxy: undefined,
  hops: [{ hop: "name", to: "cdn.example", ms: 3, detail: "", failure: { code, message: "No.", hint: "Mend it." } }],
});
const anonymous: SourceSurvey = { resolution: { kind: "anonymous", passed: [] }, sources: [] };
const refusedBy = (source: string): SourceSurvey => ({
  resolution: { kind: "refused", source, passed: [], error: new TokenError("ERR_HF_TOKEN_ENDPOINT", "Not there.") },
  sources: [],
});
const ours = await signedIn();
const active = ours.sources[0];
assert.ok(active !== undefined);
const expiring = (days: number): SourceSurvey => ({
  ...ours,
  sources: [{ ...active, expiresAt: new Date(NOW + days * 86_400_000) }],
});
const dotenv = (inGit: Evidence["dotenv"][number]["inGit"], mode = 0o600): Change => {
  const file = { path: "/home/me/work/.env", name: ".env", variables: ["HF_TOKEN"], mode, inGit };
  return (now) => ({ ...now, dotenv: [file] });
};
const inside = (tracked: boolean, ignored: boolean) =>
  ({ kind: "inside", root: "/home/me/work", tracked, ignored }) as const;
const padded = { kind: "padded", words: "had quotes around it, which were removed" } as const;
const wrong = { kind: "wrong", words: "holds a web page" } as const;
const FILE = { path: "/home/me/.cache/huggingface/token", link: false };
const state =
  (at: number, unsafe: string): Change =>
  (now) => {
    const states = now.logins.states.map((one, index) => (index === at ? { ...one, unsafe } : one));
    return logins({ states })(now);
  };

const CASES: readonly Case[] = [
  ["nothing wrong", (now) => now],
  ["an old Node", program({ nodeVersion: "18.20.4" }), "error node-too-old"],
  ["a minor too old", program({ nodeVersion: "20.18.3" }), "error node-too-old"],
  ["a newer Node", program({ nodeVersion: "24.1.0" })],
  [
    "npm's folder off the PATH",
    program({ onPath: [], binOnPath: false, binFolder: "/opt/node/bin" }),
    "error hf-not-on-path",
  ],
  [
    "a checkout",
    program({ onPath: [], binOnPath: false, binFolder: undefined, realScript: "/src/hf.cjs" }),
    "note hf-not-on-path",
  ],
  [
    "Python's hf first",
    program({
      onPath: [
        { name: "hf", path: "/a/hf", kind: "python" },
        { name: "hf", path: "/usr/bin/hf", kind: "ours" },
      ],
    }),
    "note other-hf-first",
  ],
  [
    "a stranger's hf first",
    program({
      onPath: [
        { name: "hf", path: "/a/hf", kind: "other" },
        { name: "hf", path: "/usr/bin/hf", kind: "ours" },
      ],
    }),
    "warning other-hf-first",
  ],
  [
    "Python's hf behind ours",
    program({
      onPath: [
        { name: "hf", path: "/usr/bin/hf", kind: "ours" },
        { name: "hf", path: "/a/hf", kind: "python" },
      ],
    }),
    "note other-hf-behind",
  ],
  [
    "Python's huggingface-cli before ours, and our hf before Python's",
    program({
      onPath: [
        { name: "hf", path: "/usr/bin/hf", kind: "ours" },
        { name: "huggingface-cli", path: "/a/huggingface-cli", kind: "python" },
        { name: "hf", path: "/a/hf", kind: "python" },
        { name: "huggingface-cli", path: "/b/huggingface-cli", kind: "ours" },
      ],
    }),
    "note other-hf-first",
  ],
  [
    "both names of ours",
    program({
      onPath: [
        { name: "hf", path: "/usr/bin/hf", kind: "ours" },
        { name: "huggingface-cli", path: "/usr/bin/huggingface-cli", kind: "ours" },
      ],
    }),
  ],
  [
    "root in a folder of another user",
    both(user({ uid: 0, name: "root" }), (now) => logins({ home: { ...now.logins.home, owner: 1000 } })(now)),
    "warning token-file-foreign",
  ],
  [
    "root with its own",
    both(user({ uid: 0, name: "root" }), (now) =>
      logins({
        home: { ...now.logins.home, owner: 0 },
        tokenFile: { ...now.logins.tokenFile, uid: 0 },
        storedTokens: { ...now.logins.storedTokens, uid: 0 },
      })(now),
    ),
  ],
  ["an empty HF_TOKEN beside a login", variables({ emptyTokens: ["HF_TOKEN"] }), "note variable-empty"],
  [
    "an empty HF_TOKEN and no login",
    both(
      variables({ emptyTokens: ["HF_TOKEN"] }),
      logins({ survey: anonymous, content: undefined, tokenFile: { ...FILE, kind: "absent" } }),
    ),
    "warning variable-empty",
    "warning not-signed-in",
  ],
  [
    "a login left at the usual place",
    both(env({ HF_HOME: "/data/hf" }), logins({ elsewhere: "/home/me/.cache/huggingface/token" })),
    "note login-elsewhere",
  ],
  [
    "the only login left at the usual place",
    both(
      env({ HF_HOME: "/data/hf" }),
      logins({
        elsewhere: "/home/me/.cache/huggingface/token",
        survey: anonymous,
        content: undefined,
        tokenFile: { ...FILE, kind: "absent" },
      }),
    ),
    "warning login-elsewhere",
  ],
  [
    "a configuration of git that can't be read",
    (now) => ({ ...now, git: { kind: "broken", why: "git could not read its configuration: bad line 3." } }),
    "error git-config-broken",
  ],
  [
    "a git that does not answer",
    (now) => ({ ...now, git: { kind: "unknown", why: "git config took longer than 1.5 s." } }),
    "note not-checked",
  ],
  ["a PATH that leads into the project", program({ relativePath: ["."] }), "warning path-relative"],
  [
    "npx",
    program({
      binFolder: undefined,
      binOnPath: false,
      realScript: "/home/me/.npm/_npx/1/node_modules/latchkey/dist/bin/hf.cjs",
    }),
    "note from-npx-cache",
  ],

  ["HOME=/", both(env({ HOME: "/" }), user({ name: undefined })), "error no-home"],
  ["no account and no home, but HF_HOME", both(env({ HOME: "/", HF_HOME: "/data/hf" }), user({ name: undefined }))],
  [
    "a home that may not be written",
    logins({ home: { path: "/h/hf", tried: "/h", refusal: "EACCES", symlinks: undefined, locks: undefined } }),
    "error home-not-writable",
  ],
  [
    "a read-only disk",
    logins({ home: { path: "/h/hf", tried: "/h", refusal: "EROFS", symlinks: undefined, locks: undefined } }),
    "error home-not-writable",
  ],
  [
    "a disk without a place for another file, told with its own words",
    logins({ home: { path: "/h/hf", tried: "/h", refusal: "ENOSPC", symlinks: undefined, locks: undefined } }),
    "error home-not-writable",
  ],
  [
    "a file in the place of the home, told once",
    logins({
      home: { path: "/h/hf", tried: "/h/hf", refusal: "ENOTDIR", symlinks: undefined, locks: undefined },
      faults: [diskError(Object.assign(new Error("x"), { code: "ENOTDIR" }), "read the saved logins", "/h/hf/x")],
    }),
    "error home-not-writable",
  ],
  [
    "a home in a folder that keeps this user out, told once",
    both(
      logins({
        home: { path: dirname(FILE.path), tried: "/home/me", refusal: "EACCES", symlinks: undefined, locks: undefined },
        tokenFile: { ...FILE, kind: "hidden", error: "EACCES" },
        storedTokens: { ...FILE, path: `${FILE.path}s`, kind: "hidden", error: "EACCES" },
        content: undefined,
        survey: refusedBy(`file:${FILE.path}`),
        faults: [diskError(Object.assign(new Error("x"), { code: "EACCES" }), "read the saved logins", "/h/hf/x")],
      }),
      cache({
        probe: { path: "/home/me/x", tried: "/home/me", refusal: "EACCES", symlinks: undefined, locks: undefined },
      }),
    ),
    "error home-not-writable",
  ],
  [
    "a token file that only its owner reads, told once",
    logins({
      tokenFile: { ...FILE, kind: "file", uid: 0 },
      content: undefined,
      survey: refusedBy(`file:${FILE.path}`),
    }),
    "error token-file-foreign",
  ],
  ["sudo in another's home", both(env({ SUDO_USER: "me" }), user({ uid: 0, name: "root" })), "warning home-by-sudo"],
  [
    "sudo in root's home",
    both(
      env({ SUDO_USER: "me", HOME: "/root" }),
      user({ uid: 0, name: "root" }),
      logins({ tokenFile: { ...FILE, kind: "file", uid: 0 }, storedTokens: { ...FILE, kind: "file", uid: 0 } }),
    ),
  ],
  [
    "a container without a volume",
    both(user({ inContainer: true }), (now) => ({ ...now, mounted: false })),
    "note home-in-container",
  ],
  ["a container with one", both(user({ inContainer: true }), (now) => ({ ...now, mounted: true }))],
  ["a loose token file", state(0, "can be read by other users (mode 644)"), "warning token-file-loose"],
  ["a loose folder", state(3, "can be written by other users (mode 777)"), "warning folder-loose"],
  ["another's token file", logins({ tokenFile: { ...FILE, kind: "file", uid: 0 } }), "warning token-file-foreign"],
  [
    "another's token file that can't be read",
    logins({ tokenFile: { ...FILE, kind: "file", uid: 0 }, content: undefined }),
    "error token-file-foreign",
  ],
  [
    "a token file that is a folder",
    logins({ tokenFile: { ...FILE, kind: "folder" }, content: undefined }),
    "error token-file-wrong-kind",
  ],
  [
    "a token file that is a pipe",
    logins({ tokenFile: { ...FILE, kind: "other" }, content: undefined, survey: undefined }),
    "error token-file-wrong-kind",
  ],
  [
    "a link that leads nowhere",
    logins({ tokenFile: { ...FILE, kind: "absent", link: true }, content: undefined }),
    "error token-file-wrong-kind",
  ],
  [
    "a token file that may not be seen",
    logins({ tokenFile: { ...FILE, kind: "hidden", error: "EACCES" }, content: undefined }),
    "error token-file-unreadable",
  ],
  ["quotes in the token file", logins({ content: padded }), "warning token-file-content"],
  ["an empty token file", logins({ content: { kind: "empty", words: "is empty" } }), "warning token-file-content"],
  [
    "a web page in the token file, told once",
    logins({ content: wrong, survey: refusedBy(`file:${FILE.path}`) }),
    "error token-file-content",
  ],
  [
    "a store in JSON",
    logins({ faults: [new DiskError("ERR_HF_STORE_UNREADABLE", "It is JSON.")] }),
    "error logins-unreadable",
  ],
  [
    "a lock that is held",
    logins({ lock: { path: "/l", state: "held", holder: { pid: 7, name: "python3" }, stale: undefined } }),
    "warning store-locked",
  ],
  [
    "a mark where locks work",
    logins({ lock: { path: "/l", state: "free", holder: undefined, stale: { path: "/l", pid: 7 } } }),
  ],
  [
    "a mark where no locks work",
    (now) =>
      logins({
        home: { ...now.logins.home, locks: false },
        lock: { path: "/l", state: "free", holder: undefined, stale: { path: "/l", pid: 7 } },
      })(now),
    "warning stale-lock",
  ],

  ["empty variables", env({ HF_HOME: "", HF_HUB_CACHE: "" }), "warning variable-empty"],
  ["an empty switch", env({ HF_HUB_OFFLINE: "" })],
  ["HF_HOME in quotes", env({ HF_HOME: '"/data"' }), "warning variable-odd"],
  ["HF_HOME with ~", env({ HF_HOME: "~/hf" }), "warning variable-odd"],
  ["a relative HF_HOME", env({ HF_HOME: "hf" }), "warning variable-odd"],
  ["HF_HOME with a variable in it", env({ HF_HOME: "/data/$USER" }), "warning variable-odd"],
  ["a switch that is none", env({ HF_HUB_OFFLINE: "y" }), "warning variable-odd"],
  ["HF_HOME that is the folder of models", env({ HF_HOME: "/data/huggingface/hub" }), "warning home-surprise"],
  ["an old variable of transformers", env({ TRANSFORMERS_CACHE: "/data" }), "note home-surprise"],
  ["HF_HUB_CACHE beside HF_HOME", env({ HF_HOME: "/data/hf", HF_HUB_CACHE: "/models" }), "note home-surprise"],
  ["models at the usual place", cache({ elsewhere: "/home/me/.cache/huggingface/hub" }), "note cache-elsewhere"],
  [
    "HF_TOKEN in quotes",
    variables({ tokens: [{ name: "HF_TOKEN", content: padded }] }),
    "warning token-variable-content",
  ],
  [
    "HF_TOKEN with a blank not filled in",
    variables({ tokens: [{ name: "HF_TOKEN", content: wrong }] }),
    "error token-variable-content",
  ],
  [
    "HF_TOKEN of blanks",
    variables({ tokens: [{ name: "HF_TOKEN", content: { kind: "empty", words: "is empty" } }] }),
    "warning token-variable-content",
  ],
  ["a hidden login", logins({ hiddenBy: "env:HF_TOKEN" }), "warning token-shadowed"],
  [
    "an old name",
    variables({ tokens: [{ name: "HUGGING_FACE_HUB_TOKEN", content: { kind: "token", words: "" } }] }),
    "note token-variable-legacy",
  ],
  [
    "a deprecated name",
    variables({ tokens: [{ name: "HUGGINGFACE_TOKEN", content: { kind: "token", words: "" } }] }),
    "warning token-variable-legacy",
  ],
  ["a look-alike beside a login", variables({ lookAlikes: ["HF_API_TOKEN"] }), "note look-alike-variable"],
  [
    "a look-alike and no login",
    both(
      variables({ lookAlikes: ["HF_API_TOKEN"] }),
      logins({ survey: anonymous, content: undefined, tokenFile: { ...FILE, kind: "absent" } }),
    ),
    "warning look-alike-variable",
  ],
  [
    "offline",
    both(env({ HF_HUB_OFFLINE: "1" }), (now) => ({ ...now, network: { kind: "off", why: "offline" } })),
    "warning offline-switch",
  ],
  ["implicit tokens off", env({ HF_HUB_DISABLE_IMPLICIT_TOKEN: "1" }), "warning implicit-token-off"],
  [
    "an endpoint that is none",
    (now) => ({ ...now, endpointError: new UsageError("ERR_HF_INVALID_ENDPOINT", "Nonsense.") }),
    "error endpoint-invalid",
  ],
  [
    "an endpoint in clear",
    both(env({ HF_ENDPOINT: "http://hub.acme.io" }), logins({ survey: refusedBy("file:x") })),
    "error endpoint-plain-http",
    "error token-refused",
    "note endpoint-other",
  ],
  ["another endpoint", env({ HF_ENDPOINT: "https://hub.acme.io" }), "note endpoint-other"],
  [
    "certificates that are not there",
    variables({ unreadableCertificates: [{ name: "SSL_CERT_FILE", path: "/x", why: "it is not there" }] }),
    "error certificates-unreadable",
  ],
  ["no check of certificates", env({ NODE_TLS_REJECT_UNAUTHORIZED: "0" }), "error tls-check-off"],
  [
    "a proxy that is none",
    variables({ proxyError: new UsageError("ERR_HF_USAGE", "No http:// address.") }),
    "error proxy-invalid",
  ],

  [
    "nobody signed in",
    logins({ survey: anonymous, content: undefined, savedLogins: 0, tokenFile: { ...FILE, kind: "absent" } }),
    "warning not-signed-in",
  ],
  ["a refused source", logins({ survey: refusedBy("oidc") }), "error token-refused"],
  [
    "a dead token",
    whois({ kind: "failed", error: new TokenError("ERR_HF_INVALID_TOKEN", "Unknown.") }),
    "error token-invalid",
  ],
  ["an expired token", both(logins({ survey: expiring(-1) }), whois({ kind: "not-asked" })), "error token-expired"],
  ["an expired date that the Hub knows better", logins({ survey: expiring(-1) })],
  ["an end that is near", logins({ survey: expiring(3) }), "warning token-expires-soon"],
  ["an end that is near, and renewed by itself", logins({ survey: expiring(3), renewed: true })],
  ["an end that is far", logins({ survey: expiring(60) })],
  ["a token that may write", token({ token: { role: "write" } }), "note token-may-write"],
  [
    "a fine-grained token without gated repos",
    token({ token: { role: "fineGrained", permissions: { canReadGatedRepos: false, global: [], scoped: [] } } }),
    "warning token-no-gated",
  ],
  [
    "an organisation that wants more",
    token({ orgs: [{ name: "acme", restrictions: ["sso"] }], token: { role: "read" } }),
    "warning organisation-restricts",
  ],
  ["a Hub that has no time", whois({ kind: "failed", error: new RateLimitError("Too many.") }), "note not-checked"],

  [
    "an entry in .netrc",
    (now) => ({ ...now, netrc: { path: "/home/me/.netrc", machine: "huggingface.co" } }),
    "warning netrc-entry",
  ],
  [".env in git", dotenv(inside(true, false)), "error dotenv-tracked"],
  [".env that git may take", dotenv(inside(false, false)), "warning dotenv-not-ignored"],
  [".env as it should be", dotenv(inside(false, true))],
  [".env outside of git", dotenv({ kind: "outside" })],
  [".env for everybody", dotenv({ kind: "outside" }, 0o644), "note dotenv-loose"],
  ["no git", (now) => ({ ...now, git: { kind: "missing", why: "git could not be started." } }), "note git-missing"],
  ["no helper", (now) => ({ ...now, git: { kind: "found", helpers: 0, ours: [] } }), "note git-helper-missing"],
  [
    "a helper that is gone",
    (now) => ({ ...now, git: { kind: "found", helpers: 1, ours: [{ node: "/n", program: "/p", works: false }] } }),
    "error git-helper-stale",
  ],

  ...(
    [
      "name-not-found",
      "name-servers-silent",
      "host-unreachable",
      "proxy-refuses",
      "tls-untrusted",
      "no-answer",
      "not-a-hub",
      "hub-down",
    ] as const
  ).map((code): Case => [`a way that ends with ${code}`, stopsAt(code), `error ${code}`]),
  ["a storage host that is cut off", asked({ storage: [cut("host-unreachable")] }), "error storage-unreachable"],
  ["the only storage host without a name", asked({ storage: [cut("name-not-found")] }), "error storage-unreachable"],
  [
    "a storage host without a name, and one that answers",
    asked({ storage: [cut("name-not-found"), { host: "other.example", proxy: undefined, hops: [] }] }),
    "warning storage-unreachable",
  ],
  ["a storage host for which no time was left", asked({ unclearStorage: ["files.example"] }), "note not-checked"],
  ["a clock two minutes ahead", asked({ hubTime: { theirs: NOW, ours: NOW + 120_000 } }), "warning clock-skew"],
  ["a clock a day behind", asked({ hubTime: { theirs: NOW + 86_400_000, ours: NOW } }), "error clock-skew"],
  ["a clock ten seconds off", asked({ hubTime: { theirs: NOW, ours: NOW + 10_000 } })],

  ["a full disk", cache({ freeBytes: 1000 }), "error disk-full"],
  ["no inodes", cache({ hasInodes: false }), "error disk-full"],
  ["little space", cache({ freeBytes: 1e9 }), "warning disk-low"],
  [
    "a cache that may not be written",
    (now) => cache({ probe: { ...now.cache.probe, refusal: "EACCES" } })(now),
    "error cache-not-writable",
  ],
  ["no symlinks", (now) => cache({ probe: { ...now.cache.probe, symlinks: false } })(now), "note no-symlinks"],
  [
    "no locks on NFS",
    (now) => cache({ probe: { ...now.cache.probe, locks: false }, fileSystem: "NFS" })(now),
    "warning no-locks",
  ],
  ["NFS with locks", cache({ fileSystem: "NFS" })],
  [
    "a download that runs",
    cache({ locks: { held: [{ holder: { pid: 7, name: "node" }, count: 3 }], stale: [] } }),
    "note cache-locked",
  ],
  [
    "marks in a cache without locks",
    (now) =>
      cache({ probe: { ...now.cache.probe, locks: false }, locks: { held: [], stale: [{ path: "/l", pid: 7 }] } })(now),
    "warning no-locks",
    "warning stale-lock",
  ],
  ["marks in a cache with locks", cache({ locks: { held: [], stale: [{ path: "/l", pid: 7 }] } })],
  ["a token among arguments", (now) => ({ ...now, exposed: [{ pid: 7, name: "curl" }] }), "warning token-in-arguments"],
  ["a cache in memory", cache({ fileSystem: "tmpfs" }), "note cache-in-memory"],
];

describe("examine()", () => {
  for (const [what, change, ...expected] of CASES) {
    it(`finds for ${what}: ${expected.join(", ") || "nothing"}`, async () => {
      const found = examine(change(await healthy()));
      assert.deepEqual(
        found.map(({ severity, code }) => `${severity} ${code}`),
        expected,
      );
      for (const { message, fix } of found) {
        assert.match(message, /^[^\s].*\.$/s, "a message is a sentence");
        assert.notEqual(fix.text, "");
      }
    });
  }

  it("has a case for every code", () => {
    const reached = new Set(CASES.flatMap(([, , ...found]) => found.map((words) => words.split(" ")[1])));
    assert.deepEqual(
      FINDING_CODES.filter((code) => !reached.has(code)),
      [],
    );
  });

  it("puts errors first, then warnings, then notes", async () => {
    const changed = both(
      cache({ freeBytes: 1e9, fileSystem: "tmpfs" }),
      program({ nodeVersion: "18.0.0" }),
      variables({ lookAlikes: ["HF_API_TOKEN"] }),
    )(await healthy());
    assert.deepEqual(
      examine(changed).map(({ severity }) => severity),
      ["error", "warning", "note", "note"],
    );
  });

  it("names the process that holds the lock, and tells nobody to delete it", async () => {
    const lock = { path: "/l", state: "held", holder: { pid: 7, name: "python3" }, stale: undefined } as const;
    const [finding] = examine(logins({ lock })(await healthy()));
    assert.match(finding?.message ?? "", /process 7 \(python3\)/);
    assert.equal(finding?.fix.action, undefined);
  });

  it("says nothing twice of a network that is not there", async () => {
    const error = new NetworkError("ERR_HF_NETWORK", "No.");
    const changed = both(whois({ kind: "failed", error }), stopsAt("name-not-found"));
    assert.equal(examine(changed(await healthy())).length, 1);
  });
});

describe("the words of a finding", () => {
  const found = async (change: Change) => examine(change(await healthy()))[0];

  it("say of a full disk to free space, and never to take what belongs to another", async () => {
    const full = await found(
      logins({ home: { path: "/h/hf", tried: "/h", refusal: "ENOSPC", symlinks: undefined, locks: undefined } }),
    );
    assert.match(full?.message ?? "", /there is no space left\.$/);
    assert.match(full?.fix.text ?? "", /^Free some space/);
    assert.doesNotMatch(full?.fix.command ?? "", /chown/);
  });

  it("say how long a token lives, and promise no more", async () => {
    const ends = async (hours: number) => (await found(logins({ survey: expiring(hours / 24) })))?.message ?? "";
    assert.match(await ends(0.5), /, in less than an hour\.$/);
    assert.match(await ends(1), /, in an hour\.$/);
    assert.match(await ends(30), /, in 30 hours\.$/);
    assert.match(await ends(71), /, in 2 days\.$/);
  });

  it("speak of a saved login where there is one", async () => {
    const error = new TokenError("ERR_HF_INVALID_TOKEN", "Unknown.");
    const resolution = await resolveToken([
      { name: "env:HF_TOKEN", read: async () => ({ kind: "found", token: Secret.of("x") }) },
    ]);
    const words = async (savedLogins: number) =>
      (await found(both(logins({ savedLogins, survey: { ...ours, resolution } }), whois({ kind: "failed", error }))))
        ?.fix.text ?? "";
    assert.match(await words(1), /unset it to use a saved login/);
    assert.match(await words(0), /unset it and sign in with 'hf auth login'\.$/);
  });

  it("give nobody the home folder of another user", async () => {
    const closed = { path: "/home/me/hf", refusal: "EACCES", owner: 1001, symlinks: undefined, locks: undefined };
    const whole = await found(logins({ home: { ...closed, tried: "/home/me" } }));
    assert.match(whole?.message ?? "", /: \/home\/me belongs to user 1001, .*\(EACCES\)\.$/);
    assert.match(whole?.fix.text ?? "", /^Set HOME to /);
    assert.doesNotMatch(whole?.fix.command ?? "", /chown/);
    const below = await found(logins({ home: { ...closed, tried: "/home/me/.cache" } }));
    assert.equal(below?.fix.command, "sudo chown -R me /home/me/.cache");
  });

  it("tell a number without an account of no sudo", async () => {
    const foreign = logins({ tokenFile: { ...FILE, kind: "file", uid: 0 }, content: undefined });
    const nameless = await found(both(user({ name: undefined }), foreign));
    assert.deepEqual([nameless?.code, nameless?.fix.command], ["token-file-foreign", undefined]);
    assert.match(nameless?.fix.text ?? "", /HF_TOKEN/);
    assert.match((await found(foreign))?.fix.command ?? "", /^sudo chown 1000 /);
  });

  it("show blanks around a value", async () => {
    const odd = await found(env({ HF_HOME: "/data/hf " }));
    assert.deepEqual(odd?.evidence, ['HF_HOME="/data/hf "']);
  });

  it("name the proxy where the way ends at it, and the variable", async () => {
    const cutAtProxy: Change = (now) => {
      const hop = { to: "proxy:3128", ms: 3, detail: "" } as const;
      const failure = { code: "host-unreachable", message: "No.", hint: "Mend it." } as const;
      const hops = [
        { ...hop, hop: "name", failure: undefined },
        { ...hop, hop: "connection", failure },
      ] as const;
      const endpoint: Route = { host: "huggingface.co", proxy: "proxy:3128", hops };
      return asked({ endpoint, identity: { kind: "not-asked" } })(now);
    };
    const seen = await found(both(env({ https_proxy: "http://proxy:3128" }), cutAtProxy));
    assert.equal(seen?.message, "The way to huggingface.co goes by the proxy proxy:3128, which can't be reached. No.");
    assert.match(
      seen.fix.text,
      /^Check the address in https_proxy, .* huggingface\.co needs no proxy, name it in NO_PROXY\.$/,
    );
  });
});

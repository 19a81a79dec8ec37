import assert from "node:assert/strict";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { systemClock } from "../core/clock.ts";
import { DiskError } from "../core/errors.ts";
import { acquireFileLock } from "../core/file-lock.ts";
import type { Environment } from "../core/ports.ts";
import { Secret } from "../core/secret.ts";
import { createFileTokenStore } from "./file-token-store.ts";
import { createFolderLogins } from "./folder-logins.ts";
import type { FolderLogins } from "./folder-logins.ts";
import { formatFolderRules, nearestRule, parseFolderRules } from "./folder-rules.ts";
import { resolveToken } from "./resolve.ts";
import type { TokenResolution } from "./resolve.ts";
import { tokenSources } from "./sources.ts";
import type { ExplicitToken } from "./sources.ts";
import { planLogin } from "./store-plans.ts";
import { surveySources } from "./survey.ts";
import { isTokenVariable } from "./token-variables.ts";
import type { TokenStore } from "./token-store.ts";
import { noLocks } from "../../test/support/locks.ts";

const HUB = "https://huggingface.co";
const secret = (text: string): Secret => Secret.of(`hf_${text.padEnd(34, "f")}`);

let root: string;
let home: string;
let store: TokenStore;
let folders: FolderLogins;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "latchkey-folders-")));
  home = join(root, "home");
  const storedTokensPath = join(home, "stored_tokens");
  const { platform } = process;
  store = createFileTokenStore({ tokenPath: join(home, "token"), storedTokensPath, platform, clock: systemClock });
  folders = createFolderLogins({ storedTokensPath, platform, lockTimeoutMs: 5_000 });
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const folder = (...names: string[]): string => {
  const path = join(root, ...names);
  mkdirSync(path, { recursive: true });
  return path;
};
const save = (name: string, origin = HUB): Promise<unknown> =>
  store.write((now) => planLogin(now, { name, token: secret(name), origin }));

const sources = (cwd: string, env: Environment = {}, endpoint = HUB, explicit?: ExplicitToken) =>
  tokenSources({ env, endpoint, store, explicit, folderRule: () => folders.find(cwd) });
async function winner(...args: Parameters<typeof sources>): Promise<string> {
  const found: TokenResolution = await resolveToken(sources(...args));
  if (found.kind === "anonymous") return "nobody";
  const what = found.kind === "found" ? found.tokenName : found.kind === "refused" ? found.error.code : "promised";
  return `${found.source.replace(root, "~")} ${String(what)}`;
}

describe("the rules of folders as text", () => {
  it("come back as they were written", () => {
    const rules = new Map([
      ["/b", "work"],
      ["/a", 'a name, with "signs"'],
    ]);
    assert.deepEqual(parseFolderRules(formatFolderRules(rules)), new Map([...rules].toSorted()));
  });

  it("are no rules when anything in them is odd", () => {
    for (const text of [
      "",
      "[]",
      "null",
      '{"folders":{}}',
      '{"version":2,"folders":{}}',
      '{"version":1}',
      '{"version":1,"folders":{"/a":1}}',
      '{"version":1,"folders":{"/a":""}}',
      '{"version":1,"folders":{"a":"relative"}}',
    ]) {
      assert.equal(parseFolderRules(text), undefined, text);
    }
  });

  it("count for the nearest folder, and for nothing that only begins alike", () => {
    const rules = new Map([
      ["/home/me", "own"],
      ["/home/me/work", "work"],
    ]);
    const name = (path: string) => nearestRule(rules, path, "linux")?.tokenName;
    assert.equal(name("/home/me/work/a/b"), "work");
    assert.equal(name("/home/me/worker"), "own");
    assert.equal(name("/home"), undefined);
    assert.equal(nearestRule(new Map([["/", "all"]]), "/x", "linux")?.folder, "/");
    assert.equal(nearestRule(new Map([["C:\\work", "w"]]), "C:\\work\\a", "win32")?.tokenName, "w");
    assert.equal(nearestRule(new Map([["C:\\", "w"]]), "D:\\work", "win32"), undefined);
  });
});

describe("createFolderLogins()", () => {
  it("keeps a rule privately, beside the logins, and finds it below and through links", async () => {
    const work = folder("work");
    const deep = folder("work", "a", "b");
    assert.deepEqual(await folders.set(work, "job"), { folder: work, before: undefined, changed: true });
    assert.equal(statSync(folders.path).mode & 0o777, 0o600);
    assert.deepEqual(JSON.parse(readFileSync(folders.path, "utf8")), { version: 1, folders: { [work]: "job" } });
    assert.equal(folders.find(deep)?.tokenName, "job");
    symlinkSync(deep, join(root, "link"));
    assert.equal(folders.find(join(root, "link"))?.folder, work);
    // The rule is about the folder, whatever way one came in.
    await folders.set(join(root, "link"), "other");
    assert.deepEqual(folders.find(deep), { folder: deep, tokenName: "other" });
  });

  it("changes nothing that is so already, and takes away one rule alone", async () => {
    const [a, b] = [folder("a"), folder("b")];
    assert.equal((await folders.set(a, undefined)).changed, false);
    await folders.set(a, "one");
    await folders.set(b, "two");
    assert.deepEqual(await folders.set(a, "one"), { folder: a, before: "one", changed: false });
    assert.deepEqual(await folders.set(a, undefined), { folder: a, before: "one", changed: true });
    assert.equal(folders.find(a), undefined);
    assert.equal(folders.find(b)?.tokenName, "two");
  });

  it("loses none of many changes at once", { skip: noLocks }, async () => {
    const all = Array.from({ length: 12 }, (_, at) => folder(`f${at}`));
    await Promise.all(all.map((path) => folders.set(path, "x")));
    for (const path of all) assert.equal(folders.find(path)?.folder, path);
  });

  it("changes them under the lock of the logins", { skip: noLocks }, async () => {
    const work = folder("work");
    mkdirSync(home);
    const lock = await acquireFileLock(join(home, "stored_tokens.lock"), { timeoutMs: 0 });
    const { platform } = process;
    const impatient = createFolderLogins({ storedTokensPath: join(home, "stored_tokens"), platform, lockTimeoutMs: 0 });
    try {
      await assert.rejects(
        impatient.set(work, "x"),
        (error) => error instanceof DiskError && error.code === "ERR_HF_LOCK_TIMEOUT",
      );
    } finally {
      lock.release();
    }
    assert.equal((await impatient.set(work, "x")).changed, true);
  });

  it("does not write over rules that it can't read", async () => {
    const work = folder("work");
    mkdirSync(home, { recursive: true });
    writeFileSync(folders.path, "{");
    const isUnreadable = (error: unknown) => error instanceof DiskError && error.code === "ERR_HF_STORE_UNREADABLE";
    assert.throws(() => folders.find(work), isUnreadable);
    await assert.rejects(folders.set(work, "x"), isUnreadable);
    assert.equal(readFileSync(folders.path, "utf8"), "{");
  });
});

describe("the login of a folder as a source", () => {
  it("comes after the variables and before the active login", async () => {
    const work = folder("work");
    await save("job");
    await save("own");
    assert.equal(await winner(work), "file:~/home/token own");
    await folders.set(work, "job");
    assert.equal(await winner(folder("work", "deep")), "folder:~/work job");
    assert.equal(await winner(root), "file:~/home/token own");
    assert.equal(await winner(work, { HUGGING_FACE_HUB_TOKEN: "hf_legacy" }), "env:HUGGING_FACE_HUB_TOKEN undefined");
    assert.equal(await winner(work, { HUGGINGFACE_TOKEN: "hf_old" }), "folder:~/work job");
  });

  it("is refused when the login is gone, or belongs elsewhere, and never falls through", async () => {
    const work = folder("work");
    await save("own");
    await folders.set(work, "job");
    assert.equal(await winner(work), "folder:~/work ERR_HF_TOKEN_REFUSED");
    await save("job", "https://hub.acme.io");
    assert.equal(await winner(work), "folder:~/work ERR_HF_TOKEN_ENDPOINT");
    assert.equal(await winner(work, {}, "https://hub.acme.io"), "folder:~/work job");
    writeFileSync(folders.path, "{}");
    assert.equal(await winner(work), "folder ERR_HF_STORE_UNREADABLE");
  });

  it("has its own row, with the folder and the name", async () => {
    const work = folder("work");
    await save("job");
    await save("own");
    await folders.set(work, "job");
    const { sources: rows } = await surveySources(sources(work), Date.now());
    const row = rows.find(({ source }) => source.startsWith("folder"));
    assert.equal(row?.source, `folder:${work}`);
    assert.equal(row?.tokenName, "job");
    assert.equal(row?.state, "active");
    const file = rows.find(({ source }) => source.startsWith("file:"));
    assert.equal(file?.shadowedBy, `folder:${work}`);
  });
});

describe("a login that is named", () => {
  const as = (tokenName: string): ExplicitToken => ({ tokenName, source: "flag:--as" });

  it("is used before everything else", async () => {
    await save("job");
    await save("own");
    assert.equal(await winner(root, { HF_TOKEN: "hf_env" }, HUB, as("job")), "flag:--as job");
  });

  it("is refused when it is missing, empty, of another endpoint, or in a file that can't be read", async () => {
    await save("own");
    await save("acme", "https://hub.acme.io");
    assert.equal(await winner(root, { HF_TOKEN: "hf_env" }, HUB, as("onw")), "flag:--as ERR_HF_TOKEN_NAME");
    assert.equal(await winner(root, {}, HUB, as("acme")), "flag:--as ERR_HF_TOKEN_ENDPOINT");
    assert.equal(await winner(root, {}, "http://huggingface.co", as("own")), "flag:--as ERR_HF_INSECURE_ENDPOINT");
    writeFileSync(join(home, "stored_tokens"), "[empty]\nhf_token = \n\n");
    assert.equal(await winner(root, {}, HUB, as("empty")), "flag:--as ERR_HF_TOKEN_REFUSED");
    writeFileSync(join(home, "stored_tokens"), "nonsense");
    assert.equal(await winner(root, {}, HUB, as("own")), "flag:--as ERR_HF_STORE_UNREADABLE");
    writeFileSync(join(home, "stored_tokens"), "[own]\nhf_token = hf_x\n\n");
    writeFileSync(join(home, "latchkey.json"), "nonsense");
    assert.equal(await winner(root, {}, HUB, as("own")), "flag:--as ERR_HF_STORE_UNREADABLE");
  });
});

describe("isTokenVariable()", () => {
  it("knows what holds a token, in any case, and nothing else", () => {
    for (const name of ["HF_TOKEN", "Hf_Token", "HUGGING_FACE_HUB_TOKEN", "HUGGINGFACE_TOKEN", "HF_API_TOKEN"]) {
      assert.ok(isTokenVariable(name), name);
    }
    for (const name of ["HF_OIDC_RESOURCE", "HF_OIDC_ID_TOKEN", "HF_OIDC_ID_TOKEN_FILE", "HUGGINGFACEHUB_API_TOKEN"]) {
      assert.ok(isTokenVariable(name), name);
    }
    for (const name of ["HF_TOKEN_PATH", "HF_HOME", "HF_ENDPOINT", "GITHUB_TOKEN", "MY_HF_TOKEN", "PATH"]) {
      assert.ok(!isTokenVariable(name), name);
    }
  });
});

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterEach, beforeEach, describe, it } from "node:test";
import { systemClock } from "../core/clock.ts";
import { DiskError, isHfError } from "../core/errors.ts";
import { Secret } from "../core/secret.ts";
import { createFileTokenStore } from "./file-token-store.ts";
import type { Keychain } from "./keychain.ts";
import { logout, logoutAll, switchTo } from "./login.ts";
import { resolveToken } from "./resolve.ts";
import { tokenSources } from "./sources.ts";
import { planLogin } from "./store-plans.ts";
import type { TokenStore } from "./token-store.ts";

const HUB = "https://huggingface.co";
const value = (text: string): string => `hf_${text.padEnd(34, "k")}`;

let home: string;
let chain: Keychain & { readonly kept: Map<string, string>; locked: boolean; asked: number };
let store: TokenStore;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "latchkey-keychain-logins-"));
  const kept = new Map<string, string>();
  const open = (): void => {
    chain.asked++;
    if (chain.locked) throw new DiskError("ERR_HF_KEYCHAIN", "The fake is locked.");
  };
  chain = {
    kept,
    locked: false,
    asked: 0,
    backend: "fake",
    label: "the fake",
    read: async (account) => (open(), kept.get(account)),
    write: async (account, text) => (open(), void kept.set(account, text)),
    remove: async (account) => (open(), kept.delete(account)),
  };
  store = storeAt(home);
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function storeAt(folder: string, asked: Keychain | "none" = chain): TokenStore {
  const keychain = asked === "none" ? undefined : asked;
  const [tokenPath, storedTokensPath] = [join(folder, "token"), join(folder, "stored_tokens")];
  return createFileTokenStore({
    tokenPath,
    storedTokensPath,
    platform: process.platform,
    clock: systemClock,
    keychain,
  });
}

const save = (name: string, inKeychain: boolean, at = store): Promise<unknown> =>
  at.write((now) => planLogin(now, { name, token: Secret.of(value(name)), origin: HUB, inKeychain }));

/** Which login is used: its name, or why none. */
async function used(at = store, env = {}): Promise<string> {
  const found = await resolveToken(tokenSources({ env, endpoint: HUB, store: at }));
  if (found.kind === "found") return `${found.source.replace(home, "~")} ${found.tokenName ?? ""}`;
  return found.kind === "refused" ? `${found.source} ${found.error.code}` : found.kind;
}
const text = (name: string): string => readFileSync(join(home, name), "utf8");

describe("logins of the keychain in a token store", () => {
  it("put names into a file of their own and secrets into none", async () => {
    await save("work", true);
    assert.equal(await used(), "keychain:fake work");
    for (const name of ["token", "stored_tokens"]) assert.equal(existsSync(join(home, name)), false, name);
    assert.ok(text("latchkey-keychain.json").includes("work"));
    assert.ok(!text("latchkey-keychain.json").includes(value("work")));
    assert.equal(chain.kept.size, 1);
  });

  it("cost one question for each state of one, and none for a listing", async () => {
    await save("work", true);
    chain.asked = 0;
    for (let times = 0; times < 3; times++) await used();
    assert.equal(chain.asked, 1);
    await store.read();
    await store.describe();
    assert.equal(chain.asked, 1);
    await save("work", true, storeAt(home));
    chain.asked = 0;
    await used();
    assert.equal(chain.asked, 1, "another process wrote it anew");
  });

  it("give way to a token file, which is a later sign-in, ours or Python's", async () => {
    await save("work", true);
    writeFileSync(join(home, "token"), value("python"));
    assert.equal(await used(), "file:~/token ");
    rmSync(join(home, "token"));
    assert.equal(await used(), "keychain:fake work");
    await save("home", false);
    assert.equal(await used(), "file:~/token home");
    rmSync(join(home, "token"));
    assert.equal(await used(), "anonymous", "a login in a file ended the keychain's turn");
  });

  it("give way to a saved login of the same name", async () => {
    await save("work", true);
    writeFileSync(join(home, "stored_tokens"), `[work]\nhf_token = ${value("python")}\n\n`);
    const now = await store.read();
    assert.deepEqual(now.saved.kind === "ok" && now.saved.logins.map(({ keychain }) => keychain), [undefined]);
    await logout(store, "work");
    assert.equal(chain.kept.size, 0, "both are gone");
  });

  it("are refused while the keychain is locked, and no other identity is used", async () => {
    await save("work", true);
    store = storeAt(home);
    chain.locked = true;
    assert.equal(await used(store, { HUGGINGFACE_TOKEN: value("other") }), "keychain:fake ERR_HF_KEYCHAIN");
    await assert.rejects(switchTo(store, "work", {}), { code: "ERR_HF_KEYCHAIN" });
    await assert.rejects(logout(store, "work"), { code: "ERR_HF_KEYCHAIN" });
    chain.locked = false;
    await switchTo(store, "work", {});
    assert.equal(await used(), "keychain:fake work");
  });

  it("write nothing where the keychain takes nothing", async () => {
    await save("home", false);
    chain.locked = true;
    await assert.rejects(save("work", true), { code: "ERR_HF_KEYCHAIN" });
    assert.equal(existsSync(join(home, "latchkey-keychain.json")), false);
    assert.equal(await used(), "file:~/token home");
    chain.locked = false;
    await save("home", true);
    assert.equal(text("stored_tokens"), "", "the file's own is gone once the keychain has it");
  });

  it("are two stores' own, also under one name", async () => {
    const other = storeAt(join(home, "other"));
    await save("work", true);
    await save("work", true, other);
    assert.equal(chain.kept.size, 2);
    await logoutAll(other);
    assert.equal(await used(), "keychain:fake work");
  });

  it("are refused where no keychain can be asked, or it has something else", async () => {
    await save("work", true);
    assert.equal(await used(storeAt(home, "none")), "keychain:none ERR_HF_KEYCHAIN");
    for (const odd of ["", "no json", "[]", '{"hf_token":7}', '{"hf_token":""}']) {
      for (const account of chain.kept.keys()) chain.kept.set(account, odd);
      assert.equal(await used(storeAt(home)), "keychain:fake ERR_HF_KEYCHAIN", odd);
    }
  });

  it("stop everything that would decide without them when their list can't be read", async () => {
    await save("work", true);
    writeFileSync(join(home, "latchkey-keychain.json"), "{");
    assert.match(await used(), /ERR_HF_STORE_UNREADABLE/);
    await assert.rejects(save("home", false), (error) => isHfError(error) && error.code === "ERR_HF_STORE_UNREADABLE");
    assert.equal(text("latchkey-keychain.json"), "{", "it is left as it is");
  });

  it("are nobody's turn after a sign-out that a locked keychain cut short", async () => {
    await save("work", true);
    chain.locked = true;
    await save("home", false).catch(() => undefined);
    const half = await logoutAll(store);
    assert.deepEqual([half.removed, half.names, half.left], [true, ["home"], ["work"]]);
    assert.deepEqual(
      half.kept.map(({ code }) => code),
      ["ERR_HF_KEYCHAIN"],
    );
    for (const name of ["token", "stored_tokens"]) assert.equal(existsSync(join(home, name)), false, name);
    assert.equal(await used(), "anonymous");
    chain.locked = false;
    await logoutAll(store);
    assert.equal(chain.kept.size, 0);
  });

  it("lose those alone in a sign-out that the keychain gave up", async () => {
    await save("a", true);
    await save("b", true);
    const { remove } = chain;
    chain.remove = async (account) => {
      const gone = await remove(account);
      chain.locked = true;
      return gone;
    };
    const half = await logoutAll(store);
    assert.deepEqual([half.names, half.left], [["a"], ["b"]]);
    chain.locked = false;
    assert.equal(await used(), "anonymous");
    await switchTo(store, "b", {});
    assert.equal(await used(), "keychain:fake b");
  });

  it("stay as they are when a locked keychain keeps the one that was to go", async () => {
    await save("work", true);
    chain.locked = true;
    await assert.rejects(logout(store, "work"), { code: "ERR_HF_KEYCHAIN" });
    chain.locked = false;
    assert.equal(await used(), "keychain:fake work");
  });

  it("go in a sign-out beside a file that can't be read, and stay in a sign-in", async () => {
    await save("work", true);
    writeFileSync(join(home, "stored_tokens"), "no section");
    writeFileSync(join(home, "token"), value("other"));
    for (const onUnreadable of ["keep-copy", "import"] as const) {
      const wanted = { name: "new", token: Secret.of(value("new")), origin: HUB };
      await store.write((now) => planLogin(now, wanted, onUnreadable), { onUnreadable });
      assert.equal(chain.kept.size, 1, onUnreadable);
      writeFileSync(join(home, "stored_tokens"), "no section");
    }
    const report = await logoutAll(store);
    assert.deepEqual([report.removed, report.names, chain.kept.size], [true, ["work"], 0]);
    assert.equal(report.kept[0]?.code, "ERR_HF_STORE_UNREADABLE");
    assert.equal(text("stored_tokens"), "no section");
  });

  it("keep no token file here when their list can't be read", async () => {
    await save("home", false);
    writeFileSync(join(home, "latchkey-keychain.json"), "{");
    const report = await logoutAll(store);
    assert.deepEqual([report.removed, report.names], [true, ["home"]]);
    assert.equal(report.kept[0]?.code, "ERR_HF_STORE_UNREADABLE");
    assert.equal(existsSync(join(home, "token")), false);
  });

  it("are all gone after a sign-out", async () => {
    await save("work", true);
    await save("home", false);
    await save("more", true);
    const { names } = await logoutAll(store);
    assert.deepEqual([...names].toSorted(), ["home", "more", "work"]);
    assert.equal(chain.kept.size, 0);
    assert.equal(existsSync(join(home, "latchkey-keychain.json")), false);
    assert.equal(await used(), "anonymous");
  });
});

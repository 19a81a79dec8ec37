import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { TestContext } from "node:test";
import { systemClock } from "../core/clock.ts";
import { HfError } from "../core/errors.ts";
import { Secret } from "../core/secret.ts";
import { createFileTokenStore } from "./file-token-store.ts";
import { planLogin } from "./store-plans.ts";
import type { TokenStore } from "./token-store.ts";

const a = Secret.of(`hf_${"a".repeat(34)}`);
const b = Secret.of(`hf_${"b".repeat(34)}`);

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "latchkey-disk-"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function storeIn(folder: string): TokenStore {
  return createFileTokenStore({
    tokenPath: join(folder, "token"),
    storedTokensPath: join(folder, "stored_tokens"),
    platform: process.platform,
    clock: systemClock,
  });
}

const save = (folder: string, name: string, token: Secret): Promise<unknown> =>
  storeIn(folder).write((now) => planLogin(now, { name, token, origin: "https://huggingface.co" }));

const text = (path: string): string => readFileSync(path, "utf8");
const coded =
  (code: string, pattern: RegExp) =>
  (error: unknown): boolean =>
    error instanceof HfError && error.code === code && pattern.test(`${error.message} ${error.hint}`);

describe("a disk that does not take it", () => {
  it("names the path and the next step when a file is in the place of the home folder", async () => {
    writeFileSync(join(home, "file"), "");
    for (const folder of [join(home, "file"), join(home, "file", "below")]) {
      await assert.rejects(save(folder, "a", a), coded("ERR_HF_DISK", /file.*wrong kind/));
    }
  });

  it("says that the file system is read-only, and leaves the login that is there", async (t) => {
    await save(home, "a", a);
    const before = text(join(home, "stored_tokens"));
    if (!bindReadOnly(t, home)) return;
    try {
      await assert.rejects(save(home, "b", b), coded("ERR_HF_DISK", /read-only|EROFS/));
      assert.equal(text(join(home, "stored_tokens")), before);
      assert.equal((await storeIn(home).read()).active.kind, "found");
    } finally {
      unmount(home);
    }
  });

  it("says that no space is left, and loses nothing", async (t) => {
    const disk = join(home, "disk");
    mkdirSync(disk);
    if (!mount(t, ["-t", "tmpfs", "-o", "size=32k", "tmpfs", disk])) return;
    try {
      const files = ["stored_tokens", "token"].map((name) => join(disk, name));
      await save(disk, "a", a);
      const before = files.map(text);
      fill(join(disk, "ballast"));
      const long = Secret.of("x".repeat(8000));
      await assert.rejects(save(disk, "b", long), coded("ERR_HF_NO_SPACE", /Free some space/));
      assert.deepEqual(files.map(text), before);
      assert.deepEqual(readdirSync(disk).toSorted(), ["ballast", "stored_tokens", "stored_tokens.lock", "token"]);
      const { active, saved } = await storeIn(disk).read();
      assert.ok(active.kind === "found" && active.token.equals(a));
      assert.deepEqual(saved.kind === "ok" ? saved.logins.map((login) => login.name) : [], ["a"]);
    } finally {
      unmount(disk);
    }
  });
});

function mount(t: TestContext, args: readonly string[]): boolean {
  try {
    execFileSync("mount", args, { stdio: "pipe", timeout: 10_000 });
    return true;
  } catch (error) {
    t.skip(`this user may not mount: ${error instanceof Error ? error.message.split("\n")[0] : ""}`);
    return false;
  }
}

function bindReadOnly(t: TestContext, path: string): boolean {
  if (!mount(t, ["--bind", path, path])) return false;
  if (mount(t, ["-o", "remount,ro,bind", path])) return true;
  unmount(path);
  return false;
}

/** Also while something holds it: a failed test must not leave a disk behind. */
function unmount(path: string): void {
  execFileSync("umount", ["-l", path]);
}

/** Takes every byte that is left on a small disk. */
function fill(path: string): void {
  const block = Buffer.alloc(4096);
  for (let count = 0; count < 1000; count++) {
    try {
      writeFileSync(path, block, { flag: "a" });
    } catch {
      return;
    }
  }
}

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync, statSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, it } from "node:test";
import { systemClock } from "../core/clock.ts";
import { acquireFileLock } from "../core/file-lock.ts";
import { Secret } from "../core/secret.ts";
import { createFileTokenStore } from "./file-token-store.ts";
import { planLogin } from "./store-plans.ts";
import { parseStoredTokens } from "./stored-tokens.ts";
import type { TokenStore } from "./token-store.ts";
import { noLocks } from "../../test/support/locks.ts";

const HUB = "https://huggingface.co";
const WRITERS = 8;
const SAVES = 12;

/** A process that saves logins `<id>-0`, `<id>-1`, … and prints a line after each. Endless when `saves` is 0. */
const WRITER = `
const [modules, home, id, saves] = process.argv.slice(1);
const load = (name) => import(new URL(name, modules));
const { createFileTokenStore } = await load("file-token-store.js");
const { planLogin } = await load("store-plans.js");
const { Secret } = await load("../core/secret.js");
const { systemClock } = await load("../core/clock.js");
const store = createFileTokenStore({
  tokenPath: home + "/token", storedTokensPath: home + "/stored_tokens", platform: process.platform, clock: systemClock,
});
for (let n = 0; Number(saves) === 0 || n < Number(saves); n++) {
  const token = Secret.of("hf_" + (id + "." + n).padEnd(34, "w"));
  await store.write((now) => planLogin(now, { name: id + "-" + n, token, origin: "${HUB}" }));
  console.log(n);
}
`;

let home: string;
const children: ChildProcess[] = [];

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "latchkey-processes-"));
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await rm(home, { recursive: true, force: true });
});

function startWriter(id: string, saves: number): ChildProcess {
  const args = ["--input-type=module", "-e", WRITER, import.meta.url, home, id, String(saves)];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  return child;
}

function store(): TokenStore {
  return createFileTokenStore({
    tokenPath: join(home, "token"),
    storedTokensPath: join(home, "stored_tokens"),
    platform: process.platform,
    clock: systemClock,
  });
}

const saved = (): string[] => {
  const parsed = parseStoredTokens(readFileSync(join(home, "stored_tokens")));
  assert.equal(parsed.kind, "ok", "the store is torn");
  return parsed.kind === "ok" ? parsed.sections.map(({ name }) => name) : [];
};

describe("the token store under many processes", { skip: noLocks }, () => {
  it("loses no login of eight writers, and shows readers only whole states", async () => {
    await store().write((now) => planLogin(now, { name: "first", token: Secret.of("hf_first-token-1"), origin: HUB }));
    const writers = Array.from({ length: WRITERS }, (_, id) => startWriter(`w${id}`, SAVES));
    const running = new Set(writers);
    const ends = writers.map(async (child) => {
      const [code] = await once(child, "exit");
      running.delete(child);
      assert.equal(code, 0);
    });
    let seen = 1;
    while (running.size > 0) {
      // The bare bytes, with no second look: this is what Python would read at that moment.
      const names = saved();
      assert.ok(names.length >= seen, `a reader saw ${names.length} logins after ${seen}`);
      seen = names.length;
      assert.ok(readFileSync(join(home, "token"), "utf8").startsWith("hf_"), "the token file is empty");
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await Promise.all(ends);
    const expected = ["first"];
    for (let id = 0; id < WRITERS; id++) for (let n = 0; n < SAVES; n++) expected.push(`w${id}-${n}`);
    assert.deepEqual(saved().toSorted(), expected.toSorted());
    if (process.platform !== "win32") assert.equal(statSync(join(home, "stored_tokens")).mode & 0o777, 0o600);
  });

  it("is whole, and its lock free, after a writer was killed at any moment", async () => {
    await store().write((now) => planLogin(now, { name: "first", token: Secret.of("hf_first-token-1"), origin: HUB }));
    for (let round = 0; round < 6; round++) {
      const child = startWriter(`k${round}`, 0);
      assert.ok(child.stdout);
      let done = -1;
      for await (const line of createInterface(child.stdout)) {
        done = Number(line);
        // Saves follow each other without a pause, so the signal meets each round at another point of one.
        if (done >= round) break;
      }
      const exit = once(child, "exit");
      child.kill("SIGKILL");
      await exit;

      const names = new Set(saved());
      assert.ok(names.has("first"));
      for (let n = 0; n <= done; n++) assert.ok(names.has(`k${round}-${n}`), `save ${n} of round ${round} is lost`);
      const { active, saved: logins } = await store().read();
      assert.ok(active.kind === "found" && logins.kind === "ok");
      const known = logins.logins.some((login) => login.token?.equals(active.token));
      assert.ok(known, "the active token is not one of the saved logins");
      const lock = await acquireFileLock(join(home, "stored_tokens.lock"), { timeoutMs: 10_000 });
      lock.release();
    }
    await store().write((now) => planLogin(now, { name: "last", token: Secret.of("hf_last-token-12"), origin: HUB }));
    assert.ok(saved().includes("last"));
  });
});

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, it } from "node:test";
import { noLocks } from "../../test/support/locks.ts";
import { CLI_CLIENT, deviceLogin } from "../../test/support/oauth.ts";
import { systemClock } from "../core/clock.ts";
import { Secret } from "../core/secret.ts";
import { defaultSeed, startLocalhub } from "../localhub/index.ts";
import type { Localhub } from "../localhub/index.ts";
import { createFileTokenStore } from "./file-token-store.ts";
import { planLogin } from "./store-plans.ts";

const PROCESSES = 8;
const ROUNDS = 6;
const NAME = "oauth-carol";

/** A process that finds its token whenever it is sent a line, and answers with the token. */
const WORKER = `
const [modules, home, endpoint, clientId] = process.argv.slice(1);
const load = (name) => import(new URL(name, modules));
const { createFileTokenStore, createRefresher, createRefreshMemory, resolveToken, tokenSources } = await load("index.js");
const { createHubClient } = await load("../hub/index.js");
const { systemClock } = await load("../core/clock.js");
const clock = systemClock;
const store = createFileTokenStore({
  tokenPath: home + "/token", storedTokensPath: home + "/stored_tokens", platform: process.platform, clock,
});
const connect = (at) => createHubClient({ endpoint: at });
console.log("ready");
process.stdin.on("data", async () => {
  const refresh = createRefresher({ store, clock, clientId, connect, memory: createRefreshMemory() });
  const found = await resolveToken(tokenSources({ env: {}, endpoint, store, refresh }));
  console.log(found.kind === "found" && found.warnings.length === 0 ? found.token.expose() : JSON.stringify(found));
});
`;

let hub: Localhub;
let home: string;
const children: ChildProcess[] = [];
before(async () => {
  hub = await startLocalhub({ seed: defaultSeed() });
  home = mkdtempSync(join(tmpdir(), "latchkey-refreshing-"));
});
after(async () => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(home, { recursive: true, force: true });
  await hub.close();
});

interface Worker {
  /** The next line that it writes. */
  next(): Promise<string>;
  ask(): Promise<string>;
}

function startWorker(): Worker {
  const args = ["--input-type=module", "-e", WORKER, import.meta.url, home, hub.url, CLI_CLIENT];
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  children.push(child);
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async (): Promise<string> => String((await lines.next()).value);
  return {
    next,
    ask: () => {
      child.stdin.write("go\n");
      return next();
    },
  };
}

describe("a login at its end under many processes", { skip: noLocks }, () => {
  it("is renewed once a round, by whoever is first, and nobody is signed out", async () => {
    const told = await deviceLogin(hub);
    const store = createFileTokenStore({
      tokenPath: join(home, "token"),
      storedTokensPath: join(home, "stored_tokens"),
      platform: process.platform,
      clock: systemClock,
    });
    const { access_token: first = "", refresh_token: refresh = "" } = told;
    await store.write((now) =>
      planLogin(now, { name: NAME, token: Secret.of(first), refreshToken: Secret.of(refresh), origin: hub.url }),
    );
    const workers = Array.from({ length: PROCESSES }, startWorker);
    for (const worker of workers) assert.equal(await worker.next(), "ready");

    let before = first;
    for (let round = 0; round < ROUNDS; round++) {
      // New tokens live for a month, so a process that comes late finds nothing to do: the end is brought near by hand.
      const { saved } = await store.read();
      const login = saved.kind === "ok" ? saved.logins.find(({ name }) => name === NAME) : undefined;
      assert.ok(login?.token && login.refreshToken);
      const { token: current, refreshToken } = login;
      const expiresAt = new Date(Date.now() + 3600_000);
      await store.write((now) =>
        planLogin(now, { name: NAME, token: current, refreshToken, expiresAt, origin: hub.url }),
      );
      hub.journal.clear();
      const tokens = new Set(await Promise.all(workers.map((worker) => worker.ask())));
      assert.equal(tokens.size, 1, `round ${round} gave ${[...tokens].join("\n")}`);
      const [token] = tokens;
      assert.match(String(token), /^hf_oauth_/);
      assert.notEqual(token, before);
      assert.equal(readFileSync(join(home, "token"), "utf8"), token);
      assert.deepEqual(
        hub.journal.entries.map(({ method, url, status }) => `${method} ${new URL(url).pathname} ${status}`),
        ["POST /oauth/token 200"],
      );
      before = String(token);
    }
    assert.ok([...hub.model.oauth.grants.values()].every((grant) => grant.ended === undefined));
  });
});

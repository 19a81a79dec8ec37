import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { noLocks } from "../../test/support/locks.ts";
import { CLI_CLIENT, deviceLogin } from "../../test/support/oauth.ts";
import { startOurs } from "../../test/support/token-workers.ts";
import type { TokenWorker } from "../../test/support/token-workers.ts";
import { systemClock } from "../core/clock.ts";
import { Secret } from "../core/secret.ts";
import { defaultSeed, startLocalhub } from "../localhub/index.ts";
import type { Localhub } from "../localhub/index.ts";
import { createFileTokenStore } from "./file-token-store.ts";
import { planLogin } from "./store-plans.ts";

const PROCESSES = 8;
const ROUNDS = 6;
const NAME = "oauth-carol";

let hub: Localhub;
let home: string;
let workers: readonly TokenWorker[] = [];
before(async () => {
  hub = await startLocalhub({ seed: defaultSeed() });
  home = mkdtempSync(join(tmpdir(), "latchkey-refreshing-"));
});
after(async () => {
  for (const worker of workers) worker.kill();
  rmSync(home, { recursive: true, force: true });
  await hub.close();
});

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
    workers = await Promise.all(Array.from({ length: PROCESSES }, () => startOurs(home, hub.url, CLI_CLIENT)));

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

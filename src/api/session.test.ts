import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { systemClock } from "../core/clock.ts";
import { readSettings } from "../core/settings.ts";
import { userHome } from "../core/user-home.ts";
import { startLocalhub } from "../localhub/index.ts";
import { createCiService } from "../../test/support/id-tokens.ts";
import { serve } from "../../test/support/scripted-server.ts";
import { openSession } from "./session.ts";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "latchkey-session-"));
  writeFileSync(join(home, "token"), `hf_${"s".repeat(34)}`);
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

/** Resolves once for `endpoint`, with a person who gives `answer`. */
async function resolveAt(endpoint: string, answer: boolean | undefined): Promise<{ kind: string; asked: string[] }> {
  const asked: string[] = [];
  const env = { HF_HOME: home, HF_ENDPOINT: endpoint };
  const machine = { platform: process.platform, home: homedir(), cwd: home, userHome };
  const session = openSession({
    settings: readSettings(env, machine),
    env,
    platform: process.platform,
    ...(answer === undefined
      ? {}
      : {
          confirmEndpoint: async (origin: string) => {
            asked.push(origin);
            return answer;
          },
        }),
  });
  return { kind: (await session.resolve()).kind, asked };
}

describe("a saved login of huggingface.co at another https endpoint", () => {
  const mirror = "https://mirror.example/hub";

  it("is refused where nobody can be asked, or says no", async () => {
    assert.deepEqual(await resolveAt(mirror, undefined), { kind: "refused", asked: [] });
    assert.deepEqual(await resolveAt(mirror, false), { kind: "refused", asked: ["https://mirror.example"] });
    assert.deepEqual(await resolveAt(mirror, undefined), { kind: "refused", asked: [] });
  });

  it("is used after one yes, from then on, at that origin alone", async () => {
    assert.deepEqual(await resolveAt(mirror, true), { kind: "found", asked: ["https://mirror.example"] });
    assert.deepEqual(await resolveAt(mirror, false), { kind: "found", asked: [] });
    assert.deepEqual(await resolveAt("https://mirror.example:8443", false), {
      kind: "refused",
      asked: ["https://mirror.example:8443"],
    });
  });

  it("is never asked about plain http", async () => {
    assert.deepEqual(await resolveAt("http://mirror.example", true), { kind: "refused", asked: [] });
  });
});

describe("a session with a token by exchange", () => {
  it("gets a new one before the old one ends, in the middle of work", async (test) => {
    let now = Date.now();
    const ci = createCiService(() => now);
    const hub = await startLocalhub({ seed: ci.seed, now: () => now });
    test.after(() => hub.close());
    const runner = await serve(test, (_seen, response) => response.end(JSON.stringify({ value: ci.idToken(hub.url) })));
    const env = {
      HF_HOME: home,
      HF_ENDPOINT: hub.url,
      HF_OIDC_RESOURCE: "alice/tiny-model",
      GITHUB_ACTIONS: "true",
      ACTIONS_ID_TOKEN_REQUEST_URL: runner.url,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: "request-token",
    };
    const machine = { platform: process.platform, home: homedir(), cwd: home, userHome };
    const clock = { ...systemClock, now: () => now };
    const session = openSession({ settings: readSettings(env, machine), env, platform: process.platform, clock });
    const client = await session.hub();
    test.after(() => client.close());
    for (const minutes of [0, 50, 56, 100, 112]) {
      now += minutes * 60_000;
      await client.json("api/whoami-v2");
      now -= minutes * 60_000;
    }
    assert.equal(runner.seen.length, 3);
    const used = hub.journal.entries.flatMap(({ headers }) => headers["authorization"] ?? []);
    assert.equal(new Set(used).size, 3);
  });
});

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { answerDevice } from "../support/oauth.ts";
import type { Outcome } from "../support/world.ts";
import { PYTHON_VERSIONS } from "./environments.ts";
import type { PeerWorld } from "./peers.ts";
import type { Row } from "./table.ts";

const GET_TOKEN = `from huggingface_hub import get_token\nprint(json.dumps(get_token()))`;
const ROUNDS = 4;
const OF_EACH = 4;

/** Runs a sign-in by device code and approves what it waits for. */
async function approved(world: PeerWorld, signIn: Promise<Outcome>): Promise<void> {
  const { devices } = world.hub.model.oauth;
  for (const limit = Date.now() + 30_000; ![...devices.values()].some(({ state }) => state === "waiting");) {
    if (Date.now() > limit) throw new Error("no device asked for a code");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  for (const device of devices.values()) if (device.state === "waiting") await answerDevice(world.hub, device.userCode);
  const { exit, stderr } = await signIn;
  assert.equal(exit, 0, stderr);
}

/** Brings the end of the saved login near, as 29 days would. Answers its token. */
function age(world: PeerWorld): string {
  const path = join(world.home, "stored_tokens");
  const text = readFileSync(path, "utf8");
  assert.match(text, /^\[oauth-carol\]\nhf_token = \S+\nrefresh_token = \S+\nexpires_at = \d+\n\n$/);
  writeFileSync(path, text.replace(/expires_at = \d+/, `expires_at = ${Math.floor(Date.now() / 1000) + 3600}`));
  world.hub.journal.clear();
  return readFileSync(join(world.home, "token"), "utf8");
}

const refreshes = (world: PeerWorld): string[] =>
  world.hub.journal.entries.filter(({ url }) => url.endsWith("/oauth/token")).map(({ status }) => String(status));

const ours = async (world: PeerWorld): Promise<string> => {
  const done = await world.hf(["auth", "token"]);
  assert.deepEqual([done.exit, done.stderr], [0, ""]);
  return done.stdout.trim();
};

async function renewEachOther(world: PeerWorld, version: string): Promise<void> {
  const first = age(world);
  const second = String(await world.python(version, GET_TOKEN));
  assert.notEqual(second, first);
  assert.equal(await ours(world), second);
  assert.deepEqual(refreshes(world), ["200"]);
  age(world);
  const third = await ours(world);
  assert.notEqual(third, second);
  assert.equal(await world.python(version, GET_TOKEN), third);
  assert.deepEqual(refreshes(world), ["200"]);
}

function rowsOf(version: string): Row[] {
  const who = `Python ${version}`;
  return [
    {
      name: "our sign-in by device code is Python's; each renews what the other made",
      who,
      run: async (world) => {
        Object.assign(world.hub.model.oauth.settings, { interval: 0.1, tellInterval: true });
        await approved(world, world.hf(["auth", "login", "--device"]));
        await renewEachOther(world, version);
      },
    },
    {
      name: "a sign-in by Python's device code is ours; each renews what the other made",
      who,
      run: async (world) => {
        Object.assign(world.hub.model.oauth.settings, { interval: 1, tellInterval: true });
        await approved(world, world.pythonHf(version, ["auth", "login"]));
        await renewEachOther(world, version);
      },
    },
  ];
}

const MANY: Row = {
  name: `${OF_EACH * (PYTHON_VERSIONS.length + 1)} processes at a login's end: one refresh a round, and nobody is signed out`,
  who: "Python, all",
  run: async (world) => {
    Object.assign(world.hub.model.oauth.settings, { interval: 0.1, tellInterval: true });
    await approved(world, world.hf(["auth", "login", "--device"]));
    for (let round = 0; round < ROUNDS; round++) {
      const before = age(world);
      const askAll = (ask: () => Promise<unknown>): Promise<unknown[]> =>
        Promise.all(Array.from({ length: OF_EACH }, ask));
      const [ourTokens, ...theirTokens] = await Promise.all([
        askAll(() => ours(world)),
        ...PYTHON_VERSIONS.map((version) => askAll(() => world.python(version, GET_TOKEN))),
      ]);
      const renewed = readFileSync(join(world.home, "token"), "utf8");
      assert.notEqual(renewed, before);
      assert.deepEqual(refreshes(world), ["200"], `round ${round}`);
      assert.deepEqual([...new Set(ourTokens)], [renewed], "a process of ours has another token");
      // Python's library takes no second look between the writes of a renewal, and empties the token file for its own.
      const others = theirTokens.flat().filter((token) => token !== renewed && token !== before && token !== null);
      assert.deepEqual(others, []);
      for (const version of PYTHON_VERSIONS) assert.equal(await world.python(version, GET_TOKEN), renewed);
    }
    assert.ok([...world.hub.model.oauth.grants.values()].every(({ ended }) => ended === undefined));
  },
};

export const signInRows: readonly Row[] = [...PYTHON_VERSIONS.flatMap(rowsOf), MANY];

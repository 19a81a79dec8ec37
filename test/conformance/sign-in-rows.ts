import assert from "node:assert/strict";
import { answerDevice } from "../support/oauth.ts";
import type { Outcome } from "../support/world.ts";
import { PYTHON_VERSIONS } from "./environments.ts";
import type { PeerWorld } from "./peers.ts";
import { age, refreshes } from "./saved-login.ts";
import type { Row } from "./table.ts";

const GET_TOKEN = `from huggingface_hub import get_token\nprint(json.dumps(get_token()))`;

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

export const signInRows: readonly Row[] = PYTHON_VERSIONS.flatMap(rowsOf);

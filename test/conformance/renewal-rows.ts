import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { CLI_CLIENT, deviceLogin } from "../support/oauth.ts";
import { startOurs, startPython } from "../support/token-workers.ts";
import type { TokenWorker } from "../support/token-workers.ts";
import { PYTHON_VERSIONS } from "./environments.ts";
import type { PeerWorld } from "./peers.ts";
import { age, refreshes, saveLogin } from "./saved-login.ts";
import type { Row } from "./table.ts";

const OF_EACH = 5;
const PROCESSES = OF_EACH * (PYTHON_VERSIONS.length + 2);
/** `RENEWAL_ROUNDS=500 npm run conformance -- "login's end"` goes on for longer. */
const ROUNDS = Number(process.env["RENEWAL_ROUNDS"] ?? 50);

/** Our program, started anew for every round. */
const program = (world: PeerWorld): TokenWorker => ({
  who: "hf auth token",
  async ask() {
    const { exit, stdout, stderr } = await world.hf(["auth", "token"]);
    return exit === 0 && stderr === "" ? stdout.trim() : `exit ${exit}: ${stderr}`;
  },
  said: () => "",
  kill: () => undefined,
});

async function startAll(world: PeerWorld): Promise<TokenWorker[]> {
  const five = (make: () => Promise<TokenWorker>): Promise<TokenWorker>[] => Array.from({ length: OF_EACH }, make);
  return Promise.all([
    ...five(() => startOurs(world.home, world.hub.url, CLI_CLIENT)),
    ...five(async () => program(world)),
    ...PYTHON_VERSIONS.flatMap((version) => five(() => startPython(version, world.pythonProgram(version), world.env))),
  ]);
}

/**
 * Python's library may miss a renewal of that moment: it takes no second look between the two writes, empties files in
 * place before it writes them, and then gives the old token, or none. Ours may not.
 */
async function round(world: PeerWorld, workers: readonly TokenWorker[], name: string): Promise<string> {
  const before = age(world);
  const answers = await Promise.all(workers.map((worker) => worker.ask()));
  const renewed = readFileSync(join(world.home, "token"), "utf8");
  assert.notEqual(renewed, before, `${name} renewed nothing`);
  assert.deepEqual(refreshes(world), ["200"], `${name} had another number of refreshes`);
  workers.forEach(({ who }, index) => {
    const answer = answers[index] ?? "";
    const late = who.startsWith("Python") && (answer === before || answer === "None");
    assert.ok(answer === renewed || late, `${name}: ${who} has ${answer === before ? "the old token" : answer}`);
  });
  return String(world.hub.journal.entries.find(({ url }) => url.endsWith("/oauth/token"))?.headers["user-agent"]);
}

export const renewalRows: readonly Row[] = [
  {
    name: `${PROCESSES} processes at a login's end, ${ROUNDS} rounds: one refresh a round, and nobody is signed out`,
    who: "Python, all",
    run: async (world) => {
      saveLogin(world, await deviceLogin(world.hub));
      const workers = await startAll(world);
      try {
        const renewers = new Map<string, number>();
        for (let count = 0; count < ROUNDS; count++) {
          // Who is asked first changes, or the same ones would be first at the lock every time.
          const turned = [...workers.slice(count % PROCESSES), ...workers.slice(0, count % PROCESSES)];
          const renewer = (await round(world, turned, `round ${count}`)).split("/")[0] ?? "";
          renewers.set(renewer, (renewers.get(renewer) ?? 0) + 1);
        }
        assert.ok(ROUNDS < 50 || renewers.size > 1, `one kind renewed every time: ${[...renewers.keys()].join()}`);
        const renewed = readFileSync(join(world.home, "token"), "utf8");
        for (const worker of workers) assert.equal(await worker.ask(), renewed, `${worker.who} has an old token now`);
        assert.ok([...world.hub.model.oauth.grants.values()].every(({ ended }) => ended === undefined));
      } finally {
        for (const worker of workers) worker.kill();
      }
    },
  },
];

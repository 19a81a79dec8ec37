import { join } from "node:path";
import { parseArgs } from "node:util";
import { makeEnvironments } from "../conformance/environments.ts";
import { root } from "../support/root.ts";
import { startWorld } from "../support/world.ts";
import { FAULTS } from "./faults.ts";
import { runFullDisk } from "./full-disk.ts";
import { runKills } from "./kills.ts";
import { runCase } from "./matrix.ts";
import type { Verdict } from "./matrix.ts";
import { runMixed } from "./peers.ts";
import { createRandom } from "./random.ts";
import { KINDS, TORTURE_SEED } from "./repos.ts";
import type { Kind } from "./repos.ts";

// `npm run torture -- --minutes 5 --seed 42`: faults x kinds of files x workers, kills, full disks, other clients.
const { values } = parseArgs({ options: { minutes: { type: "string" }, seed: { type: "string" } } });
const minutes = Number(values.minutes ?? 20);
const seed = Number(values.seed ?? Date.now() % 1_000_000);
const random = createRandom(seed);
const endsAt = Date.now() + minutes * 60_000;
const isOver = (): boolean => Date.now() > endsAt;
const say = (line: string): void => void process.stdout.write(`${line}\n`);

say(`seed ${seed}, at most ${minutes} minutes`);
const world = await startWorld({ seed: TORTURE_SEED });
const verdicts: Verdict[] = [];
const tell = (verdict: Verdict | string): void => {
  if (typeof verdict === "string") return say(`SKIPPED: ${verdict}`);
  verdicts.push(verdict);
  const exits = [...new Set(verdict.exits)].toSorted((a, b) => a - b).join(" ");
  say(
    `${verdict.faults.length === 0 ? "ok  " : "FAIL"} ${String(verdict.runs).padStart(4)} runs, exits ${exits.padEnd(8)} ${verdict.name}`,
  );
  for (const fault of verdict.faults) say(`       | ${fault}`);
};
try {
  tell(await runKills(world, { kills: 200, random, span: 1200, isOver }));
  tell(await runKills(world, { kills: 40, random, span: 3000, kind: "ranged", isOver }));
  for (const megabytes of [2, 5, 8]) tell(await runFullDisk(world, megabytes));
  for (const megabytes of [8, 20]) tell(await runFullDisk(world, megabytes, "ranged"));
  const environments = await makeEnvironments(join(root, ".conformance")).catch((error: unknown) => {
    say(`SKIPPED: Python's clients could not be installed (${error instanceof Error ? error.message : String(error)})`);
  });
  if (environments !== undefined) {
    for (let round = 0; round < 5 && !isOver(); round++) tell(await runMixed(world, environments, random));
  }
  // A file that comes over several connections takes seconds: each fault meets it with another number of them, and 8.
  const connections = (kind: Kind, at: number): number[] =>
    kind === "ranged" ? [...new Set([(at % 8) + 1, 8])] : [1, 2, 8];
  const cases = FAULTS.flatMap((fault, at) =>
    (Object.keys(KINDS) as Kind[]).flatMap((kind) =>
      connections(kind, at).map((workers) => ({ fault, kind, workers })),
    ),
  );
  let left = cases.length;
  for (const { fault, kind, workers } of cases) {
    if (isOver()) break;
    tell(await runCase(world, fault, kind, workers));
    left--;
  }
  if (left > 0) say(`SKIPPED: the time was over before the last ${left} of ${cases.length} cases`);
} finally {
  await world.close();
}
const runs = verdicts.reduce((sum, verdict) => sum + verdict.runs, 0);
const failed = verdicts.filter((verdict) => verdict.faults.length > 0).length;
say(`${verdicts.length} cases of ${runs} downloads: ${verdicts.length - failed} held, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

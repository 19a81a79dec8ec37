import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { join } from "node:path";
import { defaultSeed } from "../src/localhub/index.ts";
import { root } from "../test/support/root.ts";
import { startWorld } from "../test/support/world.ts";
import { access } from "./access.ts";
import { doctor } from "./doctor.ts";
import { largeFile, largeRepo } from "./large-file.ts";
import type { Answer } from "./measure.ts";
import { findPeers } from "./peers.ts";
import { resolve } from "./resolve.ts";
import { smallFiles, smallRepo } from "./small-files.ts";
import { startup } from "./startup.ts";
import { throttled, throttledRepo } from "./throttled.ts";

const QUESTIONS = {
  startup: { ask: startup, rounds: 15 },
  resolve: { ask: resolve, rounds: 15 },
  access: { ask: access, rounds: 9 },
  doctor: { ask: doctor, rounds: 5 },
  "large-file": { ask: largeFile, rounds: 5 },
  throttled: { ask: throttled, rounds: 3 },
  "small-files": { ask: smallFiles, rounds: 5 },
};

/** `npm run bench [-- QUESTION…]`: asks all questions, or those that are named. README.md says how to read it. */
async function main(wanted: readonly string[]): Promise<void> {
  const peers = findPeers();
  const seed = defaultSeed();
  const orgs = [...(seed.orgs ?? []), { name: "bench" }];
  const world = await startWorld({
    seed: { ...seed, orgs, repos: [...(seed.repos ?? []), largeRepo, smallRepo, throttledRepo] },
  });
  const answers: Answer[] = [];
  try {
    for (const [name, { ask, rounds }] of Object.entries(QUESTIONS)) {
      if (wanted.length > 0 && !wanted.includes(name)) continue;
      const answer = await ask(world, peers, rounds);
      answers.push(answer);
      process.stdout.write(table(answer));
    }
  } finally {
    await world.close();
  }
  const date = new Date().toISOString();
  const machine = { cpu: cpus()[0]?.model, cores: cpus().length, memoryGb: totalmem() / 2 ** 30, kernel: release() };
  const folder = join(root, "bench", "results");
  const file = join(folder, `${date.slice(0, 16).replace(/:/g, "")}.json`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, `${JSON.stringify({ date, machine, versions: peers.versions, answers }, null, 1)}\n`);
  process.stdout.write(`\nwritten to ${file}\n`);
}

function table({ question, rows, absent }: Answer): string {
  const width = Math.max(...rows.map(({ name }) => name.length));
  const line = (name: string, ...cells: readonly (string | number)[]): string =>
    `${name.padEnd(width)}${cells.map((cell) => String(cell).padStart(10)).join("")}\n`;
  return [
    `\n${question}\n`,
    line("", "wall ms", "ratio", "CPU s", "RSS MB"),
    ...rows.map((row) => line(row.name, row.wallMs, row.ratio.toFixed(2), row.cpuSeconds, row.peakRssMb)),
    ...absent.map((why) => `absent: ${why}\n`),
  ].join("");
}

await main(process.argv.slice(2));

import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { defaultSeed } from "../src/localhub/index.ts";
import { root } from "../test/support/root.ts";
import { startWorld } from "../test/support/world.ts";
import { access } from "./access.ts";
import { doctor } from "./doctor.ts";
import { largeFile, largeRepo } from "./large-file.ts";
import type { Answer } from "./measure.ts";
import { findPeers } from "./peers.ts";
import { resolve } from "./resolve.ts";
import { farFiles, farRepo, smallFiles, smallRepo } from "./small-files.ts";
import { startup } from "./startup.ts";
import { throttled, throttledRepo } from "./throttled.ts";
import { xet, xetRepo } from "./xet.ts";

const QUESTIONS = {
  startup: { ask: startup, rounds: 15, repos: [] },
  resolve: { ask: resolve, rounds: 15, repos: [] },
  access: { ask: access, rounds: 9, repos: [] },
  doctor: { ask: doctor, rounds: 5, repos: [] },
  "large-file": { ask: largeFile, rounds: 5, repos: [largeRepo] },
  throttled: { ask: throttled, rounds: 3, repos: [throttledRepo] },
  "small-files": { ask: smallFiles, rounds: 5, repos: [smallRepo] },
  "far-files": { ask: farFiles, rounds: 3, repos: [farRepo] },
  xet: { ask: xet, rounds: 5, repos: [xetRepo] },
};

/** `npm run bench [-- QUESTION…] [--rounds N]`: asks all questions, or those that are named. README.md says how to read it. */
async function main(words: readonly string[]): Promise<void> {
  const { values, positionals: wanted } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: { rounds: { type: "string" } },
  });
  const fewer = values.rounds === undefined ? Infinity : Math.max(1, Number.parseInt(values.rounds, 10));
  const unknown = wanted.find((name) => !Object.hasOwn(QUESTIONS, name));
  if (unknown !== undefined) throw new Error(`'${unknown}' is none of ${Object.keys(QUESTIONS).join(", ")}`);
  const questions = Object.entries(QUESTIONS).filter(([name]) => wanted.length === 0 || wanted.includes(name));
  const peers = findPeers();
  const seed = defaultSeed();
  const orgs = [...(seed.orgs ?? []), { name: "bench" }];
  const repos = [...(seed.repos ?? []), ...questions.flatMap(([, { repos: own }]) => own)];
  const world = await startWorld({ seed: { ...seed, orgs, repos } });
  const answers: Answer[] = [];
  try {
    for (const [, { ask, rounds }] of questions) {
      const answer = await ask(world, peers, Math.min(rounds, fewer));
      answers.push(answer);
      process.stdout.write(table(answer));
    }
  } finally {
    await world.close();
  }
  // A few rounds tell whether it works, and nothing that should be kept.
  if (fewer !== Infinity) return;
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

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { resolveToken } from "../src/index.ts";
import { openSession } from "../src/api/index.ts";
import { readSettings } from "../src/core/settings.ts";
import { userHome } from "../src/core/user-home.ts";
import type { World } from "../test/support/world.ts";
import type { Answer, Row } from "./measure.ts";
import type { Peers } from "./peers.ts";

/** Calls in a row that one number stands for. With a thousand, milliseconds of the table are microseconds a call. */
const CALLS = 1000;

/** What does it cost a program to ask which token is used, over and over? In this process, unlike the other questions. */
export async function resolve(world: World, _peers: Peers, rounds: number): Promise<Answer> {
  const home = join(world.folder, "bench-resolve");
  mkdirSync(home, { recursive: true });
  const token = world.token("alice-read");
  writeFileSync(join(home, "token"), token);
  writeFileSync(join(home, "stored_tokens"), `[bench]\nhf_token = ${token}\n\n`);
  const files = { HF_HOME: home, HF_ENDPOINT: world.hub.url };
  const variable = { ...files, HF_TOKEN: token };
  const { platform } = process;
  const settings = readSettings(files, { platform, home, cwd: home, userHome });
  const session = openSession({ settings, env: files, platform, cwd: home });
  const rows: Row[] = [];
  for (const [name, call] of Object.entries({
    "a client's token, found before": () => session.resolve(),
    "resolveToken(), in HF_TOKEN": () => resolveToken({ env: variable }),
    "resolveToken(), saved login": () => resolveToken({ env: files }),
  })) {
    const runs: number[] = [];
    const cpu = process.cpuUsage();
    for (let round = -1; round < rounds; round++) {
      const start = performance.now();
      for (let at = 0; at < CALLS; at++) {
        if ((await call()).kind !== "found") throw new Error(`${name}: nothing found`);
      }
      if (round >= 0) runs.push(Number((performance.now() - start).toFixed(2)));
    }
    const { user, system } = process.cpuUsage(cpu);
    const wallMs = runs.toSorted((a, b) => a - b)[runs.length >> 1] ?? 0;
    const cpuSeconds = Number(((user + system) / 1e6 / (rounds + 1)).toFixed(3));
    const ratio = Number((wallMs / (rows[0]?.wallMs ?? wallMs)).toFixed(2));
    rows.push({ name, wallMs, ratio, cpuSeconds, peakRssMb: Math.round(process.memoryUsage.rss() / 2 ** 20), runs });
  }
  return { question: `resolve (${CALLS} calls in a row)`, rows, absent: [] };
}

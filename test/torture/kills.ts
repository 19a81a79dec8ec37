import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { HF } from "../support/world.ts";
import type { World } from "../support/world.ts";
import { inspectCache } from "./check.ts";
import type { Verdict } from "./matrix.ts";
import { FILES, KINDS } from "./repos.ts";

export interface KillOptions {
  /** Kills in all. */
  readonly kills: number;
  /** In [0, 1). */
  readonly random: () => number;
  /** Milliseconds that a download takes at most when nobody kills it: kills come within that. */
  readonly span: number;
  /** Asked before each round; true ends the run early. */
  readonly isOver?: () => boolean;
}

/**
 * Kills downloads, four at a time in one cache, at random instants with SIGKILL; now and then lets one finish. After each
 * round nothing wrong may be published, and at the end everything must be there. Temporary files of the killed may stay.
 */
export async function runKills(world: World, options: KillOptions): Promise<Verdict> {
  rmSync(world.home, { recursive: true, force: true });
  const faults = new Set<string>();
  const exits: number[] = [];
  let killed = 0;
  while (killed < options.kills && options.isOver?.() !== true) {
    // Where everything is there a download has nothing left to be killed in.
    if (inspectCache(world.hubCache).pointers === FILES.mixed) rmSync(world.home, { recursive: true, force: true });
    const together = Math.min(4, options.kills - killed);
    const ends = Array.from({ length: together }, () => killedAt(world, options.random() * options.span));
    for (const exit of await Promise.all(ends)) exits.push(exit);
    killed += together;
    note(faults, world);
  }
  const last = await world.hf(["download", KINDS.mixed, "--quiet"], { timeoutMs: 120_000 });
  exits.push(last.exit);
  if (last.exit !== 0) faults.add(`the last download failed: ${last.stderr.slice(0, 300)}`);
  note(faults, world);
  const { pointers } = inspectCache(world.hubCache);
  if (pointers !== FILES.mixed) faults.add(`${pointers} of ${FILES.mixed} files are there`);
  return { name: `${killed} times kill -9 at a random instant`, runs: exits.length, exits, faults: [...faults] };
}

/** The exit code, or -1 when the kill came in time. */
function killedAt(world: World, ms: number): Promise<number> {
  const words = [HF, "download", KINDS.mixed, "--quiet"];
  const child = spawn(process.execPath, words, { cwd: world.folder, env: world.env, stdio: "ignore" });
  const timer = setTimeout(() => child.kill("SIGKILL"), ms);
  return new Promise((resolve) =>
    child.once("close", (code) => {
      clearTimeout(timer);
      resolve(code ?? -1);
    }),
  );
}

function note(faults: Set<string>, world: World): void {
  const { wrong, dangling } = inspectCache(world.hubCache);
  for (const path of wrong) faults.add(`wrong bytes published: ${path}`);
  for (const path of dangling) faults.add(`a pointer that leads nowhere: ${path}`);
}

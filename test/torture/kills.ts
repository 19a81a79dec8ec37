import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { HF } from "../support/world.ts";
import type { World } from "../support/world.ts";
import { inspectCache } from "./check.ts";
import type { Verdict } from "./matrix.ts";
import { FILES, KINDS, RANGED_RATE } from "./repos.ts";
import type { Kind } from "./repos.ts";

export interface KillOptions {
  /** Kills in all. */
  readonly kills: number;
  /** In [0, 1). */
  readonly random: () => number;
  /** Milliseconds that a download takes at most when nobody kills it: kills come within that. */
  readonly span: number;
  /** What is downloaded; "ranged" over several connections, one process after the other. @default "mixed" */
  readonly kind?: Kind;
  /** Asked before each round; true ends the run early. */
  readonly isOver?: () => boolean;
}

/**
 * Kills downloads, four at a time in one cache at random instants with SIGKILL; now and then lets one finish. After each
 * round nothing wrong may be published, and at the end everything must be there. Temporary files of the killed may stay.
 */
export async function runKills(world: World, options: KillOptions): Promise<Verdict> {
  const { kind = "mixed" } = options;
  rmSync(world.home, { recursive: true, force: true });
  const slow = kind === "ranged" ? world.hub.fault({ origin: "cdn", method: "GET", slowBody: RANGED_RATE }) : undefined;
  const faults = new Set<string>();
  const exits: number[] = [];
  let killed = 0;
  while (killed < options.kills && options.isOver?.() !== true) {
    // Where everything is there a download has nothing left to be killed in.
    if (inspectCache(world.hubCache).pointers === FILES[kind]) rmSync(world.home, { recursive: true, force: true });
    const together = Math.min(kind === "ranged" ? 1 : 4, options.kills - killed);
    const ends = Array.from({ length: together }, () => killedAt(world, kind, options.random() * options.span));
    for (const exit of await Promise.all(ends)) exits.push(exit);
    killed += together;
    note(faults, world);
  }
  slow?.();
  const last = await world.hf(["download", KINDS[kind], "--quiet"], { timeoutMs: 120_000 });
  exits.push(last.exit);
  if (last.exit !== 0) faults.add(`the last download failed: ${last.stderr.slice(0, 300)}`);
  note(faults, world);
  const { pointers } = inspectCache(world.hubCache);
  if (pointers !== FILES[kind]) faults.add(`${pointers} of ${FILES[kind]} files are there`);
  return {
    name: `${killed} times kill -9 at a random instant, ${kind} files`,
    runs: exits.length,
    exits,
    faults: [...faults],
  };
}

/** The exit code, or -1 when the kill came in time. */
function killedAt(world: World, kind: Kind, ms: number): Promise<number> {
  const words = [HF, "download", KINDS[kind], "--quiet"];
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

import { rmSync } from "node:fs";
import type { World } from "../support/world.ts";
import { inspectCache } from "./check.ts";
import type { NamedFault } from "./faults.ts";
import { FILES, KINDS, RANGED_RATE } from "./repos.ts";
import type { Kind } from "./repos.ts";

/** What came of one case. `faults` is empty when all is well. */
export interface Verdict {
  readonly name: string;
  readonly runs: number;
  /** Exit codes of the runs, in order. */
  readonly exits: readonly number[];
  readonly faults: readonly string[];
  /** Requests for a part of a file that were answered with it, in all runs. */
  readonly ranges?: number;
}

/** A retry must not wait for long here; the waits themselves are tested elsewhere. */
const QUICK: NodeJS.ProcessEnv = { HF_HUB_ETAG_TIMEOUT: "5" };

/**
 * One download under one fault, and one after it has gone: the first may fail, and may publish nothing wrong; the second
 * must bring everything, and leave no temporary file.
 */
export async function runCase(world: World, fault: NamedFault, kind: Kind, workers: number): Promise<Verdict> {
  rmSync(world.home, { recursive: true, force: true });
  world.hub.journal.clear();
  const faults: string[] = [];
  const exits: number[] = [];
  const download = async (): Promise<number> => {
    const words = ["download", KINDS[kind], "--max-workers", String(workers), "--quiet"];
    const { exit, stderr } = await world.hf(words, { env: QUICK, timeoutMs: 120_000 });
    exits.push(exit);
    if (/\n {4}at /.test(stderr)) faults.push(`a stack trace: ${stderr.slice(0, 300)}`);
    const { wrong, dangling } = inspectCache(world.hubCache);
    if (wrong.length > 0) faults.push(`wrong bytes published: ${wrong.join(", ")}`);
    if (dangling.length > 0) faults.push(`pointers that lead nowhere: ${dangling.join(", ")}`);
    return exit;
  };
  const slow = kind === "ranged" ? [{ origin: "cdn", method: "GET", slowBody: RANGED_RATE } as const] : [];
  const lift = [...fault.rules, ...slow].map((rule) => world.hub.fault(rule));
  const under = await download();
  for (const off of lift) off();
  if (under !== 0 && !fault.ends.includes(under)) faults.push(`exit ${under} under the fault`);
  if ((await download()) !== 0) faults.push("the download after the fault did not succeed");
  const { temporary, pointers } = inspectCache(world.hubCache);
  if (temporary.length > 0) faults.push(`temporary files left: ${temporary.join(", ")}`);
  if (pointers !== FILES[kind]) faults.push(`${pointers} of ${FILES[kind]} files are there`);
  const ranges = world.hub.journal.entries.filter(({ origin, status }) => origin === "cdn" && status === 206).length;
  return { name: `${fault.name}, ${kind} files, ${workers} at a time`, runs: exits.length, exits, faults, ranges };
}

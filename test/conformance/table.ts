import type { LocalhubOptions } from "../../src/localhub/index.ts";
import type { Environments } from "./environments.ts";
import { makePeerWorld } from "./peers.ts";
import type { PeerWorld } from "./peers.ts";

/** One thing that must hold between us and a client that we did not write. It fails by throwing. */
export interface Row {
  readonly name: string;
  readonly who: string;
  /** The Hub of its world. Default: the usual seed. */
  readonly hub?: LocalhubOptions;
  readonly run: (world: PeerWorld) => Promise<void>;
}

/** Runs every row in a world of its own and prints a line each. Answers how many passed and failed. */
export async function runRows(
  rows: readonly Row[],
  environments: Environments,
): Promise<{ passed: number; failed: number }> {
  const width = Math.max(...rows.map((row) => row.who.length));
  let failed = 0;
  for (const row of rows) {
    const startedAt = Date.now();
    const world = await makePeerWorld(environments, row.hub);
    let fault: string | undefined;
    try {
      await row.run(world);
    } catch (error) {
      fault = error instanceof Error ? error.message : String(error);
      failed++;
    } finally {
      await world.close();
    }
    const seconds = ((Date.now() - startedAt) / 1000).toFixed(1).padStart(5);
    process.stdout.write(
      `${fault === undefined ? "ok  " : "FAIL"} ${row.who.padEnd(width)} ${seconds} s  ${row.name}\n`,
    );
    if (fault !== undefined) process.stdout.write(`${fault.replace(/^/gm, "       | ")}\n`);
  }
  return { passed: rows.length - failed, failed };
}

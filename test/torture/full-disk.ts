import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { World } from "../support/world.ts";
import { inspectCache } from "./check.ts";
import type { Verdict } from "./matrix.ts";
import { KINDS, RANGED_RATE } from "./repos.ts";
import type { Kind } from "./repos.ts";

/**
 * A download that does not fit, begun all the same, on a disk of its own: exit 6, and what is published is right.
 * @returns why it can't be run here, in words; mounting a disk takes root on Linux
 */
export async function runFullDisk(world: World, megabytes: number, kind: Kind = "mixed"): Promise<Verdict | string> {
  const disk = join(world.folder, `disk-${megabytes}`);
  mkdirSync(disk);
  const mount = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", disk]);
  if (mount.status !== 0) return "a small disk can't be mounted here (that takes root on Linux)";
  const slow = kind === "ranged" ? world.hub.fault({ origin: "cdn", method: "GET", slowBody: RANGED_RATE }) : undefined;
  try {
    const faults: string[] = [];
    const words = ["download", KINDS[kind], "--cache-dir", disk, "--quiet"];
    const refused = await world.hf(words);
    if (inspectCache(disk).right + inspectCache(disk).temporary.length > 0) faults.push("something was written");
    const begun = await world.hf([...words, "--allow-low-space"]);
    const exits = [refused.exit, begun.exit];
    if (exits.some((exit) => exit !== 6)) faults.push(`exits ${exits.join(", ")} in place of 6`);
    const { wrong, dangling, temporary } = inspectCache(disk);
    if (wrong.length + dangling.length > 0) faults.push(`wrong: ${[...wrong, ...dangling].join(", ")}`);
    if (temporary.length > 0) faults.push(`temporary files left: ${temporary.join(", ")}`);
    return { name: `a disk of ${megabytes} MB that fills up, ${kind} files`, runs: 2, exits, faults };
  } finally {
    slow?.();
    spawnSync("umount", [disk]);
  }
}

import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Environments } from "../conformance/environments.ts";
import { HF } from "../support/world.ts";
import type { World } from "../support/world.ts";
import { inspectCache } from "./check.ts";
import type { Verdict } from "./matrix.ts";
import { FILES, KINDS } from "./repos.ts";

/** Eight processes in one empty cache, half of them Python's, of which two are killed on the way. */
export async function runMixed(world: World, environments: Environments, random: () => number): Promise<Verdict> {
  rmSync(world.home, { recursive: true, force: true });
  const faults: string[] = [];
  const programs = [...environments.python.values()].map((python) => join(dirname(python), "hf"));
  const start = (at: number): Promise<number> => {
    const peer = programs[at % 4 === 0 ? 0 : 1];
    const [program, ...words] = at % 2 === 0 && peer !== undefined ? [peer] : [process.execPath, HF];
    const child = spawn(program ?? "", [...words, "download", KINDS.mixed, "--quiet"], {
      cwd: world.folder,
      env: { ...world.env, HF_HUB_DISABLE_XET: "1" },
      stdio: "ignore",
    });
    const timer = at >= 6 ? setTimeout(() => child.kill("SIGKILL"), random() * 1500) : undefined;
    return new Promise((resolve) =>
      child.once("close", (code) => {
        clearTimeout(timer);
        resolve(code ?? -1);
      }),
    );
  };
  const exits = await Promise.all(Array.from({ length: 8 }, (_, at) => start(at)));
  exits.slice(0, 6).forEach((exit, at) => {
    if (exit !== 0) faults.push(`process ${at} (${at % 2 === 0 ? "Python" : "ours"}) ended with ${exit}`);
  });
  const { wrong, dangling, pointers } = inspectCache(world.hubCache);
  if (wrong.length > 0) faults.push(`wrong bytes published: ${wrong.join(", ")}`);
  if (dangling.length > 0) faults.push(`pointers that lead nowhere: ${dangling.join(", ")}`);
  if (pointers !== FILES.mixed) faults.push(`${pointers} of ${FILES.mixed} files are there`);
  for (const [version, python] of environments.python) {
    const words = ["-c", SCAN];
    const scan = await world.run(python, words);
    if (scan.stdout.trim() !== "1 0") faults.push(`Python ${version} reads the cache as ${scan.stdout}${scan.stderr}`);
  }
  return { name: "8 processes in one cache, half of them Python's, two killed", runs: 8, exits, faults };
}

/** Prints how many repos Python sees, and how many warnings it has about them. */
const SCAN = `
from huggingface_hub import scan_cache_dir
info = scan_cache_dir()
print(len(info.repos), len(info.warnings))`;

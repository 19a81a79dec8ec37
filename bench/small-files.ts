import type { SeedRepo } from "../src/localhub/index.ts";
import type { World } from "../test/support/world.ts";
import { contenders } from "./large-file.ts";
import type { Load } from "./downloads.ts";
import { compare, type Answer } from "./measure.ts";
import type { Peers } from "./peers.ts";

const COUNT = 2_000;
const BYTES = 4_096;
const FILES = Array.from({ length: COUNT }, (_, at) => `part-${String(at).padStart(4, "0")}.json`);
const LOAD: Load = { repo: "bench/small", files: FILES, bytes: COUNT * BYTES };

export const smallRepo: SeedRepo = {
  id: LOAD.repo,
  commits: [
    {
      message: "many small files",
      files: Object.fromEntries(FILES.map((file, at) => [file, { size: BYTES, seed: at + 1, lfs: false }])),
    },
  ],
};

/** How fast do 2,000 files of 4 KiB come into the cache, each under its hash and with its link? */
export async function smallFiles(world: World, peers: Peers, rounds: number): Promise<Answer> {
  return compare("2,000 files of 4 KiB", ...contenders(world, peers, LOAD, rounds));
}

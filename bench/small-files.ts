import type { SeedRepo } from "../src/localhub/index.ts";
import type { World } from "../test/support/world.ts";
import { everybody, type Load } from "./downloads.ts";
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
  const [contenders, absent] = everybody(world, peers, LOAD, 2);
  return compare("2,000 files of 4 KiB", contenders, rounds, absent);
}

const FAR_COUNT = 500;
/** Milliseconds that a request and its answer are under way. */
const ROUND_TRIP = 40;
const FAR: Load = { repo: "bench/far", files: FILES.slice(0, FAR_COUNT), bytes: FAR_COUNT * BYTES };

export const farRepo: SeedRepo = {
  id: FAR.repo,
  commits: [
    {
      message: "some small files",
      files: Object.fromEntries(FAR.files.map((file, at) => [file, { size: BYTES, seed: at + 1, lfs: false }])),
    },
  ],
};

/** And from a Hub as far away as it is for most: what counts is how many requests there are, and how many at once. */
export async function farFiles(world: World, peers: Peers, rounds: number): Promise<Answer> {
  const remove = world.hub.fault({ delay: ROUND_TRIP });
  try {
    // They ask for one file after the other: minutes here, and nothing that is not known beforehand.
    const [contenders, absent] = everybody(world, { ...peers, wget: undefined, js: undefined }, FAR, 1);
    const others = absent.filter((why) => why !== peers.absent.wget && why !== peers.absent.js);
    return await compare(`${FAR_COUNT} files of 4 KiB, ${ROUND_TRIP} ms away`, contenders, rounds, [
      ...others,
      "wget, @huggingface/hub: they ask for one file after the other, which takes minutes at this distance",
    ]);
  } finally {
    remove();
  }
}

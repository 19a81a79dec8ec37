import type { SeedRepo } from "../src/localhub/index.ts";
import type { World } from "../test/support/world.ts";
import { everybody, type Load } from "./downloads.ts";
import { compare, type Answer } from "./measure.ts";
import type { Peers } from "./peers.ts";

const BYTES = 1024 ** 3;
const FILE = "model.safetensors";
const LOAD: Load = { repo: "bench/large", files: [FILE], bytes: BYTES };

export const largeRepo: SeedRepo = {
  id: LOAD.repo,
  commits: [{ message: "one large file", files: { [FILE]: { size: BYTES, lfs: true } } }],
};

/** How fast does one file of 1 GiB come, its sha256 checked, beside programs that check nothing? */
export async function largeFile(world: World, peers: Peers, rounds: number): Promise<Answer> {
  const [contenders, absent] = everybody(world, peers, LOAD);
  return compare("one file of 1 GiB", contenders, rounds, absent);
}

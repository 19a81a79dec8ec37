import type { SeedRepo } from "../src/localhub/index.ts";
import type { World } from "../test/support/world.ts";
import { curlDownload, ourDownload, pythonDownload, type Load } from "./downloads.ts";
import { compare, type Answer, type Contender } from "./measure.ts";
import { NO_CURL, NO_PYTHON, type Peers } from "./peers.ts";

const BYTES = 1024 ** 3;
const FILE = "model.safetensors";
const LOAD: Load = { repo: "bench/large", files: [FILE], bytes: BYTES };

export const largeRepo: SeedRepo = {
  id: LOAD.repo,
  commits: [{ message: "one large file", files: { [FILE]: { size: BYTES, lfs: true } } }],
};

/** How fast does one file of 1 GiB come, its sha256 checked, beside a curl that checks nothing? */
export async function largeFile(world: World, peers: Peers, rounds: number): Promise<Answer> {
  return compare("one file of 1 GiB", ...contenders(world, peers, LOAD, rounds));
}

/** The same three programs for any load, curl first. */
export function contenders(
  world: World,
  { curl, pythonHf }: Peers,
  load: Load,
  rounds: number,
): [Contender[], number, string[]] {
  const all = [ourDownload(world, load)];
  if (curl !== undefined) all.unshift(curlDownload(world, load, curl));
  if (pythonHf !== undefined) all.push(pythonDownload(world, load, pythonHf));
  const absent = [...(curl === undefined ? [NO_CURL] : []), ...(pythonHf === undefined ? [NO_PYTHON] : [])];
  return [all, rounds, absent];
}

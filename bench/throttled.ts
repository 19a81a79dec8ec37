import type { SeedRepo } from "../src/localhub/index.ts";
import type { World } from "../test/support/world.ts";
import { absentOf, ourDownload, plainDownloads } from "./downloads.ts";
import type { Load } from "./downloads.ts";
import { compare } from "./measure.ts";
import type { Answer } from "./measure.ts";
import type { Peers } from "./peers.ts";

const BYTES = 256 * 1024 ** 2;
const FILE = "model.safetensors";
const LOAD: Load = { repo: "bench/throttled", files: [FILE], bytes: BYTES };
const RATE = 20_000_000;

export const throttledRepo: SeedRepo = {
  id: LOAD.repo,
  commits: [
    {
      message: "one file from a storage that holds each connection to a rate",
      files: { [FILE]: { size: BYTES, lfs: true, seed: 9 } },
    },
  ],
};

/** How fast does one file of 256 MiB come from a storage that gives each connection 20 MB/s? */
export async function throttled(world: World, peers: Peers, rounds: number): Promise<Answer> {
  const lift = world.hub.fault({ origin: "cdn", method: "GET", slowBody: RATE });
  const one = ourDownload(world, LOAD);
  const several = [
    { ...one, name: "hf download --max-workers 1", args: [...one.args, "--max-workers", "1"] },
    { ...one, name: "hf download" },
  ];
  try {
    return await compare(
      "one file of 256 MiB, each connection held to 20 MB/s",
      [...plainDownloads(world, LOAD, peers), ...several],
      rounds,
      absentOf(peers, ["curl", "wget", "aria2c"]),
    );
  } finally {
    lift();
  }
}

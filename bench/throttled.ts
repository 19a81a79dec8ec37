import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { SeedRepo } from "../src/localhub/index.ts";
import type { World } from "../test/support/world.ts";
import { curlDownload, ourDownload } from "./downloads.ts";
import type { Load } from "./downloads.ts";
import { compare } from "./measure.ts";
import type { Answer, Contender } from "./measure.ts";
import { NO_CURL } from "./peers.ts";
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
  const url = `${world.hub.url}/${LOAD.repo}/resolve/main/${FILE}`;
  const folder = join(world.folder, "peer");
  const peer = (name: string, program: string, args: readonly string[]): Contender => ({
    name,
    program,
    args: [...args, url],
    env: world.env,
    prepare() {
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder);
    },
    check() {
      const { size } = statSync(join(folder, FILE));
      if (size !== BYTES) throw new Error(`${name} left ${size} bytes`);
    },
  });
  const others: (readonly [string, string, readonly string[]])[] = [
    ["aria2c -x8 -s8", "aria2c", ["-q", "-x8", "-s8", "-k1M", "--file-allocation=none", "-d", folder, "-o", FILE]],
    ["wget", "wget", ["-q", "-O", join(folder, FILE)]],
  ];
  const there = others.filter(([, program]) => isThere(program));
  const absent = others.filter((other) => !there.includes(other)).map(([name]) => `${name}: not here`);
  try {
    return await compare(
      "one file of 256 MiB, each connection held to 20 MB/s",
      [
        ...(peers.curl === undefined ? [] : [curlDownload(world, LOAD, peers.curl)]),
        ...there.map(([name, program, args]) => peer(name, program, args)),
        ...several,
      ],
      rounds,
      [...(peers.curl === undefined ? [NO_CURL] : []), ...absent],
    );
  } finally {
    lift();
  }
}

function isThere(program: string): boolean {
  try {
    execFileSync(program, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

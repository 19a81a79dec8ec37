import type { SeedRepo } from "../src/localhub/index.ts";
import type { World } from "../test/support/world.ts";
import { absentOf, jsDownload, NO_XET, ourDownload, pythonDownload, type Load } from "./downloads.ts";
import { compare, type Answer, type Contender } from "./measure.ts";
import type { Peers } from "./peers.ts";

/** localhub cuts and hashes it at the start of the benchmark, which takes longer than all that is measured. */
const BYTES = 256 * 1024 ** 2;
const FILE = "model.safetensors";
const LOAD: Load = { repo: "bench/xet", files: [FILE], bytes: BYTES };

export const xetRepo: SeedRepo = {
  id: LOAD.repo,
  commits: [{ message: "one file in Xet storage", files: { [FILE]: { size: BYTES, xet: true } } }],
};

/**
 * How fast does a file come out of Xet storage? The bytes can't be compressed: it is the machinery that is measured.
 * The first row is hf_xet as Python's `hf` uses it; the way by plain HTTP stands beside each.
 */
export async function xet(world: World, peers: Peers, rounds: number): Promise<Answer> {
  const { pythonHf, js } = peers;
  /** The row, if it came the way that its name says. */
  const by = (way: "xet" | "http", contender: Contender): Contender => ({
    ...contender,
    prepare() {
      contender.prepare?.();
      world.hub.journal.clear();
    },
    check(stdout) {
      contender.check?.(stdout);
      const came = world.hub.journal.entries.some(({ url }) => url.includes("/xorbs/")) ? "xet" : "http";
      if (came !== way) throw new Error(`${contender.name} came by ${came}`);
    },
  });
  const python = (name: string, env: NodeJS.ProcessEnv): Contender[] =>
    pythonHf === undefined
      ? []
      : [by(env === NO_XET ? "http" : "xet", pythonDownload(world, LOAD, pythonHf, { name, env }))];
  const own = (transport: "xet" | "http"): Contender => {
    const name = `hf download --transport ${transport} (verified)`;
    return by(transport, ourDownload(world, LOAD, { name, args: ["--transport", transport] }));
  };
  return compare(
    "one file of 256 MiB in Xet storage",
    [
      ...python("Python's hf download, hf_xet", {}),
      ...python("the same, HF_XET_HIGH_PERFORMANCE", { HF_XET_HIGH_PERFORMANCE: "1" }),
      own("xet"),
      own("http"),
      ...python("Python's hf download, no Xet", NO_XET),
      ...(js === undefined ? [] : [by("xet", jsDownload(world, LOAD, js))]),
    ],
    rounds,
    absentOf(peers, ["pythonHf", "js"]),
  );
}

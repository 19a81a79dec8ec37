import { HF, type World } from "../test/support/world.ts";
import { compare, type Answer, type Contender } from "./measure.ts";
import type { Peers } from "./peers.ts";

/** How long does a person wait for the shortest commands, beside a Node that does nothing? */
export async function startup(world: World, peers: Peers, rounds: number): Promise<Answer> {
  const env = { ...world.env, HF_TOKEN: world.token("alice-read") };
  const commands = [["version"], ["auth", "token"], ["auth", "whoami"]];
  const own = [
    ["auth", "git-credential", "get"],
    ["run", "--", "true"],
    ["auth", "status", "--offline"],
    ["cache", "ready", "alice/tiny-model"],
  ];
  // For the last of them, which is about what is there.
  const there = await world.hf(["download", "alice/tiny-model", "--quiet"], { env });
  if (there.exit !== 0) throw new Error(there.stderr);
  const input = `protocol=http\nhost=${new URL(world.hub.url).host}\n\n`;
  const ours = [...commands, ...own].map((args): Contender => ({
    name: `hf ${args.join(" ")}`,
    program: process.execPath,
    args: [HF, ...args],
    env,
    ...(args[1] === "git-credential" ? { input, check: answersToken(env.HF_TOKEN) } : {}),
  }));
  const { pythonHf } = peers;
  const theirs =
    pythonHf === undefined
      ? []
      : commands.map((args): Contender => ({ name: `Python's hf ${args.join(" ")}`, program: pythonHf, args, env }));
  const bare: Contender = { name: "node -e 0", program: process.execPath, args: ["-e", "0"], env };
  return compare("start-up", [bare, ...ours, ...theirs], rounds, pythonHf === undefined ? [peers.absent.pythonHf] : []);
}

/** An empty answer is quick, and no answer. */
function answersToken(token: string): (stdout: string) => void {
  return (stdout) => {
    if (!stdout.includes(`password=${token}\n`)) throw new Error("git got no token");
  };
}

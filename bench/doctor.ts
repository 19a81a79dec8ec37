import { spawnSync } from "node:child_process";
import { createServer } from "node:net";
import type { AddressInfo, Server } from "node:net";
import { HF, type World } from "../test/support/world.ts";
import { compare, type Answer, type Contender } from "./measure.ts";
import type { Peers } from "./peers.ts";

/** How long does a person wait for the doctor, where the network is well and where it is dead? At most 3 s. */
export async function doctor(world: World, _peers: Peers, rounds: number): Promise<Answer> {
  // One that takes a connection and never says a word, and a port at which nothing listens any more.
  const silent = await listen();
  const gone = await listen();
  const [silentPort, gonePort] = [silent, gone].map((server) => (server.address() as AddressInfo).port);
  gone.close();
  const env = { ...world.env, HF_TOKEN: world.token("alice-read") };
  const row = (name: string, endpoint: string, exit: number, before: readonly string[] = []): Contender => {
    const [program = process.execPath, ...args] = [...before, process.execPath, HF, "doctor", "--json"];
    return { name, program, args, env: { ...env, HF_ENDPOINT: endpoint }, exit, check: says(exit === 0) };
  };
  const isolated = spawnSync("unshare", ["-rn", "true"]).status === 0;
  try {
    return await compare(
      "doctor (limit: 3000 ms)",
      [
        row("the Hub answers", world.hub.url, 0),
        row("nothing listens", `https://127.0.0.1:${gonePort}`, 20),
        row("takes a connection, says nothing", `https://127.0.0.1:${silentPort}`, 20),
        ...(isolated ? [row("no network interface at all", "https://huggingface.co", 20, ["unshare", "-rn"])] : []),
      ],
      rounds,
      isolated ? [] : ["no network interface at all: 'unshare -rn' is not allowed here"],
    );
  } finally {
    silent.close();
  }
}

function listen(): Promise<Server> {
  const server = createServer((socket) => socket.on("error", () => {}));
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

function says(healthy: boolean): (stdout: string) => void {
  return (stdout) => {
    if (!stdout.includes(`"healthy":${healthy}`)) throw new Error(`the doctor says something else: ${stdout}`);
  };
}

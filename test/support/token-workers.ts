import { spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import { root } from "./root.ts";

/** A process that looks its token up anew whenever it is asked, as one that has just been started would. */
export interface TokenWorker {
  readonly who: string;
  /** What it found, or what it said in place of a token. */
  ask(): Promise<string>;
  /** What it wrote to its standard error. */
  said(): string;
  kill(): void;
}

/** Our library in a Node of its own: the saved login of `home`, renewed when it is due. */
const OURS = `
const [modules, home, endpoint, clientId] = process.argv.slice(1);
const load = (name) => import(new URL(name, modules));
const { createFileTokenStore, createRefresher, createRefreshMemory, resolveToken, tokenSources } = await load("auth/index.js");
const { createHubClient } = await load("hub/index.js");
const { systemClock } = await load("core/clock.js");
const clock = systemClock;
const store = createFileTokenStore({
  tokenPath: home + "/token", storedTokensPath: home + "/stored_tokens", platform: process.platform, clock,
});
const connect = (at) => createHubClient({ endpoint: at });
console.log("ready");
process.stdin.on("data", async () => {
  const refresh = createRefresher({ store, clock, clientId, connect, memory: createRefreshMemory() });
  const found = await resolveToken(tokenSources({ env: {}, endpoint, store, refresh }));
  console.log(found.kind === "found" && found.warnings.length === 0 ? found.token.expose() : JSON.stringify(found));
});
`;

/** Python's library. What it remembers of the last look is taken from it, so that it looks at the files again. */
const PYTHON = `
import sys
from huggingface_hub import get_token
from huggingface_hub.utils import _auth
assert hasattr(_auth, "_OAUTH_REFRESH_CACHE")
print("ready", flush=True)
for line in sys.stdin:
    _auth._OAUTH_REFRESH_CACHE = None
    print(get_token(), flush=True)
`;

/** Starts a process of our library. */
export function startOurs(home: string, endpoint: string, clientId: string): Promise<TokenWorker> {
  const args = [
    "--input-type=module",
    "-e",
    OURS,
    new URL("../../src/", import.meta.url).href,
    home,
    endpoint,
    clientId,
  ];
  return start("ours", process.execPath, args, { PATH: process.env["PATH"], HOME: home });
}

/** @param env has the variables that lead Python's library to the home and the Hub */
export function startPython(version: string, program: string, env: NodeJS.ProcessEnv): Promise<TokenWorker> {
  return start(`Python ${version}`, program, ["-c", PYTHON], env);
}

async function start(
  who: string,
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<TokenWorker> {
  const child = spawn(program, [...args], { cwd: root, env, stdio: "pipe" });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  child.stdin.on("error", () => undefined);
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const line = await lines.next();
    return line.done === true ? `ended: ${said.slice(-500)}` : line.value;
  };
  const first = await next();
  if (first !== "ready") throw new Error(`${who} did not start: ${first}`);
  return {
    who,
    ask() {
      child.stdin.write("go\n");
      return next();
    },
    said: () => said,
    kill: () => void child.kill("SIGKILL"),
  };
}

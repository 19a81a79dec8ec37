import { rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { LocalhubOptions } from "../../src/localhub/index.ts";
import { startWorld } from "../support/world.ts";
import type { Outcome, RunOptions, World } from "../support/world.ts";
import type { Environments } from "./environments.ts";

/** A world in which the clients that we did not write live too. */
export interface PeerWorld extends World {
  /** Runs Python code that prints one JSON value as its last line, and gives that value. */
  python(version: string, code: string, options?: RunOptions): Promise<unknown>;
  /** Python itself, with that version of its library. */
  pythonProgram(version: string): string;
  /** Python's own command line. */
  pythonHf(version: string, args: readonly string[], options?: RunOptions): Promise<Outcome>;
  /** Runs a JavaScript module that uses @huggingface/hub and prints one JSON value. */
  js(code: string, options?: RunOptions): Promise<unknown>;
  git(args: readonly string[], options?: RunOptions): Promise<Outcome>;
}

let scripts = 0;

export async function makePeerWorld(environments: Environments, options: LocalhubOptions = {}): Promise<PeerWorld> {
  const world = await startWorld(options);
  const { run, hub } = world;
  const pythonOf = (version: string): string => {
    const program = environments.python.get(version);
    if (program === undefined) throw new Error(`no environment for huggingface_hub ${version}`);
    return program;
  };
  return {
    ...world,
    python: async (version, code, more) => lastJson(await run(pythonOf(version), ["-c", `import json\n${code}`], more)),
    pythonProgram: pythonOf,
    pythonHf: (version, args, more) => run(join(dirname(pythonOf(version)), "hf"), args, more),
    async js(code, more = {}) {
      // Beside its node_modules, or the import would not be found.
      const path = join(environments.js, `script-${process.pid}-${scripts++}.mjs`);
      writeFileSync(path, `import * as hf from "@huggingface/hub";\n${code}`);
      try {
        return lastJson(await run(process.execPath, [path], { ...more, env: { HUB: hub.url, ...more.env } }));
      } finally {
        rmSync(path, { force: true });
      }
    },
    git: (args, more) => run("git", args, more),
  };
}

function lastJson(outcome: Outcome): unknown {
  const line = outcome.stdout.trim().split("\n").at(-1) ?? "";
  try {
    return JSON.parse(line);
  } catch {
    throw new Error(`exit ${outcome.exit}, no JSON: ${line.slice(0, 200)}\n${outcome.stderr.slice(-1500)}`);
  }
}

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startLocalhub } from "../../src/localhub/index.ts";
import type { Localhub, LocalhubOptions } from "../../src/localhub/index.ts";
import { root } from "./root.ts";

/** The built program, as it is published. */
export const HF = join(root, "dist/bin/hf.cjs");

export interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  /** Exit code; 128 and the signal's number would be the shell's, here a killed child has -1. */
  readonly exit: number;
}

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string;
  readonly cwd?: string;
  /** Another user, where this one is root. */
  readonly uid?: number;
  /** Milliseconds until the child is killed. */
  readonly timeoutMs?: number;
}

/** A Hub of its own, a throw-away home, and the programs that share them. */
export interface World {
  readonly hub: Localhub;
  /** Throw-away folder that is HOME and the working folder. */
  readonly folder: string;
  /** `HF_HOME`, not made yet. */
  readonly home: string;
  readonly hubCache: string;
  readonly env: NodeJS.ProcessEnv;
  /** Value of a token of the seed. */
  token(name: string): string;
  run(program: string, args: readonly string[], options?: RunOptions): Promise<Outcome>;
  /** Our program. */
  hf(args: readonly string[], options?: RunOptions): Promise<Outcome>;
  close(): Promise<void>;
}

export async function startWorld(options: LocalhubOptions = {}): Promise<World> {
  const hub = await startLocalhub(options);
  const folder = mkdtempSync(join(tmpdir(), "latchkey-test-"));
  const home = join(folder, "hf-home");
  // Nothing is inherited but the path: a token or a switch of the person who runs the tests must not decide them.
  const env: NodeJS.ProcessEnv = {
    PATH: process.env["PATH"],
    HOME: folder,
    LANG: "C.UTF-8",
    HF_HOME: home,
    HF_ENDPOINT: hub.url,
    HF_HUB_DISABLE_TELEMETRY: "1",
    HF_HUB_DISABLE_UPDATE_CHECK: "1",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_TERMINAL_PROMPT: "0",
  };
  const run: World["run"] = (program, args, more = {}) =>
    new Promise((resolve, reject) => {
      const child = spawn(program, [...args], {
        cwd: more.cwd ?? folder,
        env: { ...env, ...more.env },
        stdio: "pipe",
        ...(more.uid === undefined ? {} : { uid: more.uid, gid: more.uid }),
        timeout: more.timeoutMs ?? 60_000,
        killSignal: "SIGKILL",
      });
      let stdout = "";
      let stderr = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
      child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
      child.once("error", reject);
      child.once("close", (code) => resolve({ stdout, stderr, exit: code ?? -1 }));
      // A child that does not read its input may be gone before all of it is written.
      child.stdin.on("error", () => undefined);
      child.stdin.end(more.input ?? "");
    });
  return {
    hub,
    folder,
    home,
    hubCache: join(home, "hub"),
    env,
    token(name) {
      const value = hub.tokens[name];
      if (value === undefined) throw new Error(`the seed has no token ${name}`);
      return value;
    },
    run,
    hf: (args, more) => run(process.execPath, [HF, ...args], more),
    async close() {
      await hub.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

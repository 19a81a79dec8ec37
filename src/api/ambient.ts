import process from "node:process";
import { fileURLToPath } from "node:url";
import { isGithubRunner, maskCommand } from "../core/github-runner.ts";
import type { Environment, Machine } from "../core/ports.ts";
import type { Secret } from "../core/secret.ts";
import { ownHome, userHome } from "../core/user-home.ts";

/** The environment of the process at this moment. Never read at import. */
export function ambientEnvironment(): Environment {
  return process.env;
}

/**
 * The machine as seen from `env`: its variable for the home folder comes before the process's own, so that a caller
 * who hands in an environment gets the files of that one and no other.
 */
export function ambientMachine(env: Environment): Machine {
  const { platform } = process;
  const home = env[platform === "win32" ? "USERPROFILE" : "HOME"] ?? ownHome();
  return { platform, home, cwd: process.cwd(), userHome };
}

/** The Node that runs, and a file of this package. */
export function ambientProgram(): { readonly execPath: string; readonly script: string } {
  return { execPath: process.execPath, script: fileURLToPath(import.meta.url) };
}

/** Has a secret that was just made struck from the log of the job that this process is part of, where it is public. */
export function maskInLog(secret: Secret): void {
  if (isGithubRunner(process.env)) process.stderr.write(maskCommand(secret));
}

import { homedir } from "node:os";
import process from "node:process";
import type { Environment, Machine } from "../core/ports.ts";
import { userHome } from "../core/user-home.ts";

/** The environment of the process at this moment. Never read at import. */
export function ambientEnvironment(): Environment {
  return process.env;
}

export function ambientMachine(): Machine {
  return { platform: process.platform, home: homedir(), cwd: process.cwd(), userHome };
}

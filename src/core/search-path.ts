import { delimiter, isAbsolute } from "node:path";
import type { Environment } from "./ports.ts";

/**
 * Where a program of the system is looked for that helps us: all that it gets of the environment, in which tokens may be.
 * A part that is no whole path would mean the folder that the caller happens to be in, and a package's own programs may
 * have any name.
 */
export function searchPath(env: Environment): string {
  const parts = (env["PATH"] ?? "/usr/local/bin:/usr/bin:/bin").split(delimiter);
  return parts.filter((part) => isAbsolute(part) && !part.includes("node_modules")).join(delimiter);
}

import { accessSync, constants, realpathSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";
import type { Environment } from "../core/ports.ts";
import type { HelperProgram } from "../git/index.ts";

/** The process's own words for where it is. */
export interface RunningProgram {
  readonly execPath: string;
  readonly script: string;
}

/**
 * Paths by which this program can be started later, also after an update. Node knows itself by a path without links,
 * which some package managers change with each version; the link on the PATH that leads to it stays.
 * @returns also whether the program lies in a cache that is cleared now and then
 */
export function findProgram(
  { execPath, script }: RunningProgram,
  env: Environment,
  platform: NodeJS.Platform,
): HelperProgram & { readonly passing: boolean } {
  const name = platform === "win32" ? "node.exe" : "node";
  const folders = (env["PATH"] ?? env["Path"] ?? "").split(delimiter).filter((folder) => isAbsolute(folder));
  const node = folders.map((folder) => join(folder, name)).find((path) => leadsTo(path, execPath)) ?? execPath;
  return { node, program: script, platform, passing: /[/\\]_npx[/\\]/.test(script) };
}

function leadsTo(path: string, target: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return realpathSync(path) === realpathSync(target);
  } catch {
    return false;
  }
}

import { join } from "node:path";
import { parseEnv } from "node:util";
import { isTokenVariable } from "../auth/index.ts";
import type { Environment } from "../core/ports.ts";
import { askAboutPath } from "../git/index.ts";
import type { DotenvEvidence, NetrcEvidence } from "./evidence.ts";
import { lookAt, readStart } from "./look.ts";

export interface ProjectOptions {
  /** With a PATH that leads to no program of the project. */
  readonly env: Environment;
  /** The current folder, without links. */
  readonly cwd: string;
  /** Milliseconds that git has for each file. */
  readonly timeoutMs: number;
}

const DOTENV_NAMES = [".env", ".env.local"];
const MOST_READ = 1024 * 1024;

/**
 * The files of variables in the current folder that hold a token. The folder is not trusted: nothing but an ordinary
 * file of its own is read, and git is asked as one asks about a repository of a stranger.
 */
export async function collectDotenv({ env, cwd, timeoutMs }: ProjectOptions): Promise<readonly DotenvEvidence[]> {
  const found = await Promise.all(
    DOTENV_NAMES.map(async (name): Promise<DotenvEvidence | undefined> => {
      const path = join(cwd, name);
      const text = readStart(path, MOST_READ, { followLinks: false })?.toString("utf8");
      const variables = text === undefined ? [] : tokenNames(text);
      if (variables.length === 0) return undefined;
      const inGit = await askAboutPath(path, { env, signal: AbortSignal.timeout(timeoutMs) }).catch(() => undefined);
      return { path, variables, mode: lookAt(path).mode, inGit };
    }),
  );
  return found.filter((file) => file !== undefined);
}

/** These lead to a token, and are none. */
const PLACES = new Set(["HF_OIDC_RESOURCE", "HF_OIDC_ID_TOKEN_FILE"]);

/** Names of the variables that hold a token, whatever tool reads them. Their values go no further. */
function tokenNames(text: string): readonly string[] {
  return Object.entries(parseEnv(text.replace(/^\ufeff/, "")))
    .filter(([name, value]) => isTokenVariable(name) && !PLACES.has(name) && (value ?? "").trim() !== "")
    .map(([name]) => name);
}

export interface NetrcOptions {
  readonly env: Environment;
  readonly platform: NodeJS.Platform;
  readonly home: string;
  /** Host of the endpoint. */
  readonly host: string;
}

/** The entry of `.netrc` that curl, and git through it, would use for the Hub's host. */
export function collectNetrc({ env, platform, home, host }: NetrcOptions): NetrcEvidence | undefined {
  const names = platform === "win32" ? ["_netrc", ".netrc"] : [".netrc"];
  const paths = (env["NETRC"] ?? "") === "" ? names.map((name) => join(home, name)) : [String(env["NETRC"])];
  for (const path of paths) {
    const text = readStart(path, 256 * 1024, { followLinks: true })?.toString("utf8");
    const machine = text === undefined ? undefined : matchingMachine(text, host);
    if (machine !== undefined) return { path, machine };
  }
  return undefined;
}

/** The first entry for a host, or the `default` one, as curl reads the file. */
export function matchingMachine(text: string, host: string): string | undefined {
  const words = text
    .split("\n")
    .map((line) => line.replace(/^\s*#.*$/, ""))
    .join("\n")
    .split(/\s+/);
  for (const [at, word] of words.entries()) {
    if (word === "machine" && words[at + 1]?.toLowerCase() === host) return host;
    if (word === "default") return "default";
  }
  return undefined;
}

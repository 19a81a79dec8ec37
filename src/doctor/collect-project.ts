import { readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { parseEnv } from "node:util";
import { isTokenVariable } from "../auth/index.ts";
import type { Environment } from "../core/ports.ts";
import { askAboutPath, listTracked } from "../git/index.ts";
import type { DotenvEvidence, NetrcEvidence } from "./evidence.ts";
import { lookAt, readStart, realPath } from "./look.ts";
import { isBlank } from "./token-content.ts";

export interface ProjectOptions {
  /** With a PATH that leads to no program of the project. */
  readonly env: Environment;
  /** The current folder, without links. */
  readonly cwd: string;
  /** Milliseconds that git has for each file. */
  readonly timeoutMs: number;
}

/** As git names them, anywhere in a work tree. */
const DOTENV_PATTERNS = [".env", ".env.*", ".envrc"];
const DOTENV = /^\.env(?:\.[^/\\]{1,60}|rc)?$/;
const MOST_READ = 1024 * 1024;
/** Files that are read, and files that git is asked about. */
const MOST_FILES = 200;
const MOST_ASKED = 6;

/**
 * The files of variables that hold a token: in the current folder, at the top of the repository around it, and those
 * that git tracks anywhere in it. The folder is not trusted: nothing but an ordinary file of its own is read, and git is
 * asked as one asks about a repository of a stranger.
 */
export async function collectDotenv({ env, cwd, timeoutMs }: ProjectOptions): Promise<readonly DotenvEvidence[]> {
  const options = { env, signal: AbortSignal.timeout(timeoutMs) };
  const tracked = await listTracked(cwd, DOTENV_PATTERNS, options).catch(() => undefined);
  const inTree = (tracked?.paths ?? []).map((path) => join(tracked?.root ?? cwd, path));
  const paths = [...new Set([...namesIn(cwd), ...namesIn(tracked?.root ?? cwd), ...inTree])];
  const found = paths.slice(0, MOST_FILES).flatMap((path): Omit<DotenvEvidence, "inGit">[] => {
    // A folder on the way may be a link to anywhere, too.
    if (realPath(dirname(path)) !== dirname(path)) return [];
    const text = readStart(path, MOST_READ, { followLinks: false })?.toString("utf8");
    const variables = text === undefined ? [] : tokenNames(text);
    return variables.length === 0 ? [] : [{ path, name: relative(cwd, path), variables, mode: lookAt(path).mode }];
  });
  const asked = found.filter(({ path }) => !inTree.includes(path)).slice(0, MOST_ASKED);
  return Promise.all(
    found.map(async (file): Promise<DotenvEvidence> => {
      if (tracked !== undefined && inTree.includes(file.path)) {
        return { ...file, inGit: { kind: "inside", root: tracked.root, tracked: true, ignored: false } };
      }
      const inGit = asked.includes(file) ? await askAboutPath(file.path, options).catch(() => undefined) : undefined;
      return { ...file, inGit };
    }),
  );
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => DOTENV.test(name))
      .map((name) => join(folder, name));
  } catch {
    return [];
  }
}

/** These lead to a token, and are none. */
const PLACES = new Set(["HF_OIDC_RESOURCE", "HF_OIDC_ID_TOKEN_FILE"]);

/** Names of the variables that hold a token, whatever tool reads them. Their values go no further. */
function tokenNames(text: string): readonly string[] {
  return Object.entries(parseEnv(text.replace(/^\ufeff/, "")))
    .filter(([name, value]) => isTokenVariable(name) && !PLACES.has(name) && isFilled(value ?? ""))
    .map(([name]) => name);
}

/** False for what a template holds in the place of a token. */
function isFilled(value: string): boolean {
  return value.trim() !== "" && !isBlank(value);
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

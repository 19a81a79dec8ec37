import { posix, win32 } from "node:path";
import { UsageError } from "./errors.ts";
import type { Environment, Machine } from "./ports.ts";

/** Where things are and how the user wants them, read once from an environment. */
export interface Settings {
  /** `HF_HOME`. */
  readonly home: string;
  /** The repo cache: `HF_HUB_CACHE`, else `$HF_HOME/hub`. */
  readonly hubCache: string;
  /** The active token: `HF_TOKEN_PATH`, else `$HF_HOME/token`. */
  readonly tokenPath: string;
  /** All saved logins; always beside the token file, as Python has it. */
  readonly storedTokensPath: string;
  readonly endpoint: string;
  /** False when the endpoint is the default one because nothing was set. */
  readonly endpointSet: boolean;
  readonly offline: boolean;
  readonly disableImplicitToken: boolean;
  readonly disableSymlinks: boolean;
  /** true: never a bar. false: the user asked for bars. undefined: decide by the terminal. */
  readonly disableProgress: boolean | undefined;
  /** Milliseconds a request for facts (not bytes) may wait for its answer. */
  readonly requestTimeoutMs: number;
  readonly userAgentOrigin: string | undefined;
  /** What the user should know about odd values. */
  readonly warnings: readonly string[];
}

export const DEFAULT_ENDPOINT = "https://huggingface.co";

/**
 * Reads the variables that Python's huggingface_hub reads, with its meaning. One deviation: a variable that is set
 * but empty counts as not set (Python would then write tokens into the current folder), and is warned about.
 * @throws UsageError `ERR_HF_INVALID_ENDPOINT`
 */
export function readSettings(env: Environment, machine: Machine): Settings {
  const warnings: string[] = [];
  const value = (name: string): string | undefined => {
    const text = env[name];
    if (text === "") warnings.push(`${name} is set but empty; it is treated as not set.`);
    return text === undefined || text === "" ? undefined : text;
  };
  const { join, dirname, resolve } = machine.platform === "win32" ? win32 : posix;
  const path = (name: string): string | undefined => {
    const text = value(name);
    return text === undefined ? undefined : resolve(machine.cwd, expandPath(text, env, machine));
  };
  const xdg = path("XDG_CACHE_HOME");
  const home = path("HF_HOME") ?? join(xdg ?? join(machine.home, ".cache"), "huggingface");
  const tokenPath = path("HF_TOKEN_PATH") ?? join(home, "token");
  const endpointText = value("HF_ENDPOINT");
  return {
    home,
    hubCache: path("HF_HUB_CACHE") ?? path("HUGGINGFACE_HUB_CACHE") ?? join(home, "hub"),
    tokenPath,
    storedTokensPath: join(dirname(tokenPath), "stored_tokens"),
    endpoint: parseEndpoint(endpointText ?? DEFAULT_ENDPOINT),
    endpointSet: endpointText !== undefined,
    offline: isTrue(value("HF_HUB_OFFLINE") ?? value("TRANSFORMERS_OFFLINE")),
    disableImplicitToken: isTrue(value("HF_HUB_DISABLE_IMPLICIT_TOKEN")),
    disableSymlinks: isTrue(value("HF_HUB_DISABLE_SYMLINKS")),
    disableProgress: triState(value("HF_HUB_DISABLE_PROGRESS_BARS")),
    requestTimeoutMs: seconds(value("HF_HUB_ETAG_TIMEOUT"), "HF_HUB_ETAG_TIMEOUT", warnings) * 1000,
    userAgentOrigin: value("HF_HUB_USER_AGENT_ORIGIN"),
    warnings,
  };
}

/** True exactly for `1`, `ON`, `YES`, `TRUE` in any case, as Python reads its booleans. */
export function isTrue(text: string | undefined): boolean {
  return text !== undefined && ["1", "ON", "YES", "TRUE"].includes(text.toUpperCase());
}

/**
 * An endpoint without its trailing slashes. It may hold a path (a mirror below one), never a query or a user.
 * @throws UsageError `ERR_HF_INVALID_ENDPOINT`
 */
export function parseEndpoint(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (
    url === undefined ||
    !/^https?:$/.test(url.protocol) ||
    url.username !== "" ||
    url.password !== "" ||
    url.search !== ""
  ) {
    throw new UsageError("ERR_HF_INVALID_ENDPOINT", `'${text}' can't be an endpoint.`, {
      hint: "HF_ENDPOINT and --endpoint take an address such as https://huggingface.co.",
    });
  }
  return (url.origin + url.pathname).replace(/\/+$/, "");
}

/** `~`, `~name`, `$NAME` and `${NAME}` (on Windows also `%NAME%`) as Python expands them: the user first, once. */
export function expandPath(text: string, env: Environment, machine: Machine): string {
  const name = /^~([^/\\]*)/.exec(text);
  let path = text;
  if (name !== null) {
    const home = name[1] === "" ? machine.home : machine.userHome(name[1] ?? "");
    if (home !== undefined) path = home + text.slice(name[0].length);
  }
  const variable = machine.platform === "win32" ? /\$(\w+)|\$\{(\w+)\}|%(\w+)%/g : /\$(\w+)|\$\{(\w+)\}/g;
  return path.replace(variable, (whole, a?: string, b?: string, c?: string) => env[a ?? b ?? c ?? ""] ?? whole);
}

function triState(text: string | undefined): boolean | undefined {
  return text === undefined ? undefined : isTrue(text);
}

function seconds(text: string | undefined, name: string, warnings: string[]): number {
  const fallback = 10;
  if (text === undefined) return fallback;
  if (/^\d+$/.test(text) && Number(text) > 0) return Number(text);
  if (text !== "0") warnings.push(`${name} takes a whole number of seconds; ${fallback} is used.`);
  return fallback;
}

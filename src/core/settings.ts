import { posix, win32 } from "node:path";
import { UsageError } from "./errors.ts";
import type { Environment, Machine } from "./ports.ts";
import { trimEnd } from "./trim.ts";

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
  /** Milliseconds a file may stand still before its connection is dropped: `HF_HUB_DOWNLOAD_TIMEOUT`. */
  readonly downloadTimeoutMs: number;
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
  const value = (name: string): string | undefined => (env[name] === "" ? undefined : env[name]);
  // Of places and addresses alone: an empty switch means "off" to everybody.
  const place = (name: string): string | undefined => {
    if (env[name] === "") warnings.push(`${name} is set but empty; it is treated as not set.`);
    return value(name);
  };
  const { join, dirname, resolve } = machine.platform === "win32" ? win32 : posix;
  const absolute = (text: string): string => resolve(machine.cwd, expandPath(text, env, machine));
  const path = (name: string): string | undefined => {
    const text = place(name);
    return text === undefined ? undefined : absolute(text);
  };
  const home = path("HF_HOME") ?? absolute(`${place("XDG_CACHE_HOME") ?? "~/.cache"}/huggingface`);
  const tokenPath = path("HF_TOKEN_PATH") ?? join(home, "token");
  const endpointText = place("HF_ENDPOINT");
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
    disableProgress: triState(env["HF_HUB_DISABLE_PROGRESS_BARS"]),
    requestTimeoutMs: seconds(value("HF_HUB_ETAG_TIMEOUT"), "HF_HUB_ETAG_TIMEOUT", 10, warnings) * 1000,
    downloadTimeoutMs: seconds(value("HF_HUB_DOWNLOAD_TIMEOUT"), "HF_HUB_DOWNLOAD_TIMEOUT", 30, warnings) * 1000,
    userAgentOrigin: value("HF_HUB_USER_AGENT_ORIGIN"),
    warnings,
  };
}

/** True exactly for `1`, `ON`, `YES`, `TRUE` in any case, as Python reads its booleans. */
export function isTrue(text: string | undefined): boolean {
  return text !== undefined && ["1", "ON", "YES", "TRUE"].includes(text.toUpperCase());
}

/**
 * An endpoint without its trailing slashes. It may hold a path (a mirror below one), never a query, a fragment, a user
 * or a password.
 * @throws UsageError `ERR_HF_INVALID_ENDPOINT`
 */
export function parseEndpoint(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && (url.username !== "" || url.password !== "")) {
    // Not shown: what stands there may be a token.
    throw new UsageError("ERR_HF_INVALID_ENDPOINT", "An endpoint can't have a user name or a password in it.", {
      hint: "Leave out what stands before the @. Sign in with 'hf auth login'.",
    });
  }
  if (url === undefined || !/^https?:$/.test(url.protocol) || /[?#]/.test(url.href)) {
    throw new UsageError("ERR_HF_INVALID_ENDPOINT", `'${text}' can't be an endpoint.`, {
      hint: "HF_ENDPOINT and --endpoint take an address such as https://huggingface.co.",
    });
  }
  // hf.co only leads there; a token would be left behind on the way.
  const origin = url.origin === "https://hf.co" ? DEFAULT_ENDPOINT : url.origin;
  return trimEnd(origin + url.pathname, /\//);
}

/**
 * A folder that the user named by a flag or an option: absolute, with `~` and variables as those of `HF_HOME`.
 * @param name how the user named it, for the message: `--cache-dir`
 * @throws UsageError an empty one, which would mean the current folder
 */
export function placeOf(text: string, name: string, env: Environment, machine: Machine): string {
  if (text.trim() === "") {
    throw new UsageError("ERR_HF_USAGE", `${name} is empty.`, { hint: `Give a folder, or leave out ${name}.` });
  }
  const { resolve } = machine.platform === "win32" ? win32 : posix;
  return resolve(machine.cwd, expandPath(text, env, machine));
}

/** `$NAME` and `${NAME}`; a name in braces may hold any character. */
const POSIX_VARIABLE = /\$(?:(?<bare>\w+)|\{(?<braced>[^}]*)\})/g;
/** Also `%NAME%`; `%%` and `$$` stand for one; text in single quotes, or after an unclosed sign, stays as it is. */
const WINDOWS_VARIABLE =
  /'[^']*(?:'|$)|%%|\$\$|%(?<percent>[^%]+)%|%[^%]*$|\$\{(?<braced>[^}]*)\}|\$\{[^}]*$|\$(?<bare>[\w-]+)/g;

/** `~`, `~name` and variables as Python's `expanduser` and then `expandvars` replace them, each once. */
export function expandPath(text: string, env: Environment, machine: Machine): string {
  const windows = machine.platform === "win32";
  const [name] = (windows ? /^~[^/\\]*/ : /^~[^/]*/).exec(text) ?? [];
  const home = name === undefined ? undefined : name === "~" ? machine.home : machine.userHome(name.slice(1));
  const rest = name === undefined || home === undefined ? text : joinHome(home, text.slice(name.length), windows);
  return rest.replace(windows ? WINDOWS_VARIABLE : POSIX_VARIABLE, (whole: string, ...found: unknown[]) => {
    if (whole === "%%" || whole === "$$") return whole.slice(1);
    const groups = found.at(-1) as Partial<Record<"bare" | "braced" | "percent", string>>;
    const variable = groups.bare ?? groups.braced ?? groups.percent;
    // An environment is an object with a prototype: `$constructor` is no variable.
    return variable !== undefined && Object.hasOwn(env, variable) ? (env[variable] ?? whole) : whole;
  });
}

/** An empty or root home (`HOME=`, `HOME=/`) gives paths from the root, never from the current folder. */
function joinHome(home: string, rest: string, windows: boolean): string {
  return windows ? home + rest : trimEnd(home, /\//) + rest || "/";
}

function triState(text: string | undefined): boolean | undefined {
  return text === undefined ? undefined : isTrue(text);
}

function seconds(text: string | undefined, name: string, fallback: number, warnings: string[]): number {
  // A timer takes no more; it would fire at once.
  const most = 2_147_483;
  if (text === undefined) return fallback;
  if (/^\d+$/.test(text) && Number(text) > 0) return Math.min(Number(text), most);
  if (!/^0+$/.test(text)) warnings.push(`${name} takes a whole number of seconds; ${fallback} is used.`);
  return fallback;
}

import { HfError } from "../core/errors.ts";
import { DEFAULT_ENDPOINT } from "../core/settings.ts";
import { plainText } from "../core/terminal-text.ts";
import { trimEnd } from "../core/trim.ts";
import { runGit } from "./run-git.ts";
import type { GitOptions } from "./run-git.ts";

export interface HelperOptions extends GitOptions {
  /** @default "https://huggingface.co" */
  readonly endpoint?: string | undefined;
}

/**
 * The credential helpers that git asks for an endpoint, in its order, as the user configured them: for the whole
 * machine, the user, or this address. An empty value forgets those before it, as in git.
 * @throws HfError `ERR_HF_GIT` when git is missing or its configuration is broken
 */
export async function findHelpers(options: HelperOptions): Promise<readonly string[]> {
  const pattern = "^credential\\.(.*\\.)?helper$";
  const { code, stdout, stderr } = await runGit(["config", "--null", "--get-regexp", pattern], "", options);
  // 1: nothing matches.
  if (code === 1) return [];
  if (code !== 0) {
    throw new HfError("ERR_HF_GIT", `git could not read its configuration: ${plainText(stderr)}`, {
      hint: "Run 'git config --list' to see what is wrong with it.",
    });
  }
  return readHelpers(stdout, options.endpoint ?? DEFAULT_ENDPOINT);
}

/** Reads `git config --null --get-regexp`: entries ended by NUL, each a key, a line feed and a value. */
export function readHelpers(output: string, endpoint: string): readonly string[] {
  let helpers: string[] = [];
  for (const entry of output.split("\0")) {
    const found = /^credential\.(?:(.*)\.)?helper(?:\n([^]*))?$/s.exec(entry);
    if (found === null) continue;
    const [, scope, value = ""] = found;
    if (scope !== undefined && !coversEndpoint(scope, endpoint)) continue;
    if (value === "") helpers = [];
    else helpers.push(value);
  }
  return helpers;
}

/** True when the address of a `credential.<address>.helper` covers the endpoint: same host, a path at or above it. */
function coversEndpoint(scope: string, endpoint: string): boolean {
  if (!URL.canParse(scope)) return false;
  const covering = new URL(scope);
  const url = new URL(endpoint);
  const [above, path] = [covering, url].map(({ pathname }) => `${trimEnd(pathname, /\//)}/`);
  return covering.origin === url.origin && (path ?? "").startsWith(above ?? "");
}

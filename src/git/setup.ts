import { HfError } from "../core/errors.ts";
import { plainText } from "../core/terminal-text.ts";
import { helperCommand, isOurHelper } from "./helper-command.ts";
import type { HelperProgram } from "./helper-command.ts";
import { runGit } from "./run-git.ts";
import type { GitOptions } from "./run-git.ts";
import { withHelper, withoutHelper } from "./setup-plan.ts";

export interface SetupReport {
  /** Name of the setting: `credential.https://huggingface.co.helper`. */
  readonly key: string;
  /** False when everything was so already. */
  readonly changed: boolean;
  /** The helper that was put in place; undefined after a removal. */
  readonly helper?: string;
}

/**
 * Makes our program git's credential helper for the endpoint, and for no other address, in the user's own
 * configuration. Done twice, it changes nothing the second time.
 * @throws HfError `ERR_HF_GIT` when git is missing or can't write its configuration
 */
export async function setUpHelper(endpoint: string, program: HelperProgram, options: GitOptions): Promise<SetupReport> {
  const helper = helperCommand(program, endpoint);
  const key = `credential.${endpoint}.helper`;
  const before = await readValues(key, options);
  const changed = await writeValues(key, before, withHelper(before, helper), options);
  // Without it git keeps the path to itself, and a helper can't tell an endpoint below a path from its neighbours.
  if (hasPath(endpoint) && !before.some(isOurHelper)) {
    const pathKey = pathSetting(endpoint);
    const values = await readValues(pathKey, options);
    await writeValues(pathKey, values, [...values, "true"], options);
  }
  return { key, changed, helper };
}

/**
 * Takes away what {@link setUpHelper} has put in place, and nothing else.
 * @throws HfError `ERR_HF_GIT`
 */
export async function removeHelper(endpoint: string, options: GitOptions): Promise<SetupReport> {
  const key = `credential.${endpoint}.helper`;
  const before = await readValues(key, options);
  const changed = await writeValues(key, before, withoutHelper(before), options);
  if (hasPath(endpoint) && changed) {
    const pathKey = pathSetting(endpoint);
    const values = await readValues(pathKey, options);
    if (values.at(-1) === "true") await writeValues(pathKey, values, values.slice(0, -1), options);
  }
  return { key, changed };
}

async function readValues(key: string, options: GitOptions): Promise<readonly string[]> {
  const { code, stdout, stderr } = await runGit(["config", "--global", "--null", "--get-all", key], "", options);
  // 1: there is none, or no file.
  if (code === 1) return [];
  if (code !== 0) throw failed("read", stderr);
  return stdout.split("\0").slice(0, -1);
}

/** Adds where adding does; else takes away what goes; else begins anew. Answers whether anything was to be done. */
async function writeValues(
  key: string,
  before: readonly string[],
  after: readonly string[],
  options: GitOptions,
): Promise<boolean> {
  const same = (a: readonly string[], b: readonly string[]): boolean => a.join("\0") === b.join("\0");
  if (before.length === after.length && same(before, after)) return false;
  const change = async (...args: readonly string[]): Promise<void> => {
    const { code, stderr } = await runGit(["config", "--global", ...args], "", options);
    if (code !== 0) throw failed("write", stderr);
  };
  let kept = before.length;
  if (kept > after.length || !same(before, after.slice(0, kept))) {
    await change("--unset-all", key);
    kept = 0;
  }
  for (const value of after.slice(kept)) await change("--add", key, value);
  return true;
}

function hasPath(endpoint: string): boolean {
  return new URL(endpoint).pathname !== "/";
}

function pathSetting(endpoint: string): string {
  return `credential.${endpoint}.useHttpPath`;
}

function failed(verb: string, stderr: string): HfError {
  return new HfError("ERR_HF_GIT", `git could not ${verb} your configuration: ${plainText(stderr, 300)}`, {
    hint: "Run 'git config --global --list' to see what is wrong with it.",
  });
}

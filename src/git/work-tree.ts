import { existsSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { HfError } from "../core/errors.ts";
import { plainText } from "../core/terminal-text.ts";
import { runGit } from "./run-git.ts";
import type { GitOptions, GitResult } from "./run-git.ts";

/** What git knows of a path that may exist or not. */
export type PathInGit =
  | { readonly kind: "outside" }
  | {
      readonly kind: "inside";
      /** Top folder of the work tree. */
      readonly root: string;
      readonly tracked: boolean;
      readonly ignored: boolean;
    };

/**
 * Asks git whether it tracks or ignores a path.
 * @param path absolute, its folder without links
 * @throws HfError `ERR_HF_GIT` when there is a repository and git can't tell
 */
export async function askAboutPath(path: string, options: GitOptions): Promise<PathInGit> {
  const git = asker(dirname(path), options);
  const root = await topFolder(dirname(path), git);
  if (root === undefined) return { kind: "outside" };
  const tracked = await git("--literal-pathspecs", "ls-files", "--error-unmatch", "--", path);
  if (tracked.code > 1) throw cantTell(tracked);
  const ignored = await git("check-ignore", "--quiet", "--no-index", "--", path);
  if (ignored.code > 1) throw cantTell(ignored);
  return { kind: "inside", root, tracked: tracked.code === 0, ignored: ignored.code === 0 };
}

/** Paths of a work tree. */
export interface TrackedPaths {
  /** Top folder of the work tree. */
  readonly root: string;
  /** From the top folder, with slashes. */
  readonly paths: readonly string[];
}

/**
 * Asks git once which paths it tracks whose last part is one of some names, anywhere in the work tree around a folder.
 * @param names patterns as of a shell, without slashes: `.env.*`
 * @returns undefined outside of every repository
 * @throws HfError `ERR_HF_GIT` when there is a repository and git can't tell, or there are too many of them
 */
export async function listTracked(
  folder: string,
  names: readonly string[],
  options: GitOptions,
): Promise<TrackedPaths | undefined> {
  const git = asker(folder, options);
  const root = await topFolder(folder, git);
  if (root === undefined) return undefined;
  const patterns = names.map((name) => `:(top,glob)**/${name}`);
  const listed = await git("ls-files", "-z", "--full-name", "--", ...patterns);
  if (listed.code !== 0) throw cantTell(listed);
  return { root, paths: listed.stdout.split("\0").filter((path) => path !== "") };
}

type Asker = (...args: readonly string[]) => Promise<GitResult>;

/**
 * The repository is not trusted: it may name a program as monitor of its files, which must not be run, and a folder of
 * it may pose as a repository of its own, which must not be asked in its place.
 */
function asker(folder: string, options: GitOptions): Asker {
  return (...args) =>
    runGit(["-c", "core.fsmonitor=false", "-c", "safe.bareRepository=explicit", ...args], "", {
      ...options,
      cwd: folder,
    });
}

/** Top folder of the work tree around a folder, or undefined where there is none. */
async function topFolder(folder: string, git: Asker): Promise<string | undefined> {
  const holder = repositoryAbove(folder);
  if (holder === undefined) return undefined;
  const top = await git("rev-parse", "--show-toplevel");
  if (top.code !== 0) throw cantTell(top);
  const root = top.stdout.replace(/\r?\n$/, "");
  if (!isSameFolder(root, holder)) throw cantTell({ ...top, stderr: `${holder} says that its files are in ${root}` });
  return root;
}

/**
 * The nearest folder with a `.git`. Looked at without git, so that "no repository" is told apart from a git that is
 * missing or does not want to.
 */
function repositoryAbove(folder: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, ".git"))) return at;
    if (dirname(at) === at) return undefined;
  }
}

function isSameFolder(a: string, b: string): boolean {
  try {
    return realpathSync.native(a) === realpathSync.native(b);
  } catch {
    return false;
  }
}

function cantTell({ stderr }: GitResult): HfError {
  return new HfError("ERR_HF_GIT", `git can't tell whether it tracks the file: ${plainText(stderr, 300)}`, {
    hint: "Nothing was written. Run 'git status' there to see what is wrong.",
  });
}

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
  const folder = dirname(path);
  const git = (...args: readonly string[]): Promise<GitResult> =>
    // The repository is not trusted: it may name a program as monitor of its files, which must not be run, and a folder
    // of it may pose as a repository of its own, which must not be asked in its place.
    runGit(["-c", "core.fsmonitor=false", "-c", "safe.bareRepository=explicit", ...args], "", {
      ...options,
      cwd: folder,
    });
  const holder = repositoryAbove(folder);
  if (holder === undefined) return { kind: "outside" };
  const top = await git("rev-parse", "--show-toplevel");
  if (top.code !== 0) throw cantTell(top);
  const root = top.stdout.replace(/\r?\n$/, "");
  if (!isSameFolder(root, holder)) throw cantTell({ ...top, stderr: `${holder} says that its files are in ${root}` });
  const tracked = await git("--literal-pathspecs", "ls-files", "--error-unmatch", "--", path);
  if (tracked.code > 1) throw cantTell(tracked);
  const ignored = await git("check-ignore", "--quiet", "--no-index", "--", path);
  if (ignored.code > 1) throw cantTell(ignored);
  return { kind: "inside", root, tracked: tracked.code === 0, ignored: ignored.code === 0 };
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

import { HfError } from "../core/errors.ts";
import type { Secret } from "../core/secret.ts";
import { plainText } from "../core/terminal-text.ts";
import { approveText } from "./credential-text.ts";
import { findHelpers } from "./helpers.ts";
import { runGit } from "./run-git.ts";
import type { GitOptions, GitResult } from "./run-git.ts";

/** What became of a wish to change git's credentials. None of it stops a sign-in. */
export type GitCredentialReport =
  | { readonly kind: "done"; readonly helpers: readonly string[]; readonly warning?: string }
  /** Git has no helper, so it would keep nothing. `command` sets one. */
  | { readonly kind: "no-helper"; readonly command: string }
  /** Git is missing, or failed. */
  | { readonly kind: "failed"; readonly error: HfError };

/** Keeps credentials in a plain file, readable by its owner alone; works on every system. */
const SET_HELPER = "git config --global credential.helper store";

/**
 * Hands the token to git's credential helpers, for `git clone` and `git push` at `endpoint`. It travels on stdin:
 * every user of the machine can read the arguments of a process.
 * @throws the signal's reason when aborted
 */
export async function approveCredential(
  endpoint: string,
  token: Secret,
  options: GitOptions,
): Promise<GitCredentialReport> {
  try {
    const helpers = await findHelpers({ ...options, endpoint });
    if (helpers.length === 0) return { kind: "no-helper", command: SET_HELPER };
    const result = await runGit(["credential", "approve"], approveText(endpoint, token), options);
    if (result.code !== 0) return { kind: "failed", error: failed(result) };
    // Git does not pass on the failure of a helper, but lets its words through.
    const words = plainText(result.stderr, 300);
    return words === "" ? { kind: "done", helpers } : { kind: "done", helpers, warning: words };
  } catch (error) {
    if (error instanceof HfError && error.code === "ERR_HF_GIT") return { kind: "failed", error };
    throw error;
  }
}

function failed({ code, stderr }: GitResult): HfError {
  return new HfError("ERR_HF_GIT", `git credential approve failed (${code}): ${plainText(stderr, 300)}`, {
    hint: "The sign-in itself is not affected. Run 'git credential fill' by hand to see what is wrong.",
  });
}

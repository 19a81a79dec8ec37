import { HfError, isHfError, systemCode } from "../core/errors.ts";
import { redact } from "../core/redact.ts";
import { Secret } from "../core/secret.ts";
import { plainText } from "../core/terminal-text.ts";
import { fillText, GIT_USER, readFilled, rejectText } from "./credential-text.ts";
import { isOurHelper } from "./helper-command.ts";
import { findHelpers } from "./helpers.ts";
import { runGit } from "./run-git.ts";
import type { GitOptions } from "./run-git.ts";

/** What one of git's credential helpers keeps for an endpoint. */
export interface HeldCredential {
  readonly endpoint: string;
  /** As git's configuration has it. */
  readonly helper: string;
  readonly username: string;
  readonly password: Secret;
}

/** What stands in the answer where no helper has one: git would ask somebody, or end with an error in their language. */
const NOTHING = "latchkey-found-nothing";

/**
 * The helpers that keep credentials for an endpoint. Our own is not among them: it keeps nothing, and answers with the
 * saved logins. None where git is not installed.
 * @throws HfError `ERR_HF_GIT` git can't read its configuration, or is too slow
 */
export async function keepingHelpers(endpoint: string, options: GitOptions): Promise<readonly string[]> {
  try {
    const helpers = await findHelpers({ ...options, endpoint });
    return [...new Set(helpers)].filter((helper) => !isOurHelper(helper));
  } catch (error) {
    if (isHfError(error) && systemCode(error.cause) === "ENOENT") return [];
    throw error;
  }
}

/**
 * What a helper gives git for an endpoint, for the Hub's user and for whichever comes first. Asks nobody anything.
 * @throws HfError `ERR_HF_GIT`
 * @throws the signal's reason when aborted
 */
export async function heldBy(
  helper: string,
  endpoint: string,
  options: GitOptions,
): Promise<readonly HeldCredential[]> {
  const found: HeldCredential[] = [];
  for (const username of [GIT_USER, undefined]) {
    const fallback = `!f() { echo username=${NOTHING}; echo password=${NOTHING}; }; f`;
    const env = withHelpers(options.env, [helper, fallback]);
    const result = await runGit(["credential", "fill"], fillText(endpoint, username), { ...options, env });
    if (result.code !== 0) {
      throw new HfError("ERR_HF_GIT", `git credential fill failed (${result.code}): ${plainText(result.stderr, 300)}`);
    }
    const filled = readFilled(result.stdout);
    if (filled === undefined || filled.password === NOTHING) continue;
    const held = { endpoint, helper, username: filled.username, password: Secret.of(filled.password) };
    const known = found.some((one) => one.username === held.username && one.password.equals(held.password));
    if (!known) found.push(held);
  }
  return found;
}

/**
 * Takes one credential out of the one helper that has it. Older versions of git (before 2.41) look at the user alone and
 * not at the password, so only what was seen there a moment ago may be named.
 * @returns what git and the helper said of it; "" for nothing. Whether it is gone, only a look can tell.
 * @throws HfError `ERR_HF_GIT`
 */
export async function rejectHeld(
  { endpoint, helper, username, password }: HeldCredential,
  options: GitOptions,
): Promise<string> {
  const env = withHelpers(options.env, [helper]);
  const { stderr } = await runGit(["credential", "reject"], rejectText(endpoint, password, username), {
    ...options,
    env,
  });
  return redact(plainText(stderr, 300));
}

/**
 * The environment in which git asks these helpers alone. Not by arguments, which every user of the machine can read: a
 * helper's line may hold a secret.
 */
function withHelpers(env: GitOptions["env"], helpers: readonly string[]): GitOptions["env"] {
  const before = Number(env["GIT_CONFIG_COUNT"] ?? 0);
  const first = Number.isSafeInteger(before) && before >= 0 ? before : 0;
  const values = ["", ...helpers];
  return {
    ...env,
    GIT_CONFIG_COUNT: String(first + values.length),
    ...Object.fromEntries(
      values.flatMap((value, index) => [
        [`GIT_CONFIG_KEY_${first + index}`, "credential.helper"],
        [`GIT_CONFIG_VALUE_${first + index}`, value],
      ]),
    ),
  };
}

import { DEFAULT_ENDPOINT } from "./settings.ts";
import { shellWord } from "./shell-word.ts";

/** The command that signs in at `endpoint`, with these flags: `hf auth login --force --endpoint https://hub.acme.io`. */
export function loginCommand(endpoint: string, ...flags: readonly string[]): string {
  const at = endpoint === DEFAULT_ENDPOINT ? [] : [`--endpoint ${shellWord(endpoint)}`];
  return ["hf auth login", ...flags, ...at].join(" ");
}

/**
 * What to do about a token that the Hub does not know, told by the place that it came from: a new sign-in helps nobody
 * whose variable still comes first, and one without `--force` finds the dead login and stops.
 * @param source as in `Credential.source`
 * @param saved false where it is known that there is no saved login to fall back to
 */
export function deadTokenStep(source: string | undefined, endpoint: string, saved = true): string {
  const page = `${endpoint}/settings/tokens`;
  const variable = /^env:(.+)$/.exec(source ?? "")?.[1];
  if (variable !== undefined) {
    const other = saved
      ? "unset it to use a saved login (it comes first)"
      : `unset it and sign in with '${loginCommand(endpoint)}'`;
    return `Set ${variable} to a token of ${page}, or ${other}.`;
  }
  if (source?.startsWith("file:") === true) return `Sign in again with '${loginCommand(endpoint, "--force")}'.`;
  if (source?.startsWith("folder:") === true || source === "flag:--as") {
    return `Sign in again with '${loginCommand(endpoint, "--force", "--name NAME")}' ('hf auth list' has its name).`;
  }
  return `Make or copy a token at ${page}`;
}

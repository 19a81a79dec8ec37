import { childEnvironment } from "./child-environment.ts";
import { findAtOnce } from "./find-at-once.ts";
import type { ProcessPort } from "./process-port.ts";
import { runChild } from "./run-child.ts";

/**
 * `hf run [--as NAME] -- CMD…` in the ordinary case. Answers undefined when there is anything to say before the command
 * starts, or other flags; the whole program takes over then.
 */
export async function runAtOnce(words: readonly string[], process: ProcessPort): Promise<number | undefined> {
  const [first, name = ""] = words;
  const tokenName = first === "--as" && name !== "" && !name.startsWith("-") ? name : undefined;
  const rest = tokenName === undefined ? words : words.slice(2);
  if (rest[0] !== "--" || rest.length < 2) return undefined;
  try {
    const { settings, resolve } = findAtOnce(process, { tokenName });
    if (settings.warnings.length > 0) return undefined;
    const found = await resolve();
    if (found.kind !== "found" || (found.warnings ?? []).length > 0) return undefined;
    const env = childEnvironment(process.env, found.token);
    return await runChild({ words: rest.slice(1), env, mask: false }, process);
  } catch {
    // Nothing was started. The whole program meets the same fault again, and explains it.
    return undefined;
  }
}

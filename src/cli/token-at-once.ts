import { findAtOnce } from "./find-at-once.ts";
import type { ProcessPort } from "./process-port.ts";
import { writeAtOnce } from "./write-at-once.ts";

/**
 * `hf auth token` in the ordinary case: a token is found and there is nothing to say about it. Answers undefined in
 * every other case, and the whole program takes over with its warnings and errors.
 */
export async function tokenAtOnce(process: ProcessPort): Promise<number | undefined> {
  try {
    const { settings, resolve } = findAtOnce(process);
    if (settings.warnings.length > 0) return undefined;
    const found = await resolve();
    if (found.kind !== "found" || (found.warnings ?? []).length > 0) return undefined;
    writeAtOnce(`${found.token.expose()}\n`);
    return 0;
  } catch {
    // The whole program meets the same fault again, and explains it.
    return undefined;
  }
}

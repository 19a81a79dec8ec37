import { homedir } from "node:os";
import { createFileTokenStore, resolveToken, tokenSources } from "../auth/index.ts";
import { systemClock } from "../core/clock.ts";
import { readSettings } from "../core/settings.ts";
import { userHome } from "../core/user-home.ts";
import type { ProcessPort } from "./process-port.ts";

/**
 * `hf auth token` in the ordinary case: a token is found and there is nothing to say about it. Answers undefined in
 * every other case, and the whole program takes over with its warnings and errors.
 */
export async function tokenAtOnce(process: ProcessPort): Promise<number | undefined> {
  try {
    const { env, platform } = process;
    const machine = { platform, home: homedir(), cwd: process.cwd(), userHome };
    const { tokenPath, storedTokensPath, endpoint, warnings } = readSettings(env, machine);
    if (warnings.length > 0) return undefined;
    const store = createFileTokenStore({ tokenPath, storedTokensPath, platform, clock: systemClock });
    const found = await resolveToken(tokenSources({ env, endpoint, store }));
    if (found.kind !== "found" || (found.warnings ?? []).length > 0) return undefined;
    process.stdout.write(`${found.token.expose()}\n`);
    return 0;
  } catch {
    // The whole program meets the same fault again, and explains it.
    return undefined;
  }
}

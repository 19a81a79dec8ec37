import { withoutTokens } from "../auth/index.ts";
import type { Environment } from "../core/ports.ts";
import type { Secret } from "../core/secret.ts";

/**
 * The environment of a command that is to use one token and no other: every variable that could name another is gone.
 * @param endpoint set for the command too, because the token belongs there; undefined: the environment's own
 */
export function childEnvironment(env: Environment, token: Secret, endpoint?: string): Record<string, string> {
  const child: Record<string, string> = {};
  for (const [name, value] of Object.entries(withoutTokens(env))) {
    if (endpoint !== undefined && name.toUpperCase() === "HF_ENDPOINT") continue;
    child[name] = value;
  }
  return { ...child, HF_TOKEN: token.expose(), ...(endpoint === undefined ? {} : { HF_ENDPOINT: endpoint }) };
}

import { TokenError } from "../core/errors.ts";
import type { Clock, Environment, Machine } from "../core/ports.ts";
import { parseEndpoint, readSettings } from "../core/settings.ts";
import { cleanToken } from "./clean.ts";
import { createFileTokenStore } from "./file-token-store.ts";
import { resolveToken } from "./resolve.ts";
import type { TokenResolution } from "./resolve.ts";
import { tokenSources } from "./sources.ts";

export interface FindTokenOptions {
  readonly env: Environment;
  readonly machine: Machine;
  readonly clock: Clock;
  /** Default: `HF_ENDPOINT`, else https://huggingface.co */
  readonly endpoint?: string | undefined;
  /** A token to use whatever else there is; false for none at all. */
  readonly token?: string | false | undefined;
  /**
   * True when the request can't do without a token: then `HF_HUB_DISABLE_IMPLICIT_TOKEN` does not count.
   * @default false
   */
  readonly required?: boolean | undefined;
}

/**
 * The token that a call would use, with its source, read from the environment and the files as they are now.
 * @throws UsageError `ERR_HF_INVALID_ENDPOINT`
 */
export async function findToken(options: FindTokenOptions): Promise<TokenResolution> {
  const { env, machine, clock, token } = options;
  if (token === false) return { kind: "anonymous", passed: [] };
  const settings = readSettings(env, machine);
  const endpoint = options.endpoint === undefined ? settings.endpoint : parseEndpoint(options.endpoint);
  const { tokenPath, storedTokensPath } = settings;
  const store = createFileTokenStore({ tokenPath, storedTokensPath, platform: machine.platform, clock });
  const implicit = options.required === true || !settings.disableImplicitToken;
  if (token === undefined) return resolveToken(tokenSources({ env, endpoint, store, implicit }));

  const cleaned = cleanToken(token);
  if (cleaned.kind === "clean") {
    const explicit = { token: cleaned.token, source: "argument" };
    return resolveToken(tokenSources({ env, endpoint, store, explicit }));
  }
  // Whoever names a token means that one: an empty variable passed on must not turn into another identity.
  const why = cleaned.kind === "empty" ? "is empty" : cleaned.reason;
  const error = new TokenError("ERR_HF_TOKEN_REFUSED", `The token that was passed ${why}.`, {
    hint: "Leave 'token' out to use the saved login, or pass false to use none.",
  });
  return { kind: "refused", error, source: "argument", passed: [] };
}

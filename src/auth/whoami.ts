import { deadTokenStep } from "../core/dead-token.ts";
import { HfError, TokenError } from "../core/errors.ts";
import type { HubClient } from "../hub/index.ts";
import { readIdentity } from "./identity.ts";
import type { Identity } from "./identity.ts";

/**
 * Asks the Hub who the client's token speaks for. The Hub limits this call strictly: ask once, and keep the answer.
 * @throws TokenError `ERR_HF_NOT_SIGNED_IN` without a credential; `ERR_HF_INVALID_TOKEN` when the Hub does not know it
 * @throws RateLimitError, NetworkError
 */
export async function whoami(
  hub: Pick<HubClient, "json" | "endpoint" | "credential">,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<Identity> {
  if (hub.credential === undefined) {
    throw new TokenError("ERR_HF_NOT_SIGNED_IN", "Nobody is signed in.", { hint: "Sign in with 'hf auth login'." });
  }
  const { signal } = options;
  try {
    return readIdentity(await hub.json("api/whoami-v2", signal === undefined ? {} : { signal }));
  } catch (error) {
    throw error instanceof HfError && error.status === 401
      ? invalidToken(error, hub.credential.source, hub.endpoint)
      : error;
  }
}

/** A 401 with the place that the token came from, because a person looks for the mistake in the wrong one. */
function invalidToken(cause: HfError, source: string, endpoint: string): TokenError {
  return new TokenError("ERR_HF_INVALID_TOKEN", `${new URL(endpoint).host} does not know the token from ${source}.`, {
    cause,
    status: 401,
    ...(cause.requestId === undefined ? {} : { requestId: cause.requestId }),
    hint: `It is mistyped, expired or revoked. ${deadTokenStep(source, endpoint)}`,
  });
}

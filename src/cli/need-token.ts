import type { Session } from "../api/index.ts";
import { notExchanged } from "../auth/index.ts";
import type { FoundToken } from "../auth/index.ts";
import { TokenError } from "../core/errors.ts";

/**
 * The token that is used, for a command that is about that token.
 * @throws TokenError `ERR_HF_NOT_SIGNED_IN` when there is none
 * @throws HfError the reason of a refused source
 * @throws OfflineError it would come by an exchange, and the network is switched off
 */
export async function needToken(session: Session): Promise<FoundToken & { readonly source: string }> {
  const found = await session.resolve("required");
  if (found.kind === "refused") throw found.error;
  if (found.kind === "promised") throw notExchanged(found.resource);
  if (found.kind === "found") return found;
  throw new TokenError(
    "ERR_HF_NOT_SIGNED_IN",
    "Not signed in: no token was found on this machine or in the environment.",
    {
      hint: `Sign in with 'hf auth login', or set HF_TOKEN. A token is made at ${session.settings.endpoint}/settings/tokens`,
    },
  );
}

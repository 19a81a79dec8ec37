import { HUB_ORIGINS, carriesTokens } from "../../core/credential.ts";
import { NetworkError } from "../../core/errors.ts";

/**
 * An address that a server sent, to be shown to a person or opened: only the Hub's own, where somebody will type a code
 * or a password. What is not is not even shown.
 * @returns the address in its escaped spelling
 * @throws NetworkError `ERR_HF_BAD_ANSWER`
 */
export function checkServerUrl(text: string, endpoint: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const { origin } = new URL(endpoint);
  const homes = HUB_ORIGINS.includes(origin) ? HUB_ORIGINS : [origin];
  if (
    url !== undefined &&
    homes.includes(url.origin) &&
    carriesTokens(url) &&
    url.username === "" &&
    url.password === ""
  ) {
    return url.href;
  }
  throw new NetworkError(
    "ERR_HF_BAD_ANSWER",
    `${new URL(endpoint).host} sent an address for the sign-in that is not its own. It is not shown.`,
    { hint: "Do not sign in there. Check HF_ENDPOINT and the proxies on the way." },
  );
}

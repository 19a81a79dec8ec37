import { carriesTokens, HUB_ORIGINS, isLoopback } from "../core/credential.ts";
import { TokenError } from "../core/errors.ts";
import type { HfErrorOptions } from "../core/errors.ts";
import { DEFAULT_ENDPOINT } from "../core/settings.ts";

/**
 * Why no token at all may go to this endpoint, or undefined when one may.
 * Plain http would show it to everybody on the way; on this machine there is no way.
 */
export function insecureEndpoint(endpoint: string): TokenError | undefined {
  const url = new URL(endpoint);
  if (carriesTokens(url)) return undefined;
  return new TokenError("ERR_HF_INSECURE_ENDPOINT", `A token can't be sent to ${url.origin}: it is plain http.`, {
    hint: "Use https in HF_ENDPOINT (or --endpoint), or set HF_HUB_DISABLE_IMPLICIT_TOKEN=1 to go without a token.",
  });
}

export interface SavedLoginAt {
  readonly endpoint: string;
  /** Origins at which the login was signed in with; empty when unknown, which counts as huggingface.co. */
  readonly loginOrigins: readonly string[];
  /** Origins that the user confirmed once. */
  readonly trusted: readonly string[];
}

/** A saved login of huggingface.co and an endpoint that the user has not confirmed yet: one word makes it right. */
export class UntrustedEndpointError extends TokenError {
  /** What would be confirmed. */
  readonly origin: string;

  constructor(origin: string, message: string, options: HfErrorOptions) {
    super("ERR_HF_TOKEN_ENDPOINT", message, options);
    this.origin = origin;
  }
}

/**
 * Why a saved login may not be used with an endpoint, or undefined when it may. A login goes to the origin that it was
 * made at. One of huggingface.co goes also to this machine, and to an https endpoint that the user trusts: a mirror.
 */
export function misplacedLogin({ endpoint, loginOrigins, trusted }: SavedLoginAt): TokenError | undefined {
  const insecure = insecureEndpoint(endpoint);
  if (insecure !== undefined) return insecure;
  const url = new URL(endpoint);
  const ofHub = loginOrigins.length === 0 || loginOrigins.some((origin) => HUB_ORIGINS.includes(origin));
  if (loginOrigins.includes(url.origin)) return undefined;
  const home = ofHub ? "https://huggingface.co" : loginOrigins.join(" and ");
  if (ofHub && (HUB_ORIGINS.includes(url.origin) || isLoopback(url) || trusted.includes(url.origin))) return undefined;
  const signIn = `hf auth login --endpoint ${endpoint}`;
  const message = `The saved login belongs to ${home}, not to ${url.origin}.`;
  if (!ofHub) return new TokenError("ERR_HF_TOKEN_ENDPOINT", message, { hint: `Sign in there with '${signIn}'.` });
  return new UntrustedEndpointError(url.origin, message, {
    hint: `Sign in there with '${signIn}', or let saved logins go there too with 'hf auth trust ${url.origin}'.`,
  });
}

/**
 * The Hub that made a saved login which may be used with `endpoint`: where it is renewed and where it is ended. For a
 * login of huggingface.co that is used with a trusted mirror it is huggingface.co; the mirror never sees what renews it.
 */
export function homeEndpoint(endpoint: string, loginOrigins: readonly string[]): string {
  const url = new URL(endpoint);
  const isHome = loginOrigins.includes(url.origin);
  return isHome || HUB_ORIGINS.includes(url.origin) || isLoopback(url) ? endpoint : DEFAULT_ENDPOINT;
}

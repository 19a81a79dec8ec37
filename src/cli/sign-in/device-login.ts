import type { OauthTokens } from "../../auth/index.ts";
import { TokenError } from "../../core/errors.ts";
import type { Clock } from "../../core/ports.ts";
import { plainText } from "../../core/terminal-text.ts";
import { refusedSignIn } from "./oauth-server.ts";
import type { OauthServer } from "./oauth-server.ts";
import { checkServerUrl } from "./server-url.ts";

/** What a person has to know to approve the login. */
export interface DeviceInvitation {
  readonly url: string;
  /** Holds the code too, where the server has such an address. */
  readonly completeUrl: string;
  readonly userCode: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

export interface DeviceLoginOptions {
  readonly server: OauthServer;
  readonly endpoint: string;
  readonly clock: Clock;
  readonly invite: (invitation: DeviceInvitation) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Milliseconds that each `slow_down` adds (RFC 8628 section 3.5). */
const SLOWER = 5000;

/**
 * Signs in with a code that is approved on another device (RFC 8628).
 * @throws TokenError `ERR_HF_NOT_SIGNED_IN` denied, expired or refused; NetworkError; the signal's reason
 */
export async function deviceLogin(options: DeviceLoginOptions): Promise<OauthTokens> {
  const { server, endpoint, clock, signal } = options;
  const codes = await server.startDevice();
  const url = checkServerUrl(codes.verificationUri, endpoint);
  const complete = codes.verificationUriComplete;
  options.invite({
    url,
    completeUrl: complete === undefined ? url : checkServerUrl(complete, endpoint),
    userCode: plainText(codes.userCode, 40),
    expiresAt: codes.expiresAt,
  });
  let { interval } = codes;
  // The first poll comes at once, as Python's: it tells at the start whether the server knows the code at all.
  for (;;) {
    const answer = await server.poll(codes);
    if (answer.kind === "tokens") return answer.tokens;
    if (answer.kind === "refused") throw refusedSignIn(answer.error, answer.description);
    if (answer.kind === "slow-down") interval += SLOWER;
    if (clock.now() + interval >= codes.expiresAt) break;
    await clock.sleep(interval, signal);
  }
  throw new TokenError("ERR_HF_NOT_SIGNED_IN", "Nobody approved the code in time. Nothing was changed.", {
    hint: "Run 'hf auth login --device' again.",
  });
}

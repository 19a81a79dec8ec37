import type { OauthTokens } from "../../auth/index.ts";
import { TokenError } from "../../core/errors.ts";
import type { Clock } from "../../core/ports.ts";
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
/** Refusals one after the other in words of no protocol: the first may be a proxy's on the way, the third is the answer. */
const UNCLEAR = 3;

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
    userCode: codes.userCode,
    expiresAt: codes.expiresAt,
  });
  let { interval } = codes;
  let unclear = 0;
  // The first poll comes at once, as Python's: it tells at the start whether the server knows the code at all.
  for (;;) {
    const answer = await server.poll(codes);
    if (answer.kind === "tokens") return answer.tokens;
    if (answer.kind === "refused") throw refusedSignIn(answer.error, answer.description);
    unclear = answer.kind === "unclear" ? unclear + 1 : 0;
    if (answer.kind === "unclear" && unclear === UNCLEAR) throw refusedSignIn(answer.error, answer.description);
    if (answer.kind === "slow-down") interval += SLOWER;
    const wait = answer.kind === "later" ? Math.max(interval, answer.toldMs ?? 0) : interval;
    if (clock.now() + wait >= codes.expiresAt) break;
    await clock.sleep(wait, signal);
  }
  throw new TokenError("ERR_HF_NOT_SIGNED_IN", "Nobody approved the code in time. Nothing was changed.", {
    hint: "Run 'hf auth login --device' again.",
  });
}

import type { OauthTokens } from "../../auth/index.ts";
import { diskError } from "../../core/errors.ts";
import { startLoopbackServer, tooLate } from "./loopback-server.ts";
import type { LoopbackAnswer, LoopbackServer } from "./loopback-server.ts";
import type { OauthServer } from "./oauth-server.ts";

export interface WebLoginOptions {
  readonly server: OauthServer;
  /** Shows the address, and opens it where that can be done. */
  readonly invite: (url: string) => void;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds. @default five minutes */
  readonly timeoutMs?: number | undefined;
}

const FIVE_MINUTES = 300_000;

/**
 * Signs in with the browser of this machine: authorization code with PKCE, back to a port of our own on loopback.
 * @param use what is done with the tokens; the page in the browser says how it ended
 * @throws TokenError `ERR_HF_NOT_SIGNED_IN` denied, refused or too late; NetworkError; the signal's reason
 */
export async function webLogin<Result>(
  options: WebLoginOptions,
  use: (tokens: OauthTokens) => Promise<Result>,
): Promise<Result> {
  const { signal } = options;
  let loopback: LoopbackServer;
  try {
    loopback = await startLoopbackServer();
  } catch (error) {
    throw diskError(error, "listen for the browser", "127.0.0.1");
  }
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(tooLate()), options.timeoutMs ?? FIVE_MINUTES);
  let answer: LoopbackAnswer | undefined;
  try {
    const request = await options.server.authorize(loopback.redirectUri);
    const either = signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]);
    const coming = loopback.answer(request.state, either);
    options.invite(request.url);
    answer = await coming;
    const result = await use(await request.finish(answer.parameters));
    answer.reply(true);
    return result;
  } catch (error) {
    answer?.reply(false);
    throw error;
  } finally {
    clearTimeout(timer);
    loopback.close();
  }
}

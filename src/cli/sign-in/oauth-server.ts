import {
  allowInsecureRequests,
  authorizationCodeGrantRequest,
  AuthorizationResponseError,
  calculatePKCECodeChallenge,
  customFetch,
  deviceAuthorizationRequest,
  deviceCodeGrantRequest,
  generateRandomCodeVerifier,
  generateRandomState,
  None,
  processAuthorizationCodeResponse,
  processDeviceAuthorizationResponse,
  processDeviceCodeResponse,
  ResponseBodyError,
  UnsupportedOperationError,
  validateAuthResponse,
} from "oauth4webapi";
import type { AuthorizationServer, Client, TokenEndpointResponse } from "oauth4webapi";
import { readOauthTokens } from "../../auth/index.ts";
import type { OauthTokens } from "../../auth/index.ts";
import { isLoopback } from "../../core/credential.ts";
import { loginCommand } from "../../core/dead-token.ts";
import { isHfError, NetworkError, RateLimitError, safeText, TokenError } from "../../core/errors.ts";
import type { HfError } from "../../core/errors.ts";
import { Secret } from "../../core/secret.ts";
import { plainText } from "../../core/terminal-text.ts";
import { RETRIED, toldSeconds } from "../../hub/index.ts";
import type { CallOptions, HubClient } from "../../hub/index.ts";

export interface OauthServerOptions {
  /** A client without a credential. */
  readonly hub: Pick<HubClient, "request" | "endpoint">;
  readonly clientId: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds that a device waits between two polls at least, whatever the server says. @default {@link shortestInterval} */
  readonly shortestMs?: number | undefined;
}

/** The codes of a device login. The addresses are the server's words: see `checkServerUrl`. */
export interface DeviceCodes {
  readonly deviceCode: Secret;
  readonly userCode: string;
  readonly verificationUri: string;
  readonly verificationUriComplete?: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** Milliseconds. */
  readonly interval: number;
}

/**
 * What a poll found. `later`: nothing that ends the login, such as a server that is down for a moment; with how long it
 * asked to wait. `unclear`: a refusal in words that the protocol does not have.
 */
export type PollAnswer =
  | { readonly kind: "tokens"; readonly tokens: OauthTokens }
  | { readonly kind: "pending" | "slow-down" }
  | { readonly kind: "later"; readonly toldMs?: number }
  | { readonly kind: "unclear"; readonly error: string; readonly description: string | undefined }
  | { readonly kind: "refused"; readonly error: string; readonly description: string | undefined };

/** What the browser is sent out with, and what must come back with it. */
export interface AuthorizationRequest {
  /** Made of our own endpoint, not of anything that a server said. */
  readonly url: string;
  readonly state: string;
  /** Narrows what came back, and exchanges it. */
  readonly finish: (parameters: URLSearchParams) => Promise<OauthTokens>;
}

/** The OAuth side of a Hub, for one application. */
export interface OauthServer {
  startDevice(): Promise<DeviceCodes>;
  poll(codes: DeviceCodes): Promise<PollAnswer>;
  authorize(redirectUri: string): Promise<AuthorizationRequest>;
}

/** Seconds, where the server does not say; RFC 8628 and Python's library have them. */
const DEFAULT_INTERVAL = 5;
const DEFAULT_LIFETIME = 900;
/** Seconds: nobody is kept waiting longer, whatever the server says. */
const LONGEST_INTERVAL = 120;
const LONGEST_LIFETIME = 3600;
const LARGEST_ANSWER = 256 * 1024;
/** Milliseconds for one answer, its body included. */
const ANSWER_MS = 10_000;
/** The kind that a token must be of, and is where the server does not say. */
const TOKEN_KIND = "bearer";
/** Characters of a code that a person can be asked to type. */
const LONGEST_CODE = 40;

/** Milliseconds between two polls at least. A Hub on this machine hurts nobody but us, and has people who wait for it. */
export function shortestInterval(endpoint: string): number {
  return isLoopback(new URL(endpoint)) ? 50 : 1000;
}

/**
 * Endpoints are built from the Hub's address and not discovered: what is sent there are secrets, and a document that
 * names their receiver would be one more thing to trust.
 */
export function createOauthServer({ hub, clientId, now, signal, ...more }: OauthServerOptions): OauthServer {
  const { endpoint } = hub;
  const { shortestMs = shortestInterval(endpoint) } = more;
  const server: AuthorizationServer = {
    issuer: endpoint,
    authorization_endpoint: `${endpoint}/oauth/authorize`,
    token_endpoint: `${endpoint}/oauth/token`,
    device_authorization_endpoint: `${endpoint}/oauth/device`,
  };
  const client: Client = { client_id: clientId };
  const optionsWith = (call: CallOptions) => ({
    // The login was refused before, where plain http would leave this machine.
    [allowInsecureRequests]: true,
    [customFetch]: async (url: string, init: { readonly body?: unknown }) => {
      const form = Object.fromEntries(init.body instanceof URLSearchParams ? init.body : []);
      const answer = await hub
        .request(new URL(url), {
          form,
          redirect: "refuse",
          anonymous: true,
          maxBytes: LARGEST_ANSWER,
          totalMs: ANSWER_MS,
          ...call,
          ...(signal === undefined ? {} : { signal }),
        })
        .catch((error: unknown) => {
          throw error instanceof RateLimitError ? tooMany(error, endpoint) : error;
        });
      const told = toldSeconds(answer.status, answer.headers, now());
      return readable(answer.status, answer.text, told);
    },
  });
  /** A server that is down or too busy for a moment is asked again: a code that nobody has seen costs nothing. */
  const patient = optionsWith({ refusals: "final", repeatable: true });
  /** A code can be used once, so there is one try, and what a busy server says of it is said to the person. */
  const careful = optionsWith({ refusals: "final", repeatable: false });
  /** Polls are their own next try. */
  const once = optionsWith({ refusals: "return", repeatable: false });

  return {
    async startDevice() {
      const began = now();
      const response = await deviceAuthorizationRequest(server, client, None(), {}, patient);
      const codes = await processDeviceAuthorizationResponse(server, client, response).catch((error: unknown) => {
        throw signInError(error, endpoint);
      });
      const userCode = plainText(codes.user_code, Infinity);
      if (userCode === "" || userCode.length > LONGEST_CODE) throw badAnswer(endpoint);
      const complete = codes.verification_uri_complete;
      const lifetime = Math.min(codes.expires_in, LONGEST_LIFETIME) * 1000;
      // One that is as long as the code's life would leave a single poll, before anybody could have answered.
      const longest = Math.min(LONGEST_INTERVAL * 1000, lifetime / 3);
      return {
        deviceCode: Secret.of(codes.device_code),
        userCode,
        verificationUri: codes.verification_uri,
        ...(complete === undefined ? {} : { verificationUriComplete: complete }),
        expiresAt: began + lifetime,
        interval: Math.max(shortestMs, Math.min((codes.interval ?? DEFAULT_INTERVAL) * 1000, longest)),
      };
    },

    async poll({ deviceCode }) {
      const began = now();
      try {
        const response = await deviceCodeGrantRequest(server, client, None(), deviceCode.expose(), once);
        // Whatever a server says that is down, or too busy, it is not its last word.
        if (RETRIED.has(response.status) || response.status >= 500) return later(response);
        const body = bearer(await processDeviceCodeResponse(server, client, response));
        const tokens = readOauthTokens(body, began);
        return tokens === undefined ? { kind: "later" } : { kind: "tokens", tokens };
      } catch (error) {
        signal?.throwIfAborted();
        if (isHfError(error) && error.code === "ERR_HF_OFFLINE") throw error;
        // A token that can't be sent as a bearer's. The code is spent by then, so there is nothing to wait for.
        if (error instanceof UnsupportedOperationError) throw badAnswer(endpoint, error);
        if (!(error instanceof ResponseBodyError)) return { kind: "later" };
        const refusal = { error: plainText(error.error, 300), description: error.error_description };
        if (refusal.error === "authorization_pending") return { kind: "pending" };
        if (refusal.error === "slow_down") return { kind: "slow-down" };
        // Its own codes are words with underscores; a text there is a page's, or a proxy's.
        return { kind: /^[a-z_]{1,60}$/.test(refusal.error) ? "refused" : "unclear", ...refusal };
      }
    },

    async authorize(redirectUri) {
      const verifier = generateRandomCodeVerifier();
      // A secret: it is in the memory of this process alone, until the code comes.
      Secret.of(verifier);
      const state = generateRandomState();
      const url = new URL(server.authorization_endpoint ?? "");
      url.search = new URLSearchParams({
        client_id: clientId,
        response_type: "code",
        redirect_uri: redirectUri,
        state,
        code_challenge: await calculatePKCECodeChallenge(verifier),
        code_challenge_method: "S256",
      }).toString();
      const finish = async (parameters: URLSearchParams): Promise<OauthTokens> => {
        try {
          const checked = validateAuthResponse(server, client, parameters, state);
          const began = now();
          const response = await authorizationCodeGrantRequest(
            server,
            client,
            None(),
            checked,
            redirectUri,
            verifier,
            careful,
          );
          const tokens = readOauthTokens(
            bearer(await processAuthorizationCodeResponse(server, client, response)),
            began,
          );
          if (tokens !== undefined) return tokens;
        } catch (error) {
          signal?.throwIfAborted();
          throw signInError(error, endpoint);
        }
        throw badAnswer(endpoint);
      };
      return { url: url.href, state, finish };
    },
  };
}

/**
 * The answer as the library of OAuth takes it. Null stands for "not there" with some servers; the ID token is left out,
 * because the Hub itself is asked who the new token speaks for.
 */
function readable(status: number, text: string, toldSeconds: number | undefined): Response {
  const headers = {
    "content-type": "application/json",
    ...(toldSeconds === undefined ? {} : { "retry-after": String(toldSeconds) }),
  };
  let body: unknown;
  try {
    // Blanks between values, and nothing in a text: a server that forgot to escape one is understood all the same.
    body = JSON.parse(text.replace(/[\0-\x1f]/g, " "));
  } catch {
    return new Response("no JSON", { status: sound(status), headers: { ...headers, "content-type": "text/plain" } });
  }
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    return new Response("{}", { status: sound(status), headers });
  }
  const fields = Object.fromEntries(
    Object.entries(body).filter(([name, value]) => value !== null && name !== "id_token"),
  );
  if ("access_token" in fields) {
    if (typeof fields["token_type"] !== "string" || fields["token_type"] === "") fields["token_type"] = TOKEN_KIND;
    if (!isPositive(fields["expires_in"])) delete fields["expires_in"];
    if (typeof fields["refresh_token"] !== "string" || fields["refresh_token"] === "") delete fields["refresh_token"];
    if (typeof fields["scope"] !== "string") delete fields["scope"];
  }
  if ("device_code" in fields) {
    if (!isPositive(fields["expires_in"])) fields["expires_in"] = DEFAULT_LIFETIME;
    if (!isPositive(fields["interval"])) delete fields["interval"];
    if (typeof fields["verification_uri_complete"] !== "string") delete fields["verification_uri_complete"];
  }
  return new Response(JSON.stringify(fields), { status: sound(status), headers });
}

/** @throws as the library does for kinds that it does not know */
function bearer(body: TokenEndpointResponse): TokenEndpointResponse {
  if (body.token_type !== TOKEN_KIND) throw new UnsupportedOperationError(`a token of the kind ${body.token_type}`);
  return body;
}

function later(response: Response): PollAnswer {
  const told = response.headers.get("retry-after");
  return told === null ? { kind: "later" } : { kind: "later", toldMs: Math.min(Number(told), LONGEST_INTERVAL) * 1000 };
}

/** `Response` takes no body with some statuses, and none outside its range. */
function sound(status: number): number {
  return status < 200 || status > 599 || [204, 205, 304].includes(status) ? 502 : status;
}

function isPositive(value: unknown): boolean {
  return typeof value === "number" && Number.isFinite(value) && value > 0;
}

/** What a sign-in that the server refuses is called, with the server's own words made plain. */
export function refusedSignIn(error: string, description: string | undefined): HfError {
  const hint = "Run 'hf auth login' again.";
  if (error === "access_denied") {
    return new TokenError("ERR_HF_NOT_SIGNED_IN", "The sign-in was denied at the Hub. Nothing was changed.", { hint });
  }
  if (error === "expired_token") {
    return new TokenError("ERR_HF_NOT_SIGNED_IN", "The code has expired. Nothing was changed.", { hint });
  }
  const why = description === undefined ? error : `${error}: ${description}`;
  return new TokenError("ERR_HF_NOT_SIGNED_IN", `The Hub refused the sign-in (${safeText(why, 300)}).`, {
    hint:
      error === "invalid_client" || error === "unauthorized_client"
        ? "Check HF_DEVICE_CODE_OAUTH_CLIENT_ID and HF_ENDPOINT, or paste a token with 'hf auth login'."
        : "Run 'hf auth login' for another way: a browser, a code, or a token that you paste.",
  });
}

function signInError(error: unknown, endpoint: string): HfError {
  if (isHfError(error)) return error;
  // A page that is not there is no refusal: nobody looked at the sign-in.
  if (error instanceof ResponseBodyError && [404, 405].includes(error.status)) return badAnswer(endpoint, error);
  if (error instanceof ResponseBodyError) return refusedSignIn(error.error, error.error_description);
  if (error instanceof AuthorizationResponseError) return refusedSignIn(error.error, error.error_description);
  return badAnswer(endpoint, error);
}

/** A limit of an address that is not signed in. Signing in, which would lift it, is what was tried. */
function tooMany({ message, retryAfter, status, requestId }: RateLimitError, endpoint: string): RateLimitError {
  const when = retryAfter === undefined ? "Wait a few minutes" : `Wait ${retryAfter} s`;
  return new RateLimitError(message, {
    ...(status === undefined ? {} : { status }),
    ...(requestId === undefined ? {} : { requestId }),
    ...(retryAfter === undefined ? {} : { retryAfter }),
    hint: `${when}, then sign in again: ${loginCommand(endpoint)}`,
  });
}

function badAnswer(endpoint: string, cause?: unknown): HfError {
  const { host } = new URL(endpoint);
  return new NetworkError("ERR_HF_BAD_ANSWER", `${host} did not answer to the sign-in as an OAuth server does.`, {
    cause,
    hint: "Check HF_ENDPOINT, or paste a token with 'hf auth login'.",
  });
}

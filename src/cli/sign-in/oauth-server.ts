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
  validateAuthResponse,
} from "oauth4webapi";
import type { AuthorizationServer, Client } from "oauth4webapi";
import { readOauthTokens } from "../../auth/index.ts";
import type { OauthTokens } from "../../auth/index.ts";
import { isHfError, NetworkError, safeText, TokenError } from "../../core/errors.ts";
import type { HfError } from "../../core/errors.ts";
import { Secret } from "../../core/secret.ts";
import type { HubClient } from "../../hub/index.ts";

export interface OauthServerOptions {
  /** A client without a credential. */
  readonly hub: Pick<HubClient, "request" | "endpoint">;
  readonly clientId: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly signal?: AbortSignal | undefined;
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

/** What a poll found. `later`: nothing that ends the login, such as a server that is down for a moment. */
export type PollAnswer =
  | { readonly kind: "tokens"; readonly tokens: OauthTokens }
  | { readonly kind: "pending" | "slow-down" | "later" }
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

/**
 * Endpoints are built from the Hub's address and not discovered: what is sent there are secrets, and a document that
 * names their receiver would be one more thing to trust.
 */
export function createOauthServer({ hub, clientId, now, signal }: OauthServerOptions): OauthServer {
  const { endpoint } = hub;
  const server: AuthorizationServer = {
    issuer: endpoint,
    authorization_endpoint: `${endpoint}/oauth/authorize`,
    token_endpoint: `${endpoint}/oauth/token`,
    device_authorization_endpoint: `${endpoint}/oauth/device`,
  };
  const client: Client = { client_id: clientId };
  const options = {
    // The login was refused before, where plain http would leave this machine.
    [allowInsecureRequests]: true,
    [customFetch]: async (url: string, init: { readonly body?: unknown }) => {
      const form = Object.fromEntries(init.body instanceof URLSearchParams ? init.body : []);
      const answer = await hub.request(new URL(url), {
        form,
        redirect: "refuse",
        anonymous: true,
        refusals: "return",
        repeatable: false,
        maxBytes: LARGEST_ANSWER,
        ...(signal === undefined ? {} : { signal }),
      });
      return readable(answer.status, answer.text);
    },
  };

  return {
    async startDevice() {
      const began = now();
      const response = await deviceAuthorizationRequest(server, client, None(), {}, options);
      const codes = await processDeviceAuthorizationResponse(server, client, response).catch((error: unknown) => {
        throw signInError(error, endpoint);
      });
      const complete = codes.verification_uri_complete;
      return {
        deviceCode: Secret.of(codes.device_code),
        userCode: codes.user_code,
        verificationUri: codes.verification_uri,
        ...(complete === undefined ? {} : { verificationUriComplete: complete }),
        expiresAt: began + Math.min(codes.expires_in, LONGEST_LIFETIME) * 1000,
        interval: Math.min(codes.interval ?? DEFAULT_INTERVAL, LONGEST_INTERVAL) * 1000,
      };
    },

    async poll({ deviceCode }) {
      const began = now();
      try {
        const response = await deviceCodeGrantRequest(server, client, None(), deviceCode.expose(), options);
        // Whatever a server says that is down, or too busy, it is not its last word.
        if (response.status >= 500 || response.status === 429) return { kind: "later" };
        const body = await processDeviceCodeResponse(server, client, response);
        const tokens = readOauthTokens(body, began);
        return tokens === undefined ? { kind: "later" } : { kind: "tokens", tokens };
      } catch (error) {
        signal?.throwIfAborted();
        // Its own codes are words with underscores; a text there is a page's, or a proxy's.
        if (!(error instanceof ResponseBodyError) || !/^[a-z_]{1,60}$/.test(error.error)) {
          if (isHfError(error) && error.code === "ERR_HF_OFFLINE") throw error;
          return { kind: "later" };
        }
        if (error.error === "authorization_pending") return { kind: "pending" };
        if (error.error === "slow_down") return { kind: "slow-down" };
        return { kind: "refused", error: error.error, description: error.error_description };
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
            options,
          );
          const tokens = readOauthTokens(await processAuthorizationCodeResponse(server, client, response), began);
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
function readable(status: number, text: string): Response {
  const headers = { "content-type": "application/json" };
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return new Response("no JSON", { status: sound(status), headers: { "content-type": "text/plain" } });
  }
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    return new Response("{}", { status: sound(status), headers });
  }
  const fields = Object.fromEntries(
    Object.entries(body).filter(([name, value]) => value !== null && name !== "id_token"),
  );
  if ("access_token" in fields) {
    fields["token_type"] ??= "bearer";
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
        : "Try 'hf auth login --device', or paste a token with 'hf auth login'.",
  });
}

function signInError(error: unknown, endpoint: string): HfError {
  if (isHfError(error)) return error;
  if (error instanceof ResponseBodyError) return refusedSignIn(error.error, error.error_description);
  if (error instanceof AuthorizationResponseError) return refusedSignIn(error.error, error.error_description);
  return badAnswer(endpoint, error);
}

function badAnswer(endpoint: string, cause?: unknown): HfError {
  const { host } = new URL(endpoint);
  return new NetworkError("ERR_HF_BAD_ANSWER", `${host} did not answer to the sign-in as an OAuth server does.`, {
    cause,
    hint: "Check HF_ENDPOINT, or paste a token with 'hf auth login'.",
  });
}

import type { Credential } from "../core/credential.ts";
import { isHfError, NetworkError, TokenError } from "../core/errors.ts";
import type { HfError } from "../core/errors.ts";
import type { Clock, Environment } from "../core/ports.ts";
import type { Secret } from "../core/secret.ts";
import { plainText } from "../core/terminal-text.ts";
import type { HubClient } from "../hub/index.ts";
import { readOauthTokens } from "./oauth.ts";
import type { IdToken } from "./oidc-id-token.ts";
import { mintIdToken } from "./oidc-mint.ts";
import type { OidcProvider } from "./oidc-provider.ts";

export interface OidcOptions {
  readonly env: Environment;
  readonly endpoint: string;
  readonly clock: Clock;
  /** Makes a Hub client without a credential. */
  readonly connect: (endpoint: string) => Pick<HubClient, "request">;
  /** Makes a client for the server of a runner, with the token that it wants to see. */
  readonly connectRunner: (credential: Credential) => Pick<HubClient, "request">;
  /** Told of every secret that was made, before anything else can know it: where logs are public, it is masked there. */
  readonly onSecret?: ((secret: Secret) => void) | undefined;
  /** @default one for this process */
  readonly memory?: OidcMemory | undefined;
}

/** A token of the Hub for what one job may do. */
export interface ExchangedToken {
  readonly token: Secret;
  readonly expiresAt: Date;
  /** Who the ID token said the job is. */
  readonly subject?: string;
}

/** Exchanges the ID token of a provider for a token of the Hub, or gives the one it has. */
export type OidcExchanger = (provider: OidcProvider, resource: string) => Promise<ExchangedToken>;

interface Kept {
  readonly exchanged: Promise<ExchangedToken>;
  /** Milliseconds since the epoch until which it is used; undefined while it is being made. */
  until?: number;
}

/** The tokens that one process has, in its memory alone. */
export type OidcMemory = Map<string, Kept>;

const thisProcess: OidcMemory = new Map();
const MOST_KEPT = 100;

const GRANT = "urn:ietf:params:oauth:grant-type:token-exchange";
const ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token";
/** Milliseconds before its end at which a token is made anew. Not with an ID token that was given: there is no other. */
const MARGIN_MS = 300_000;
/** What the Hub's tokens have when it does not say. */
const LIFETIME_MS = 3_600_000;
const REQUEST_MS = 10_000;
const LARGEST_ANSWER = 256 * 1024;

/** With the margin and lifetimes of Python's library. */
export function createOidcExchanger(options: OidcOptions): OidcExchanger {
  const { clock, endpoint, memory = thisProcess } = options;
  return async (provider, resource) => {
    const key = JSON.stringify([endpoint, resource, provider.way]);
    const known = memory.get(key);
    if (known !== undefined && (known.until === undefined || clock.now() < known.until)) return known.exchanged;
    const kept: Kept = { exchanged: exchange(provider, resource, options) };
    memory.delete(key);
    memory.set(key, kept);
    for (const oldest of memory.keys()) if (memory.size > MOST_KEPT) memory.delete(oldest);
    try {
      const { expiresAt } = await kept.exchanged;
      kept.until = expiresAt.getTime() - (provider.way.kind === "value" ? 0 : MARGIN_MS);
    } catch (error) {
      if (memory.get(key) === kept) memory.delete(key);
      throw error;
    }
    return kept.exchanged;
  };
}

/**
 * RFC 8693, as the Hub has it: the ID token goes to the endpoint that it is meant for, in a body that follows no
 * redirect.
 */
async function exchange(provider: OidcProvider, resource: string, options: OidcOptions): Promise<ExchangedToken> {
  const { clock, endpoint, onSecret } = options;
  const idToken = await mintIdToken(provider, options);
  onSecret?.(idToken.token);
  const began = clock.now();
  let answer;
  try {
    answer = await options.connect(endpoint).request("oauth/token", {
      json: {
        grant_type: GRANT,
        subject_token_type: ID_TOKEN,
        subject_token: idToken.token.expose(),
        resource,
      },
      redirect: "refuse",
      anonymous: true,
      // Twice the same: a token more that nobody uses.
      repeatable: true,
      retries: 2,
      timeoutMs: REQUEST_MS,
      maxBytes: LARGEST_ANSWER,
    });
  } catch (error) {
    if (!isHfError(error) || error.status === undefined || error.status >= 429) throw error;
    throw refused(error, provider, idToken, resource, options);
  }
  const tokens = readOauthTokens(readJson(answer.text), began);
  if (tokens === undefined) {
    throw new NetworkError("ERR_HF_BAD_ANSWER", `${answer.url.host} answered to an exchange without a token.`, {
      hint: "Check that HF_ENDPOINT names a Hub.",
    });
  }
  onSecret?.(tokens.token);
  const { subject } = idToken.claims;
  return {
    token: tokens.token,
    expiresAt: tokens.expiresAt ?? new Date(began + LIFETIME_MS),
    ...(subject === undefined ? {} : { subject }),
  };
}

/** What the Hub compares is in the ID token, so that is what a person has to see. */
function refused(
  cause: HfError,
  { label }: OidcProvider,
  { claims }: IdToken,
  resource: string,
  { endpoint, clock }: OidcOptions,
): HfError {
  const { issuer = "unknown", subject = "unknown", expiresAt } = claims;
  const late = expiresAt !== undefined && expiresAt.getTime() <= clock.now();
  const end = late ? ` It ended at ${expiresAt.toISOString()}.` : "";
  const page = resource.includes("/") ? `${endpoint}/${resource}/settings` : `${endpoint}/settings/authentication`;
  return new TokenError(
    "ERR_HF_OIDC",
    `The Hub gives no token for ${plainText(resource, 100)} for the ID token of ${label}. ${cause.message}`,
    {
      cause,
      hint: `The ID token says issuer ${issuer}, subject ${subject}.${end} A trusted publisher must fit it: ${page}`,
    },
  );
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

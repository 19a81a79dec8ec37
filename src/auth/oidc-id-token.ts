import { HUB_ORIGINS, isLoopback } from "../core/credential.ts";
import { TokenError } from "../core/errors.ts";
import { Secret } from "../core/secret.ts";
import { plainText } from "../core/terminal-text.ts";

/** What a service says of the job that asked, signed for one reader. Never sent to any other. */
export interface IdToken {
  readonly token: Secret;
  readonly claims: IdTokenClaims;
}

/** Claims as the token says them. Nobody here has checked its signature: they are for people, and for the audience. */
export interface IdTokenClaims {
  readonly issuer?: string;
  /** `repo:acme/code:ref:refs/heads/main`. Plain text. */
  readonly subject?: string;
  readonly audiences: readonly string[];
  readonly expiresAt?: Date;
}

const LONGEST = 16 * 1024;

/**
 * Narrows the text of an ID token for use at `endpoint`.
 * @param label where it came from, in words
 * @throws TokenError `ERR_HF_OIDC` it is none, or is meant for another reader: it is not sent then
 */
export function readIdToken(text: string, endpoint: string, label: string): IdToken {
  const trimmed = text.trim();
  const claims = trimmed.length > LONGEST ? undefined : readClaims(trimmed);
  if (claims === undefined) {
    throw new TokenError(
      "ERR_HF_OIDC",
      `What ${label} gives is no ID token: a JWT has three parts and a dot between.`,
      {
        hint: "Ask the CI service for an ID token, and pass all of it.",
      },
    );
  }
  if (!claims.audiences.some((audience) => isEndpoint(audience, endpoint))) {
    const said =
      claims.audiences.length === 0 ? "nobody" : claims.audiences.map((one) => plainText(one, 100)).join(", ");
    throw new TokenError(
      "ERR_HF_OIDC",
      `The ID token of ${label} is for ${said}, not for ${endpoint}: it is not sent.`,
      {
        hint: `Ask for one with the audience ${endpoint}`,
      },
    );
  }
  return { token: Secret.of(trimmed), claims };
}

/** The claims of what looks like an ID token, or undefined. */
export function readClaims(text: string): IdTokenClaims | undefined {
  if (!/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/.test(text)) return undefined;
  const body = decode(text.split(".")[1] ?? "");
  if (typeof body !== "object" || body === null || Array.isArray(body)) return undefined;
  const { iss, sub, aud, exp } = body as Record<string, unknown>;
  const audiences = [aud].flat().filter((one) => typeof one === "string");
  return {
    audiences,
    ...(typeof iss === "string" ? { issuer: plainText(iss, 200) } : {}),
    ...(typeof sub === "string" ? { subject: plainText(sub, 200) } : {}),
    ...(typeof exp === "number" && Math.abs(exp) < 1e11 ? { expiresAt: new Date(exp * 1000) } : {}),
  };
}

/** True when the reader that a token names is the endpoint. On this machine every name of it is the same. */
export function isEndpoint(audience: string, endpoint: string): boolean {
  if (!URL.canParse(audience)) return false;
  const [named, own] = [new URL(audience), new URL(endpoint)];
  if (named.origin === own.origin) return true;
  if (HUB_ORIGINS.includes(named.origin) && HUB_ORIGINS.includes(own.origin)) return true;
  return isLoopback(named) && isLoopback(own) && named.port === own.port && named.protocol === own.protocol;
}

function decode(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
  } catch {
    return undefined;
  }
}

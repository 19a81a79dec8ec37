import type { Environment } from "../core/ports.ts";
import { Secret } from "../core/secret.ts";
import { cleanToken } from "./clean.ts";

/** The application that `hf auth login` of Python's tools is. One that both can refresh must be of the same. */
export const DEFAULT_OAUTH_CLIENT_ID = "26be6b09-91c5-47da-9861-d2d2bb7a7e36";

/** Id of the application that people sign in to: `HF_DEVICE_CODE_OAUTH_CLIENT_ID`, as Python has it. */
export function oauthClientId(env: Environment): string {
  const set = (env["HF_DEVICE_CODE_OAUTH_CLIENT_ID"] ?? "").trim();
  return set === "" ? DEFAULT_OAUTH_CLIENT_ID : set;
}

/** What a token endpoint gave. */
export interface OauthTokens {
  readonly token: Secret;
  /** Absent where the server keeps the old one, or gives none. */
  readonly refreshToken?: Secret;
  /** Absent where the server did not say. */
  readonly expiresAt?: Date;
}

/** A longer one would be no date any more. */
const LONGEST_SECONDS = 100 * 365 * 24 * 3600;

/**
 * Narrows the answer of a token endpoint. Fields that are missing, null or of another type than they should be are left
 * out: the token itself is what counts, and a refresh token that was rotated must not be lost over the rest.
 * @param began milliseconds since the epoch at which it was asked for; the lifetime counts from there
 * @returns undefined where there is no usable token
 */
export function readOauthTokens(body: unknown, began: number): OauthTokens | undefined {
  if (typeof body !== "object" || body === null) return undefined;
  const fields = body as Record<string, unknown>;
  const cleaned = typeof fields["access_token"] === "string" ? cleanToken(fields["access_token"]) : undefined;
  if (cleaned?.kind !== "clean") return undefined;
  const refresh = fields["refresh_token"];
  const seconds = Number(fields["expires_in"] ?? Number.NaN);
  return {
    token: cleaned.token,
    // Written into a file of lines.
    ...(typeof refresh === "string" && /^[\x21-\x7e]{1,8192}$/.test(refresh)
      ? { refreshToken: Secret.of(refresh) }
      : {}),
    ...(seconds > 0 && seconds <= LONGEST_SECONDS ? { expiresAt: new Date(began + seconds * 1000) } : {}),
  };
}

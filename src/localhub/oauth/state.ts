import { randomBytes, randomInt } from "node:crypto";
import type { Hub } from "../model.ts";
import { mintTokenValue, randomLetters } from "../model.ts";
import type { HubToken } from "../types.ts";
import type { OauthGrant, RefreshToken } from "./types.ts";

export function startGrant(hub: Hub, grant: Pick<OauthGrant, "client" | "user" | "scopes">): OauthGrant {
  const made: OauthGrant = { ...grant, id: randomBytes(12).toString("hex"), createdAt: hub.now() };
  hub.oauth.grants.set(made.id, made);
  return made;
}

/** Ends a whole family: every access token and every refresh token of it. */
export function endGrant(hub: Hub, grant: OauthGrant, why: "reuse" | "revoked"): void {
  grant.ended ??= why;
  for (const token of hub.tokens.values()) if (token.grant === grant.id) token.revoked = true;
}

/** A new access token of a family. Older ones live on to their own end. */
export function mintAccessToken(hub: Hub, grant: OauthGrant): HubToken {
  const token: HubToken = {
    name: `oauth-${randomLetters(12)}`,
    value: mintTokenValue("oauth"),
    kind: "oauth",
    owner: grant.user,
    displayName: `oauth-${grant.user}`,
    role: "read",
    createdAt: hub.now(),
    expiresAt: hub.now() + hub.oauth.settings.accessTokenSeconds * 1000,
    revoked: false,
    scopes: [...grant.scopes],
    grant: grant.id,
  };
  hub.tokens.set(token.value, token);
  return token;
}

export function mintRefreshToken(hub: Hub, grant: OauthGrant): RefreshToken {
  const token = { value: `hf_refresh_${randomLetters(60)}`, grant: grant.id, used: false };
  hub.oauth.refreshTokens.set(token.value, token);
  return token;
}

/** No vowels and no digits that look like letters: nothing to misread, and no words. */
const USER_LETTERS = "BCDFGHJKLMNPQRSTVWXZ23456789";

/** `52KT-FLXZ`. */
export function mintUserCode(): string {
  const part = (): string => Array.from({ length: 4 }, () => USER_LETTERS[randomInt(USER_LETTERS.length)]).join("");
  return `${part()}-${part()}`;
}

/** Anybody can ask for codes, so the old ones are cleared away, and of too many the oldest. */
export function forgetOld<T extends { expiresAt: number }>(entries: Map<string, T>, now: number, most = 2000): void {
  for (const [key, entry] of entries) {
    // Some time after its end, so that a late client is told so.
    if (entries.size > most || entry.expiresAt + 3600_000 < now) entries.delete(key);
  }
}

import type { Secret } from "../core/secret.ts";
import { EMPTY_RECORD, originsOf, withLogin, withoutLogin, withoutRenewing } from "./login-record.ts";
import type { OauthTokens } from "./oauth.ts";
import { REFRESH_MARGIN_MS } from "./refresh-due.ts";
import type { RefreshOutcome } from "./refresh.ts";
import { TOKEN_KEY } from "./stored-tokens.ts";
import type { StoreContents, StoredToken, StorePlan, StoreStep } from "./token-store.ts";

/**
 * Puts new tokens in the place of the old ones. The saved login comes first: its old refresh token is spent, so a crash
 * before that line would sign the person out. The token file follows only if it still holds the old token.
 * @param login the login as it is in the store now
 */
export function planRenewal(
  now: StoreContents,
  login: StoredToken,
  tokens: OauthTokens,
  began: number,
): StorePlan<Extract<RefreshOutcome, { readonly kind: "renewed" }>> {
  const logins = now.saved.kind === "ok" ? now.saved.logins : [];
  // Where the server does not say, it is looked at again in a day; without an end it would never be.
  const expiresAt = tokens.expiresAt ?? new Date(began + 2 * REFRESH_MARGIN_MS);
  const fields = new Map<string, Secret | string>(login.fields).set(TOKEN_KEY, tokens.token);
  if (tokens.refreshToken !== undefined) fields.set("refresh_token", tokens.refreshToken);
  fields.set("expires_at", String(Math.floor(expiresAt.getTime() / 1000)));
  const { name, keychain } = login;
  const renewed: StoredToken = { name, token: tokens.token, fields, ...(keychain === undefined ? {} : { keychain }) };
  const saved = logins.map((other) => (other === login ? renewed : other));
  const steps: StoreStep[] = [{ do: "write-saved", logins: saved }];

  const record = now.record.kind === "ok" ? now.record.record : EMPTY_RECORD;
  const old = login.token;
  const origins = old === undefined || keychain !== undefined ? [] : originsOf(record, old);
  const moved = origins.reduce((next, origin) => withLogin(next, tokens.token, origin), record);
  if (origins.length > 0) steps.push({ do: "write-record", record: moved });
  if (old !== undefined && now.active.kind === "found" && now.active.token.equals(old)) {
    steps.push({ do: "write-active", token: tokens.token });
  }
  // Last: as long as the old token stands anywhere, its record says where it belongs, and what it is to become.
  const shared = old !== undefined && saved.some((other) => other.token?.equals(old));
  const forgotten = origins.length > 0 && old !== undefined && !shared ? withoutLogin(moved, old) : moved;
  const last = old === undefined ? forgotten : withoutRenewing(forgotten, old);
  if (last !== moved) steps.push({ do: "write-record", record: last });
  return { steps, report: { kind: "renewed", token: tokens.token, expiresAt } };
}

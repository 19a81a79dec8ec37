import { originsOf, renewedName, withLogin, withoutLogin, withoutRenewing } from "./login-record.ts";
import type { StoreContents, StoreStep } from "./token-store.ts";

/** What is left to do of a renewal, and the contents once it is done. */
export interface UnfinishedRenewal {
  readonly steps: readonly StoreStep[];
  readonly done: StoreContents;
}

/**
 * Finds a renewal that was cut off after its first write: the saved login has its new tokens, and the token file still
 * holds the old one. Other tools look the token file up among the saved logins by its value, so they would take it for a
 * token that was saved nowhere, and never renew it again. The record names the login that such a token belonged to.
 */
export function unfinishedRenewal(now: StoreContents): UnfinishedRenewal | undefined {
  if (now.active.kind !== "found" || now.saved.kind !== "ok" || now.record.kind !== "ok") return undefined;
  const { record } = now.record;
  const old = now.active.token;
  const name = renewedName(record, old);
  if (name === undefined || now.saved.logins.some(({ token }) => token?.equals(old) === true)) return undefined;
  const login = now.saved.logins.find((one) => one.name === name && one.keychain === undefined);
  // Without a way to renew it, it is another one that was saved under that name since.
  if (login?.token === undefined || login.refreshToken === undefined) return undefined;
  const { token } = login;
  const moved = originsOf(record, old).reduce((next, origin) => withLogin(next, token, origin), record);
  const after = withoutRenewing(withoutLogin(moved, old), old);
  return {
    steps: [
      { do: "write-record", record: moved },
      { do: "write-active", token },
      { do: "write-record", record: after },
    ],
    done: { ...now, active: { kind: "found", token }, record: { kind: "ok", record: after } },
  };
}

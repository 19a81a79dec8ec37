import { TokenError } from "../core/errors.ts";
import type { HfError } from "../core/errors.ts";
import { shellWord } from "../core/shell-word.ts";
import { plainText } from "../core/terminal-text.ts";
import { cleanToken } from "./clean.ts";
import { misplacedLogin } from "./endpoint-rule.ts";
import { originsOf } from "./login-record.ts";
import type { SourceReading } from "./resolve.ts";
import { unknownName } from "./store-plans.ts";
import type { StoreContents } from "./token-store.ts";

/**
 * The saved login that somebody named, for the endpoint that it belongs to. Whoever names a login means that one, so
 * one that is not there, or can't be used, is `refused` and never another's turn.
 * @param missing the error when there is no login of that name. Default: one that lists the names there are
 */
export function readNamedLogin(
  now: StoreContents,
  name: string,
  endpoint: string,
  missing: () => HfError = () => unknownName(now, name),
): SourceReading {
  if (now.saved.kind === "unreadable") return { kind: "refused", error: now.saved.error };
  const login = now.saved.logins.find((candidate) => candidate.name === name);
  if (login === undefined) return { kind: "refused", error: missing() };
  if (now.record.kind === "unreadable") return { kind: "refused", error: now.record.error };
  const shown = plainText(name, 60);
  const cleaned = login.token === undefined ? undefined : cleanToken(login.token.expose());
  if (cleaned?.kind !== "clean") {
    const why = cleaned?.kind === "refused" ? cleaned.reason : "is empty";
    return {
      kind: "refused",
      error: new TokenError("ERR_HF_TOKEN_REFUSED", `The token saved as '${shown}' ${why}.`, {
        hint: `Sign in again: hf auth login --name ${shellWord(plainText(name, 120))}`,
      }),
    };
  }
  const { record } = now.record;
  const loginOrigins = login.keychain?.origins ?? originsOf(record, cleaned.token);
  const misplaced = misplacedLogin({ endpoint, loginOrigins, trusted: record.trusted });
  if (misplaced !== undefined) return { kind: "refused", error: misplaced };
  return {
    kind: "found",
    token: cleaned.token,
    tokenName: plainText(login.name, 200),
    ...(login.expiresAt === undefined ? {} : { expiresAt: login.expiresAt }),
    warnings: cleaned.warning === undefined ? [] : [`The token saved as '${shown}' ${cleaned.warning}.`],
  };
}

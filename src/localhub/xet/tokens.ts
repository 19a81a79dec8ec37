import { timingSafeEqual } from "node:crypto";
import { isRecord } from "../http.ts";
import type { Hub } from "../model.ts";
import { repoKey } from "../model.ts";
import { Refusal } from "../refusals.ts";
import { sign } from "../signed-links.ts";
import type { Repo } from "../types.ts";

/** How long a token for the storage is good for, in seconds. */
export const XET_TOKEN_SECONDS = 3600;

export type XetScope = "read" | "write";
/** What a token for the storage says: nothing but this storage takes it. */
export type XetGrant = { scope: XetScope; /** See `repoKey`. */ repo: string; commit: string; exp: number };

export function mintXetToken(hub: Hub, repo: Repo, commit: string, scope: XetScope): { token: string; exp: number } {
  const exp = Math.floor(hub.now() / 1000) + XET_TOKEN_SECONDS;
  const grant: XetGrant = { scope, repo: repoKey(repo.type, repo.id), commit, exp };
  const payload = Buffer.from(JSON.stringify(grant)).toString("base64url");
  return { token: `xet.${payload}.${sign(hub, `xet ${payload}`)}`, exp };
}

/**
 * The grant in an Authorization header.
 * @throws Refusal 401 for none, a forged or an expired one, 403 when it only reads
 */
export function requireGrant(hub: Hub, authorization: string | undefined, need: XetScope): XetGrant {
  const [, payload = "", signature = ""] = /^Bearer xet\.([\w-]+)\.([0-9a-f]+)$/i.exec(authorization ?? "") ?? [];
  const expected = Buffer.from(sign(hub, `xet ${payload}`));
  const given = Buffer.from(signature);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw new Refusal(401, "Unauthorized");
  const grant: unknown = JSON.parse(Buffer.from(payload, "base64url").toString("utf8"));
  if (!isGrant(grant) || grant.exp * 1000 <= hub.now()) throw new Refusal(401, "Token expired");
  if (need === "write" && grant.scope !== "write") throw new Refusal(403, "Token scope does not allow this");
  return grant;
}

function isGrant(value: unknown): value is XetGrant {
  return isRecord(value) && typeof value["exp"] === "number" && typeof value["repo"] === "string";
}

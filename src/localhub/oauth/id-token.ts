import { createHash, generateKeyPairSync, sign } from "node:crypto";
import type { Hub } from "../model.ts";
import { roleIn } from "../model.ts";
import type { User } from "../types.ts";
import type { OauthGrant, OauthState } from "./types.ts";

const LIFETIME_SECONDS = 3600;

export function signingKey(oauth: OauthState): NonNullable<OauthState["signingKey"]> {
  if (!oauth.signingKey) {
    const pair = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const der = pair.publicKey.export({ type: "spki", format: "der" });
    oauth.signingKey = { ...pair, kid: createHash("sha256").update(der).digest("base64url").slice(0, 16) };
  }
  return oauth.signingKey;
}

/** The person as `userinfo` and ID tokens tell it, as far as the scopes go. */
export function claimsOf(hub: Hub, user: User, scopes: readonly string[]): Record<string, unknown> {
  const picture = `${hub.origins.hub}/avatars/${user.name}.svg`;
  return {
    sub: user._id,
    ...(scopes.includes("profile")
      ? {
          name: user.fullname,
          preferred_username: user.name,
          profile: `${hub.origins.hub}/${user.name}`,
          picture,
          website: "",
          isPro: user.isPro,
        }
      : {}),
    ...(scopes.includes("email") ? { email: user.email, email_verified: user.emailVerified } : {}),
    ...(scopes.includes("read-memberships") || scopes.includes("profile") ? { orgs: orgsOf(hub, user) } : {}),
  };
}

function orgsOf(hub: Hub, user: User): Record<string, unknown>[] {
  return [...hub.orgs.values()].flatMap((org) => {
    const role = roleIn(org, user);
    if (role === undefined) return [];
    return [
      {
        sub: org._id,
        name: org.fullname,
        preferred_username: org.name,
        picture: `${hub.origins.hub}/avatars/${org.name}.svg`,
        plan: org.plan ?? null,
        isEnterprise: org.plan === "enterprise",
        roleInOrg: role,
      },
    ];
  });
}

/** `issuer`: the hub as the client addresses it. */
export function mintIdToken(
  hub: Hub,
  { issuer, user, grant, nonce }: { issuer: string; user: User; grant: OauthGrant; nonce?: string | undefined },
): string {
  const { privateKey, kid } = signingKey(hub.oauth);
  const now = Math.floor(hub.now() / 1000);
  const claims = {
    iss: issuer,
    aud: grant.client,
    iat: now,
    exp: now + LIFETIME_SECONDS,
    ...(nonce === undefined ? {} : { nonce }),
    ...claimsOf(hub, user, grant.scopes),
  };
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${encode({ alg: "RS256", typ: "JWT", kid })}.${encode(claims)}`;
  return `${signed}.${sign("sha256", Buffer.from(signed), privateKey).toString("base64url")}`;
}

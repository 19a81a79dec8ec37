import type { HubResponse } from "../http.ts";
import { json } from "../http.ts";
import type { Hub } from "../model.ts";
import { roleIn } from "../model.ts";
import { signInFirst } from "../refusals.ts";
import type { Call, Route } from "../router.ts";
import type { HubToken, Org, User } from "../types.ts";

export const identityRoutes: readonly Route[] = [
  { method: "GET", pattern: "/api/whoami-v2", handler: whoami, auth: "open" },
  { method: "GET", pattern: "/api/agent-harnesses", handler: agentHarnesses, auth: "open" },
  { method: "GET", pattern: "/api/telemetry/*", handler: () => json({}), auth: "open" },
];

/** An object, never a list: a list here crashes every later call of the Python client. */
function agentHarnesses(): HubResponse {
  return json({ standardEnvVars: [], harnesses: {} });
}

function whoami({ hub, caller }: Call): HubResponse {
  if (caller.kind === "user") return json(userIdentity(hub, caller.user, caller.token));
  if (caller.kind === "org") return json(orgIdentity(caller.org, caller.token));
  throw signInFirst();
}

function userIdentity(hub: Hub, user: User, token: HubToken | undefined): Record<string, unknown> {
  const mayEmail = token?.kind !== "oauth" || (token.scopes ?? []).includes("email");
  return {
    type: "user",
    id: user._id,
    name: user.name,
    fullname: user.fullname,
    ...(mayEmail ? { email: user.email, emailVerified: user.emailVerified } : {}),
    canPay: false,
    billingMode: "prepaid",
    periodEnd: null,
    isPro: user.isPro,
    avatarUrl: avatar(hub, user.name),
    orgs: [...hub.orgs.values()].flatMap((org) => {
      const role = roleIn(org, user);
      return role === undefined ? [] : [orgOf(hub, org, role, token)];
    }),
    auth: token ? authOf(token, user) : { type: "session" },
  };
}

function orgOf(hub: Hub, org: Org, role: string, token: HubToken | undefined): Record<string, unknown> {
  const policy = token?.orgPolicy?.[org.name];
  const restrictions = [...org.securityRestrictions];
  if (policy !== undefined) restrictions.push(policy === "revoked" ? "token-revoked" : "token-policy");
  return {
    type: "org",
    id: org._id,
    name: org.name,
    fullname: org.fullname,
    email: null,
    canPay: org.plan !== undefined,
    billingMode: "postpaid",
    avatarUrl: avatar(hub, org.name),
    periodEnd: null,
    ...(org.plan === undefined ? {} : { plan: org.plan }),
    roleInOrg: role,
    ...(restrictions.length === 0 ? {} : { securityRestrictions: restrictions }),
    resourceGroups: [],
  };
}

function orgIdentity(org: Org, token: HubToken): Record<string, unknown> {
  return {
    type: "org",
    id: org._id,
    name: org.name,
    fullname: org.fullname,
    email: null,
    canPay: org.plan !== undefined,
    periodEnd: null,
    ...(org.plan === undefined ? {} : { plan: org.plan }),
    orgs: [],
    auth: authOf(token, undefined),
  };
}

function authOf(token: HubToken, user: User | undefined): Record<string, unknown> {
  if (token.kind === "oauth") {
    return {
      type: "oauth",
      ...(token.expiresAt === undefined ? {} : { expiresAt: new Date(token.expiresAt).toISOString() }),
      resource: { sub: user?._id ?? "" },
    };
  }
  return {
    type: "access_token",
    accessToken: {
      displayName: token.displayName,
      role: token.role,
      createdAt: new Date(token.createdAt).toISOString(),
      ...(token.fineGrained ? { fineGrained: token.fineGrained } : {}),
    },
  };
}

export function avatar(hub: Hub, name: string): string {
  return `${hub.origins.hub}/avatars/${name}.svg`;
}

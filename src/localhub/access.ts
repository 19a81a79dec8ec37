import type { Hub } from "./model.ts";
import { findOrg, findUser, owningOrg, roleIn } from "./model.ts";
import type { GateReason, PolicyReason } from "./refusals.ts";
import type { HubToken, Org, OrgRole, Repo, User } from "./types.ts";
import { ownerOf, singular } from "./types.ts";

/**
 * Who is asking. `session` is the browser's cookie; it may do all its user may. `invalid`: a token was sent and it is
 * unknown, expired or revoked.
 */
export type Caller =
  | { kind: "anonymous" }
  | { kind: "invalid" }
  | { kind: "user"; user: User; token: HubToken | undefined }
  | { kind: "org"; org: Org; token: HubToken };

/** The token value of an Authorization header: Bearer, or the password of Basic (git and LFS). */
export function presentedToken(authorization: string | undefined): string | undefined {
  if (authorization === undefined) return undefined;
  const bearer = /^Bearer\s+(.*)$/i.exec(authorization);
  if (bearer) return (bearer[1] ?? "").trim();
  const basic = /^Basic\s+(.*)$/i.exec(authorization);
  if (!basic) return authorization;
  const pair = Buffer.from(basic[1] ?? "", "base64").toString("utf8");
  return pair.slice(pair.indexOf(":") + 1);
}

export function callerFor(hub: Hub, authorization: string | undefined): Caller {
  const value = presentedToken(authorization);
  if (value === undefined) return { kind: "anonymous" };
  const token = hub.tokens.get(value);
  if (!token || token.revoked || (token.expiresAt !== undefined && token.expiresAt <= hub.now())) {
    return { kind: "invalid" };
  }
  if (token.kind === "org") {
    const org = findOrg(hub, token.owner);
    return org ? { kind: "org", org, token } : { kind: "invalid" };
  }
  const user = findUser(hub, token.owner);
  return user ? { kind: "user", user, token } : { kind: "invalid" };
}

/** What the account itself is to the repo, whatever the token says. */
function standing(hub: Hub, caller: Caller, repo: Repo): "owner" | OrgRole | undefined {
  if (caller.kind === "org") return owningOrg(hub, repo) === caller.org ? "write" : undefined;
  if (caller.kind !== "user") return undefined;
  if (ownerOf(repo.id) === caller.user.name) return "owner";
  const org = owningOrg(hub, repo);
  const role = org && roleIn(org, caller.user);
  return role === "no_access" ? undefined : role;
}

/** Whether the repo exists for this caller: public ones for everybody. */
export function canSee(hub: Hub, caller: Caller, repo: Repo): boolean {
  if (!repo.private) return true;
  return standing(hub, caller, repo) !== undefined && tokenCovers(caller, repo, "read");
}

export function canWrite(hub: Hub, caller: Caller, repo: Repo): boolean {
  const role = standing(hub, caller, repo);
  const accountMay =
    role === "owner" ||
    role === "admin" ||
    role === "write" ||
    (role === "contributor" && caller.kind === "user" && repo.createdBy === caller.user.name);
  return accountMay && tokenCovers(caller, repo, "write");
}

/** May delete, move, and change who gets in. */
export function canAdmin(hub: Hub, caller: Caller, repo: Repo): boolean {
  const role = standing(hub, caller, repo);
  return (role === "owner" || role === "admin") && tokenCovers(caller, repo, "write");
}

/** May make repos below this user or organisation. */
export function canCreateIn(hub: Hub, caller: Caller, namespace: string): boolean {
  if (caller.kind === "anonymous" || caller.kind === "invalid") return false;
  const org = findOrg(hub, namespace);
  const accountMay =
    caller.kind === "org"
      ? org === caller.org
      : org
        ? ["admin", "write", "contributor"].includes(roleIn(org, caller.user) ?? "")
        : caller.user.name.toLowerCase() === namespace.toLowerCase();
  if (!accountMay || !caller.token) return accountMay;
  return grants(caller.token, "write", (type, name) => isNamespace(type) && sameName(name, namespace));
}

/** Why the gate is shut for this caller; undefined = open. */
export function gateReason(hub: Hub, caller: Caller, repo: Repo): GateReason | undefined {
  if (repo.gated === false) return undefined;
  if (caller.kind === "anonymous" || caller.kind === "invalid") return "anonymous";
  if (!tokenOpensGates(caller, repo)) return "token";
  const role = standing(hub, caller, repo);
  if (role === "owner" || role === "admin") return undefined;
  if (role !== undefined && !repo.orgMembersGated) return undefined;
  const request = caller.kind === "user" ? repo.access.find((one) => one.user === caller.user.name) : undefined;
  if (!request) return "none";
  return request.status === "accepted" ? undefined : request.status;
}

/** What the owning organisation's token policy holds against this token, for resources it guards. */
export function policyReason(hub: Hub, caller: Caller, repo: Repo): PolicyReason | undefined {
  if (caller.kind !== "user" || !caller.token?.orgPolicy) return undefined;
  if (!repo.private && repo.gated === false) return undefined;
  const org = owningOrg(hub, repo);
  return org && roleIn(org, caller.user) !== undefined ? caller.token.orgPolicy[org.name] : undefined;
}

function tokenOpensGates(caller: Caller, repo: Repo): boolean {
  const token = caller.kind === "user" ? caller.token : undefined;
  if (!token) return true;
  if (token.kind === "oauth") {
    const scopes = token.scopes ?? [];
    return scopes.includes("gated-repos") || tokenCovers(caller, repo, "read");
  }
  if (token.role !== "fineGrained" || token.fineGrained?.canReadGatedRepos === true) return true;
  return tokenCovers(caller, repo, "read");
}

/** Whether the token, apart from its account, reaches this repo. */
function tokenCovers(caller: Caller, repo: Repo, need: "read" | "write"): boolean {
  if (caller.kind === "anonymous" || caller.kind === "invalid") return false;
  const token = caller.token;
  if (!token) return true;
  return grants(token, need, (type, name) =>
    isNamespace(type) ? sameName(name, ownerOf(repo.id)) : type === singular(repo.type) && sameName(name, repo.id),
  );
}

const OAUTH_READ = ["read-repos", "write-repos", "manage-repos"];
const OAUTH_WRITE = ["write-repos", "manage-repos"];

function grants(token: HubToken, need: "read" | "write", matches: (type: string, name: string) => boolean): boolean {
  if (token.kind === "oauth") {
    return (token.scopes ?? []).some((scope) => (need === "read" ? OAUTH_READ : OAUTH_WRITE).includes(scope));
  }
  if (token.role !== "fineGrained") return need === "read" || token.role === "write";
  const wanted = need === "read" ? ["repo.content.read", "repo.write"] : ["repo.write"];
  return (token.fineGrained?.scoped ?? []).some(
    ({ entity, permissions }) =>
      matches(entity.type, entity.name) && permissions.some((permission) => wanted.includes(permission)),
  );
}

function isNamespace(type: string): boolean {
  return type === "user" || type === "org";
}

function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

import type { Repo } from "../core/repo.ts";
import type { AccessNeed, Account, PolicyReason } from "./types.ts";

/** What the account is to the owner of a repo: the owner itself, a member of the organisation, or nobody. */
export type Standing = "owner" | "member" | "stranger";

export function standingOf(account: Account, repo: Repo): Standing {
  const owner = ownerOf(repo);
  if (same(account.name, owner)) return "owner";
  const org = account.orgs.find(({ name }) => same(name, owner));
  return org === undefined || org.role === "no_access" ? "stranger" : "member";
}

/** Whether the token lets through what its account may do with this repo. `unknown`: the Hub told nothing of it. */
export function tokenCovers(account: Account, repo: Repo, need: AccessNeed): "yes" | "no" | "unknown" {
  const { token } = account;
  if (token?.permissions !== undefined) {
    const wanted = need === "read" ? ["repo.content.read", "repo.write"] : ["repo.write"];
    const covers = token.permissions.scoped.some(
      ({ entityType, entityName, permissions }) =>
        permissions.some((permission) => wanted.includes(permission)) &&
        entityName !== undefined &&
        (entityType === "user" || entityType === "org"
          ? same(entityName, ownerOf(repo))
          : entityType === repo.type && same(entityName, repo.id)),
    );
    return covers ? "yes" : "no";
  }
  if (token?.role === "read") return need === "read" ? "yes" : "no";
  return token?.role === "write" || token?.role === "god" ? "yes" : "unknown";
}

/** A fine-grained token without the switch for gated repos, which this repo needs unless it is listed by itself. */
export function lacksGatedRead(account: Account, repo: Repo): boolean {
  return account.token?.permissions?.canReadGatedRepos === false && tokenCovers(account, repo, "read") === "no";
}

/** What the organisation that owns the repo holds against this token, by what whoami says of it. */
export function restrictionOf(account: Account, repo: Repo): PolicyReason | undefined {
  const org = account.orgs.find(({ name }) => same(name, ownerOf(repo)));
  const reasons: Readonly<Record<string, PolicyReason>> = {
    "token-revoked": "revoked",
    "token-policy": "approval",
    sso: "sso",
    mfa: "mfa",
    ip: "ip",
  };
  return org?.restrictions.map((one) => reasons[one]).find((reason) => reason !== undefined);
}

export function ownerOf({ id }: Repo): string {
  return id.includes("/") ? id.slice(0, id.indexOf("/")) : "";
}

function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

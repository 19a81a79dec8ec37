import { createHash, randomInt } from "node:crypto";
import { createOauth } from "./oauth/types.ts";
import type { OauthState } from "./oauth/types.ts";
import type { ObjectStore, Storage } from "./storage.ts";
import type { HubToken, Org, OrgRole, Repo, RepoType, Session, TokenKind, User } from "./types.ts";
import { ownerOf } from "./types.ts";
import { entryAt, peel, readCommit } from "./history.ts";
import type { Commit } from "./git-objects.ts";
import type { PathEntry } from "./history.ts";

/** Everything the emulated Hub knows. Plain data but for `storage`, `now` and the origins. */
export type Hub = {
  /** By lower-case name: the Hub finds accounts whatever their casing. */
  users: Map<string, User>;
  orgs: Map<string, Org>;
  /** By value. */
  tokens: Map<string, HubToken>;
  /** By `repoKey`. */
  repos: Map<string, Repo>;
  /** Former names: `repoKey` of the old id to the id now. */
  redirects: Map<string, string>;
  /** Of the web pages, by id. In memory alone: a restart signs everybody out. */
  sessions: Map<string, Session>;
  oauth: OauthState;
  storage: Storage;
  /** Milliseconds since 1970. */
  now: () => number;
  /** Signs CDN addresses. */
  secret: Buffer;
  /** Origins without trailing slash; known once the server listens. */
  origins: { hub: string; cdn: string };
};

export type RepoHit = {
  repo: Repo;
  /** False when the id asked for is a former name or has another casing. */ exact: boolean;
};

export function createHub(storage: Storage, now: () => number, secret: Buffer): Hub {
  return {
    users: new Map(),
    orgs: new Map(),
    tokens: new Map(),
    repos: new Map(),
    redirects: new Map(),
    sessions: new Map(),
    oauth: createOauth(),
    storage,
    now,
    secret,
    origins: { hub: "", cdn: "" },
  };
}

export function repoKey(type: RepoType, id: string): string {
  return `${type}/${id.toLowerCase()}`;
}

export function findRepo(hub: Hub, type: RepoType, id: string): RepoHit | undefined {
  const direct = hub.repos.get(repoKey(type, id));
  if (direct) return { repo: direct, exact: direct.id === id };
  const moved = hub.redirects.get(repoKey(type, id));
  const repo = moved === undefined ? undefined : hub.repos.get(repoKey(type, moved));
  return repo && { repo, exact: false };
}

export function addRepo(hub: Hub, repo: Repo): void {
  hub.repos.set(repoKey(repo.type, repo.id), repo);
  hub.redirects.delete(repoKey(repo.type, repo.id));
}

export function removeRepo(hub: Hub, repo: Repo): void {
  hub.repos.delete(repoKey(repo.type, repo.id));
  for (const [key, id] of hub.redirects) {
    if (id === repo.id && key.startsWith(`${repo.type}/`)) hub.redirects.delete(key);
  }
  hub.storage.drop(repo._id);
}

/** Gives the repo another id; the old one, and all before it, redirect to the new. */
export function renameRepo(hub: Hub, repo: Repo, id: string): void {
  const old = repo.id;
  hub.repos.delete(repoKey(repo.type, old));
  for (const [key, target] of hub.redirects) {
    if (target === old && key.startsWith(`${repo.type}/`)) hub.redirects.set(key, id);
  }
  hub.redirects.set(repoKey(repo.type, old), id);
  repo.id = id;
  addRepo(hub, repo);
}

export function findUser(hub: Hub, name: string): User | undefined {
  return hub.users.get(name.toLowerCase());
}

export function findOrg(hub: Hub, name: string): Org | undefined {
  return hub.orgs.get(name.toLowerCase());
}

export function roleIn(org: Org, user: User): OrgRole | undefined {
  return org.members[user.name];
}

/** A repo's owning organisation, if an organisation owns it. */
export function owningOrg(hub: Hub, repo: Repo): Org | undefined {
  return findOrg(hub, ownerOf(repo.id));
}

export function objectsOf(hub: Hub, repo: Repo): ObjectStore {
  return hub.storage.objects(repo._id);
}

/**
 * The commit a revision stands for: branch, tag, full ref name, `HEAD`, 40 hex digits, or at least 5 of them when they
 * fit one commit only.
 */
export function resolveRevision(hub: Hub, repo: Repo, revision: string): Commit | undefined {
  const objects = objectsOf(hub, repo);
  const name = revision === "HEAD" ? "main" : revision;
  const ref = repo.refs[`refs/heads/${name}`] ?? repo.refs[`refs/tags/${name}`] ?? repo.refs[name];
  if (ref !== undefined) {
    const target = peel(objects, ref);
    return target === undefined ? undefined : readCommit(objects, target);
  }
  if (!/^[0-9a-f]{5,40}$/i.test(revision)) return undefined;
  const hex = revision.toLowerCase();
  if (hex.length === 40) return readCommit(objects, hex);
  const commits = objects.withPrefix(hex).flatMap((id) => readCommit(objects, id) ?? []);
  return commits.length === 1 ? commits[0] : undefined;
}

export function findEntry(hub: Hub, repo: Repo, commit: Commit, path: string): PathEntry | undefined {
  return entryAt(objectsOf(hub, repo), commit.tree, path);
}

/** 24 hex digits, like the Hub's own ids, that depend only on what they name. */
export function stableId(what: string): string {
  return createHash("sha1").update(what).digest("hex").slice(0, 24);
}

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

export function randomLetters(count: number): string {
  return Array.from({ length: count }, () => LETTERS[randomInt(LETTERS.length)]).join("");
}

/** A fresh token value in the shape its kind has on the Hub. */
export function mintTokenValue(kind: TokenKind): string {
  switch (kind) {
    case "user":
      return `hf_${randomLetters(34)}`;
    case "org":
      return `api_org_${randomLetters(34)}`;
    case "oauth":
      return `hf_oauth_${randomLetters(60)}`;
  }
}

import { createHmac } from "node:crypto";
import { readdir, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import type { Content } from "./content.ts";
import { bytesOf, sha256Of } from "./content.ts";
import { defaultAttributes, isLfsPath, LFS_ABOVE } from "./gitattributes.ts";
import type { FileChange } from "./history.ts";
import { changeTree, writeBlob, writeCommit, writePointer } from "./history.ts";
import type { Hub } from "./model.ts";
import { addRepo, findOrg, findUser, mintTokenValue, objectsOf, repoKey, resolveRevision, stableId } from "./model.ts";
import { applySeedOauth } from "./oauth/seed.ts";
import { openSource } from "./storage-lfs.ts";
import type { LfsSource, ObjectStore } from "./storage.ts";
import type { Seed, SeedCommit, SeedContent, SeedOrg, SeedRepo, SeedToken, SeedUser } from "./seed.ts";
import type { HubToken, Org, Repo, User } from "./types.ts";
import { ownerOf } from "./types.ts";
import { ingest } from "./xet/ingest.ts";

/** Commits of seeds without a date count from here, one hour each. */
const EPOCH = Date.UTC(2026, 0, 5, 10);
const HOUR = 3600_000;

/**
 * Fills an empty hub. `tokens` gets the value of every token by name; a value that is there already is used again, so
 * that a reset keeps what clients hold.
 */
export async function applySeed(hub: Hub, seed: Seed, tokens: Record<string, string>): Promise<void> {
  for (const user of seed.users ?? []) hub.users.set(user.name.toLowerCase(), makeUser(user, hub.secret));
  for (const org of seed.orgs ?? []) hub.orgs.set(org.name.toLowerCase(), makeOrg(org));
  for (const token of seed.tokens ?? []) {
    if (!findUser(hub, token.owner) && !findOrg(hub, token.owner)) {
      throw new Error(`token ${token.name}: nobody is called ${token.owner}`);
    }
    const value = (tokens[token.name] ??= mintTokenValue(token.kind ?? "user"));
    hub.tokens.set(value, makeToken(hub, token, value));
  }
  for (const repo of seed.repos ?? []) await addSeedRepo(hub, repo);
  applySeedOauth(hub, seed.oauth ?? {});
}

/** Without a password of its own the user gets one that nobody can guess, the same after a reset. */
export function makeUser(seed: SeedUser, secret: Buffer): User {
  return {
    _id: stableId(`user ${seed.name}`),
    name: seed.name,
    fullname: seed.fullname ?? seed.name.charAt(0).toUpperCase() + seed.name.slice(1),
    email: seed.email ?? `${seed.name}@example.org`,
    emailVerified: true,
    isPro: seed.isPro ?? false,
    password: seed.password ?? createHmac("sha256", secret).update(`password ${seed.name}`).digest("hex").slice(0, 12),
  };
}

function makeOrg(seed: SeedOrg): Org {
  return {
    _id: stableId(`org ${seed.name}`),
    name: seed.name,
    fullname: seed.fullname ?? seed.name,
    ...(seed.plan === undefined ? {} : { plan: seed.plan }),
    members: { ...seed.members },
    securityRestrictions: [...(seed.securityRestrictions ?? [])],
  };
}

function makeToken(hub: Hub, seed: SeedToken, value: string): HubToken {
  const role = seed.role ?? "read";
  return {
    name: seed.name,
    value,
    kind: seed.kind ?? "user",
    owner: seed.owner,
    displayName: seed.displayName ?? seed.name,
    role,
    createdAt: EPOCH,
    revoked: seed.revoked ?? false,
    ...(seed.expiresIn === undefined ? {} : { expiresAt: hub.now() + seed.expiresIn * 1000 }),
    ...(role !== "fineGrained"
      ? {}
      : {
          fineGrained: {
            canReadGatedRepos: seed.canReadGatedRepos ?? false,
            global: [...(seed.global ?? [])],
            scoped: (seed.scoped ?? []).map(({ type, name, permissions }) => ({
              entity: { _id: stableId(`${type} ${name}`), type, name },
              permissions: [...permissions],
            })),
          },
        }),
    ...(seed.scopes === undefined ? {} : { scopes: [...seed.scopes] }),
    ...(seed.orgPolicy === undefined ? {} : { orgPolicy: { ...seed.orgPolicy } }),
  };
}

/** A repo with its default values and no history. */
export function blankRepo(seed: SeedRepo, createdAt: number): Repo {
  const type = seed.type ?? "models";
  return {
    _id: stableId(`${type} ${seed.id}`),
    type,
    id: seed.id,
    private: seed.private ?? false,
    gated: seed.gated ?? false,
    gate: { fields: {}, ...seed.gate },
    orgMembersGated: seed.orgMembersGated ?? false,
    disabled: seed.disabled ?? false,
    discussionsDisabled: false,
    createdAt,
    likes: seed.likes ?? 0,
    downloads: seed.downloads ?? 0,
    tags: [...(seed.tags ?? [])],
    ...(seed.createdBy === undefined ? {} : { createdBy: seed.createdBy }),
    ...(seed.cardData === undefined ? {} : { cardData: seed.cardData }),
    ...(seed.pipelineTag === undefined ? {} : { pipelineTag: seed.pipelineTag }),
    ...(seed.libraryName === undefined ? {} : { libraryName: seed.libraryName }),
    ...(seed.config === undefined ? {} : { config: seed.config }),
    ...(seed.sdk === undefined ? {} : { sdk: seed.sdk }),
    refs: {},
    access: [],
    settings: {},
  };
}

async function addSeedRepo(hub: Hub, seed: SeedRepo): Promise<void> {
  const repo = blankRepo(seed, EPOCH);
  repo.access = (seed.access ?? []).map((request) => ({ ...request, timestamp: EPOCH + 24 * HOUR }));
  for (const { user } of repo.access) {
    if (!findUser(hub, user)) throw new Error(`${seed.id}: access for ${user}, who is no user`);
  }
  addRepo(hub, repo);
  for (const former of seed.formerIds ?? []) hub.redirects.set(repoKey(repo.type, former), repo.id);
  const commits = seed.commits ?? [{ message: "initial commit" }];
  for (const [index, commit] of commits.entries()) await addSeedCommit(hub, repo, commit, index, seed.xet ?? false);
}

async function addSeedCommit(hub: Hub, repo: Repo, seed: SeedCommit, index: number, inXet: boolean): Promise<void> {
  const objects = objectsOf(hub, repo);
  const ref = seed.ref ?? "refs/heads/main";
  const parent = resolveRevision(hub, repo, ref) ?? resolveRevision(hub, repo, seed.from ?? "main");
  const files = { ...(seed.folder === undefined ? {} : await filesBelow(seed.folder)), ...seed.files };
  if (!parent) files[".gitattributes"] ??= defaultAttributes();
  const changes = new Map<string, FileChange>();
  for (const [path, content] of Object.entries(files)) {
    const id = content === null ? undefined : await keep(hub, objects, path, content, inXet);
    changes.set(path, id === undefined ? undefined : { mode: "100644", id });
  }
  const author = authorOf(hub, repo, seed);
  const at = seed.date === undefined ? EPOCH + index * HOUR : Date.parse(seed.date);
  const id = writeCommit(objects, {
    tree: changeTree(objects, parent?.tree, changes),
    parents: parent ? [parent.id] : [],
    author: { ...author, at },
    message: seed.message,
  });
  repo.refs[ref] = id;
  for (const tag of seed.tags ?? []) repo.refs[`refs/tags/${tag}`] = id;
}

function authorOf(hub: Hub, repo: Repo, seed: SeedCommit): { name: string; email: string } {
  const first = [...hub.users.values()][0];
  const user = findUser(hub, seed.author ?? repo.createdBy ?? ownerOf(repo.id)) ?? first;
  return { name: user?.name ?? "system", email: user?.email ?? "system@example.org" };
}

/** Puts content where it belongs and returns the id of the blob that git sees. */
async function keep(
  hub: Hub,
  objects: ObjectStore,
  path: string,
  content: SeedContent,
  inXet: boolean,
): Promise<string> {
  const { source, lfs, sha256 } = await sourceOf(content);
  const xet = (typeof content === "string" ? undefined : content.xet) ?? inXet;
  const bytes = openSource(source);
  if (!(lfs ?? (isLfsPath(path) || bytes.size > LFS_ABOVE))) {
    return writeBlob(objects, await bytesOf(bytes));
  }
  const oid = sha256 ?? (await knownSha256(source, bytes));
  hub.storage.lfs.refer(oid, source);
  if (xet !== false && bytes.size > 0) {
    await ingest(hub.storage.xet, bytes, oid, xet === true ? undefined : xet.xorbBytes);
  }
  return writePointer(objects, { oid, size: bytes.size });
}

/** Generated bytes are the same in every start and every test: hash them once in a process. */
const hashes = new Map<string, Promise<string>>();

function knownSha256(source: LfsSource, content: Content): Promise<string> {
  if (source.kind !== "generated") return sha256Of(content);
  const key = `${source.size} ${source.seed}`;
  const known = hashes.get(key) ?? sha256Of(content);
  hashes.set(key, known);
  return known;
}

async function sourceOf(content: SeedContent): Promise<{ source: LfsSource; lfs?: boolean; sha256?: string }> {
  if (typeof content === "string") return { source: inline(Buffer.from(content)) };
  const lfs = content.lfs === undefined ? {} : { lfs: content.lfs };
  if ("text" in content) return { source: inline(Buffer.from(content.text)), ...lfs };
  if ("base64" in content) return { source: { kind: "bytes", base64: content.base64 }, ...lfs };
  if ("file" in content) {
    const { size } = await stat(content.file);
    return { source: { kind: "file", path: content.file, size }, ...lfs };
  }
  const sha256 = content.sha256 === undefined ? {} : { sha256: content.sha256 };
  return { source: { kind: "generated", size: content.size, seed: content.seed ?? 1 }, ...lfs, ...sha256 };
}

function inline(bytes: Buffer): LfsSource {
  return { kind: "bytes", base64: bytes.toString("base64") };
}

/** Every file below a folder, but for git's own. */
async function filesBelow(root: string): Promise<Record<string, SeedContent>> {
  const files: Record<string, SeedContent> = {};
  const entries = await readdir(root, { withFileTypes: true, recursive: true });
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const name = relative(root, path).split(sep).join("/");
    if (!name.startsWith(".git/")) files[name] = { file: path };
  }
  return files;
}

import { readdir, readFile, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { isRecord } from "./http.ts";
import { SEED_OAUTH } from "./oauth/seed.ts";
import type { Seed, SeedRepo } from "./seed.ts";
import { defaultSeed } from "./seed.ts";
import type { Check } from "./shape.ts";
import { boolean, date, fail, list, map, number, object, oneOf, record, string } from "./shape.ts";
import { ACCESS_STATUSES, ORG_ROLES, REPO_TYPES } from "./types.ts";

/**
 * A seed from disk. A file is JSON. A folder is the default accounts and tokens plus its own repos: every
 * `models/<owner>/<name>/` (or `datasets/`, `spaces/`, `kernels/`) in it becomes a public repo with those files; with a
 * `seed.json` in it that file alone counts. Paths in the JSON are relative to the JSON file.
 * @throws Error that names the file and the field when something is wrong.
 */
export async function loadSeed(path: string): Promise<Seed> {
  const info = await stat(path);
  if (!info.isDirectory()) return loadSeedFile(path);
  const inner = join(path, "seed.json");
  const has = await stat(inner).then(
    () => true,
    () => false,
  );
  if (has) return loadSeedFile(inner);
  const repos: SeedRepo[] = [];
  for (const type of REPO_TYPES) {
    for (const owner of await folders(join(path, type))) {
      for (const name of await folders(join(path, type, owner))) {
        const folder = join(path, type, owner, name);
        repos.push({ type, id: `${owner}/${name}`, commits: [{ message: "Upload files", folder }] });
      }
    }
  }
  if (repos.length === 0) throw new Error(`${path}: no seed.json, and no folder like models/alice/tiny-model`);
  const base = defaultSeed();
  const ids = new Set(repos.map((repo) => repo.id));
  return { ...base, repos: [...(base.repos ?? []).filter((repo) => !ids.has(repo.id)), ...repos] };
}

async function loadSeedFile(path: string): Promise<Seed> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    throw new Error(`${path}: not JSON: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  const seed = parseSeed(value, path);
  const folder = dirname(resolve(path));
  for (const repo of seed.repos ?? []) {
    for (const commit of repo.commits ?? []) {
      if (commit.folder !== undefined) commit.folder = resolve(folder, commit.folder);
      for (const content of Object.values(commit.files ?? {})) {
        if (isRecord(content) && "file" in content) content.file = resolve(folder, content.file);
      }
    }
  }
  return seed;
}

async function folders(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

/**
 * Narrows JSON to a seed, in place. Every field is looked at: a misspelt one is an error, not a surprise later.
 * @throws Error `where: field: what is wrong`.
 */
export function parseSeed(value: unknown, where = "seed"): Seed {
  SEED(value, where);
  return value as Seed;
}

const fieldType: Check = (value, at) =>
  typeof value === "string"
    ? oneOf("text", "checkbox", "date_picker", "country")(value, at)
    : object({ type: oneOf("select"), options: list(string) }, {})(value, at);

const xet: Check = (value, at) =>
  typeof value === "boolean" ? undefined : object({ xorbBytes: number }, {})(value, at);
const STORED = { lfs: boolean, xet };

const content: Check = (value, at) => {
  if (value === null || typeof value === "string") return;
  if (!isRecord(value)) fail(at, "text, null or an object");
  if ("text" in value) object({ text: string }, STORED)(value, at);
  else if ("base64" in value) object({ base64: string }, STORED)(value, at);
  else if ("file" in value) object({ file: string }, STORED)(value, at);
  else object({ size: number }, { seed: number, sha256: string, ...STORED })(value, at);
};

const SEED = object(
  {},
  {
    oauth: SEED_OAUTH,
    users: list(object({ name: string }, { fullname: string, email: string, isPro: boolean, password: string })),
    orgs: list(
      object(
        { name: string },
        {
          fullname: string,
          plan: oneOf("team", "enterprise", "plus", "academia"),
          members: map(oneOf(...ORG_ROLES)),
          securityRestrictions: list(string),
        },
      ),
    ),
    tokens: list(
      object(
        { name: string, owner: string },
        {
          kind: oneOf("user", "org", "oauth"),
          role: oneOf("read", "write", "fineGrained"),
          displayName: string,
          expiresIn: number,
          revoked: boolean,
          canReadGatedRepos: boolean,
          global: list(string),
          scoped: list(object({ type: string, name: string, permissions: list(string) }, {})),
          scopes: list(string),
          orgPolicy: map(oneOf("pending", "denied", "revoked")),
        },
      ),
    ),
    repos: list(
      object(
        { id: string },
        {
          type: oneOf(...REPO_TYPES),
          private: boolean,
          gated: oneOf(false, "auto", "manual"),
          gate: object(
            {},
            { prompt: string, heading: string, description: string, buttonContent: string, fields: map(fieldType) },
          ),
          orgMembersGated: boolean,
          disabled: boolean,
          formerIds: list(string),
          createdBy: string,
          likes: number,
          downloads: number,
          tags: list(string),
          cardData: record,
          pipelineTag: string,
          libraryName: string,
          config: record,
          sdk: string,
          xet: boolean,
          commits: list(
            object(
              { message: string },
              {
                ref: string,
                from: string,
                author: string,
                date,
                files: map(content),
                folder: string,
                tags: list(string),
              },
            ),
          ),
          access: list(object({ user: string, status: oneOf(...ACCESS_STATUSES) }, { fields: record })),
        },
      ),
    ),
  },
);

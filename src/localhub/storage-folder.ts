import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { deflateSync, inflateSync } from "node:zlib";
import { randomUUID } from "node:crypto";
import type { GitObject, GitObjectType } from "./git-objects.ts";
import { frameObject, objectId } from "./git-objects.ts";
import { createLfsStore } from "./storage-lfs.ts";
import type { ObjectStore, Storage } from "./storage.ts";
import { createXetStore } from "./xet/store.ts";

/**
 * Everything under one folder: `repos/<_id>.git/objects` in git's own loose format (so that git can read and write the
 * same objects), `lfs/` for large files, `xet/` for those in Xet storage.
 */
export function createFolderStorage(dir: string): Storage {
  // Private repos and tokens are in it.
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const lfsDir = join(dir, "lfs");
  const xet = createXetStore(() => join(dir, "xet"), true);
  const repos = new Map<string, ObjectStore>();
  const gitDir = (repoId: string): string => join(dir, "repos", `${repoId}.git`);
  return {
    objects(repoId) {
      const known = repos.get(repoId);
      if (known) return known;
      const made = createLooseObjects(join(gitDir(repoId), "objects"));
      repos.set(repoId, made);
      return made;
    },
    drop(repoId) {
      repos.delete(repoId);
      rmSync(gitDir(repoId), { recursive: true, force: true });
    },
    lfs: createLfsStore(async () => lfsDir, xet, { dir: lfsDir }),
    xet,
    gitDir,
    close: async () => {},
  };
}

/** Objects above this many bytes are read from disk each time. */
const MOST_CACHED = 256 * 1024;

/** Git's loose objects: `objects/ab/cdef…`, zlib over `type size NUL data`. Packs are not read. */
export function createLooseObjects(dir: string): ObjectStore {
  // Ids say what the bytes are, so a small cache can never be stale.
  const cache = new Map<string, GitObject>();
  const remember = (id: string, object: GitObject): void => {
    if (cache.size > 4096) cache.clear();
    if (object.data.length < MOST_CACHED) cache.set(id, object);
  };
  const path = (id: string): string => join(dir, id.slice(0, 2), id.slice(2));
  return {
    read(id) {
      const cached = cache.get(id);
      if (cached) return cached;
      if (!/^[0-9a-f]{40}$/.test(id) || !existsSync(path(id))) return undefined;
      const raw = inflateSync(readFileSync(path(id)));
      const nul = raw.indexOf(0);
      const type = raw.toString("latin1", 0, raw.indexOf(0x20)) as GitObjectType;
      const object = { type, data: raw.subarray(nul + 1) };
      remember(id, object);
      return object;
    },
    write(type, data) {
      const id = objectId(type, data);
      remember(id, { type, data });
      if (existsSync(path(id))) return id;
      mkdirSync(join(dir, id.slice(0, 2)), { recursive: true });
      const part = join(dir, `tmp_obj_${randomUUID()}`);
      writeFileSync(part, deflateSync(frameObject(type, data)), { mode: 0o444 });
      renameSync(part, path(id));
      return id;
    },
    withPrefix(prefix) {
      const folder = join(dir, prefix.slice(0, 2));
      if (prefix.length < 2 || !existsSync(folder)) return [];
      return readdirSync(folder)
        .map((rest) => prefix.slice(0, 2) + rest)
        .filter((id) => id.startsWith(prefix) && id.length === 40);
    },
  };
}

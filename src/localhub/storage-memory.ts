import { mkdtempSync, rmSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { GitObject } from "./git-objects.ts";
import { objectId } from "./git-objects.ts";
import { createLfsStore } from "./storage-lfs.ts";
import type { ObjectStore, Storage } from "./storage.ts";
import { createXetStore } from "./xet/store.ts";

/** Objects in memory; uploaded LFS files, Xet storage, and what git needs, in a temporary folder that `close()` removes. */
export function createMemoryStorage(): Storage {
  const repos = new Map<string, ObjectStore>();
  let spool: string | undefined;
  const spoolDir = (): string => (spool ??= mkdtempSync(join(tmpdir(), "localhub-")));
  const gitDir = (repoId: string): string => join(spoolDir(), "repos", `${repoId}.git`);
  const xet = createXetStore(() => join(spoolDir(), "xet"), false);
  const lfs = createLfsStore(async () => spoolDir(), xet);
  return {
    objects(repoId) {
      const known = repos.get(repoId);
      if (known) return known;
      const made = createMemoryObjects();
      repos.set(repoId, made);
      return made;
    },
    drop(repoId) {
      repos.delete(repoId);
      if (spool !== undefined) rmSync(gitDir(repoId), { recursive: true, force: true });
    },
    lfs,
    xet,
    gitDir,
    async close() {
      if (spool !== undefined) await rm(spool, { recursive: true, force: true });
    },
  };
}

export function createMemoryObjects(): ObjectStore {
  const objects = new Map<string, GitObject>();
  return {
    read: (id) => objects.get(id),
    write(type, data) {
      const id = objectId(type, data);
      objects.set(id, { type, data });
      return id;
    },
    withPrefix: (prefix) => [...objects.keys()].filter((id) => id.startsWith(prefix)),
  };
}

import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { readRef } from "../cache/index.ts";
import type { LocalDir } from "../cache/index.ts";
import { isCommit } from "../core/repo.ts";
import type { Run } from "./run.ts";

/**
 * The commit that a branch meant when it was last downloaded, while the Hub can't be asked: what the shared cache
 * remembers if this folder has that commit's listing, else the listing that this folder got last. A local dir has no refs.
 */
export function rememberedCommit(run: Run, local: LocalDir, revision: string): string | undefined {
  const listings = keptListings(join(local.store.folder, "trees"));
  const ref = readRef(run.paths, revision);
  // The last listing may be another branch's: good enough where nobody can be asked, and only there.
  if (run.wholeOnly) return ref !== undefined && listings.includes(ref) ? ref : undefined;
  return ref !== undefined && (listings.length === 0 || listings.includes(ref)) ? ref : listings[0];
}

/** The commits whose listings are kept, the latest first. */
function keptListings(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith(".json") && isCommit(name.slice(0, -5)))
      .map((name) => ({ commit: name.slice(0, -5), time: statSync(join(folder, name)).mtimeMs }))
      .toSorted((a, b) => b.time - a.time)
      .map(({ commit }) => commit);
  } catch {
    return [];
  }
}

import { checkRevision, findCachedSnapshot, realPathOfPrefix, repoPaths } from "../cache/index.ts";
import { parseRepoSpec, repoPath } from "../core/repo.ts";
import type { Repo, RepoType } from "../core/repo.ts";
import { shellWord } from "../core/shell-word.ts";
import type { HfErrorCode } from "../core/error-table.ts";
import { exitOf } from "./output.ts";
import type { Report } from "./output.ts";

const NOT_READY: HfErrorCode = "ERR_HF_OFFLINE";

export interface ReadyQuestion {
  /** `REPO` or `REPO@REVISION`. */
  readonly spec: string;
  readonly type?: RepoType | undefined;
  /** Paths in the repo that are wanted; none: all of them. */
  readonly files?: readonly string[] | undefined;
  readonly cacheDir: string;
}

/**
 * Whether the cache has a revision, or files of it, whole: as `hf download --offline` would give it, and without a word
 * to the Hub. A snapshot whose listing was not kept counts as not ready, because nothing tells what it lacks.
 * @throws UsageError
 */
export function readyReport({ spec, type, files = [], cacheDir }: ReadyQuestion): Report {
  const at = spec.indexOf("@");
  const repo = parseRepoSpec(at === -1 ? spec : spec.slice(0, at), type);
  const revision = checkRevision(at === -1 ? "main" : spec.slice(at + 1));
  const names = new Set(files);
  const wanted = (name: string): boolean => names.size === 0 || names.has(name);
  const snapshot = findCachedSnapshot(repoPaths(realPathOfPrefix(cacheDir), repo), revision, { wanted });
  const missing = [
    ...(snapshot?.missing ?? []),
    ...[...names].filter((name) => snapshot?.tree !== undefined && !snapshot.tree.has(name)),
  ];
  const why =
    snapshot === undefined
      ? `The cache has nothing of ${repo.type} ${repo.id} at '${revision}'.`
      : snapshot.tree === undefined
        ? `The cache has a copy of ${repo.type} ${repo.id} at '${revision}', and no listing that tells what it lacks.`
        : missing.length > 0
          ? `The cache lacks ${missing.length} of the files of ${repo.type} ${repo.id} at '${revision}': ${missing[0]}`
          : undefined;
  const path = snapshot?.path ?? null;
  const facts = { repo: repo.id, repoType: repo.type, revision, commit: snapshot?.commit ?? null, path };
  if (why === undefined && path !== null) {
    return { data: { ready: true, ...facts, missing: [] }, human: [path], quiet: [path] };
  }
  const hint = `Fetch it with: ${fetchLine(repo, revision)}`;
  return {
    data: { ready: false, ...facts, missing: missing.slice(0, 1000), reason: why ?? null, code: NOT_READY, hint },
    human: [],
    quiet: [],
    notes: why === undefined ? [] : [`${why} ${hint}`],
    exit: exitOf(NOT_READY),
  };
}

function fetchLine(repo: Repo, revision: string): string {
  return `hf download ${shellWord(repoPath(repo))}${revision === "main" ? "" : ` --revision ${shellWord(revision)}`}`;
}

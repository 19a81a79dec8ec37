import { cachedEntrySize, checkEntryPath, findCachedEntry } from "../cache/index.ts";
import { isHfError, NetworkError, NotFoundError } from "../core/errors.ts";
import type { HfError } from "../core/errors.ts";
import { encodePath, encodeSegment, isCommit, repoPath } from "../core/repo.ts";
import { askFile } from "../hub/index.ts";
import type { FileFacts } from "../hub/index.ts";
import { cacheMayAnswer, offline } from "./resolve.ts";
import type { Run } from "./run.ts";

/** What is to be done for one file. Nothing was written yet. */
export type PreparedFile =
  /** The cache has it; `certain` where the Hub said just now that the revision still means this commit. */
  | { readonly kind: "cached"; readonly commit: string; readonly certain: boolean }
  | {
      readonly kind: "fetch";
      readonly commit: string;
      readonly etag: string;
      readonly size: number;
      readonly xetHash: string | undefined;
    };

/**
 * Asks what the file is, and whether the cache has it. Makes no file and no folder.
 * @param onMissing told the commit that has no such file, before that is thrown
 */
export async function prepareFile(
  run: Run,
  revision: string,
  path: string,
  onMissing?: (commit: string) => void,
): Promise<PreparedFile> {
  checkEntryPath(path, "user");
  const kept = run.force ? undefined : findCachedEntry(run.paths, revision, path);
  if (kept?.kind === "found" && (isCommit(revision) || run.offline)) {
    return { kind: "cached", commit: kept.commit, certain: false };
  }
  if (run.offline) throw offline(run, revision, `'${path}'`, path);

  let facts: FileFacts;
  try {
    facts = await ask(run, revision, path, onMissing);
  } catch (error) {
    run.signal.throwIfAborted();
    if (kept?.kind !== "found" || !isHfError(error) || !cacheMayAnswer(error)) throw error;
    run.warn(`${error.message} The cached copy of ${run.repo.id} is used.`);
    return { kind: "cached", commit: kept.commit, certain: false };
  }
  const { commit, etag, size, xetHash } = facts;
  if (commit === undefined || etag === undefined || size === undefined) throw notAHub(run, path);
  if (!run.force && cachedEntrySize(run.paths, commit, path) === size) return { kind: "cached", commit, certain: true };
  return { kind: "fetch", commit, etag, size, xetHash };
}

/** What the Hub says of the file; that it is not there is remembered. */
async function ask(
  run: Run,
  revision: string,
  path: string,
  onMissing: ((commit: string) => void) | undefined,
): Promise<FileFacts> {
  const { hub, repo, signal } = run;
  const address = `${repoPath(repo)}/resolve/${encodeSegment(revision)}/${encodePath(path)}`;
  try {
    return await askFile(hub, address, { subject: { repo, revision, entry: path }, signal });
  } catch (error) {
    const commit = error instanceof NotFoundError && error.code === "ERR_HF_ENTRY_NOT_FOUND" ? error.commit : undefined;
    if (commit !== undefined && isCommit(commit)) onMissing?.(commit);
    throw error;
  }
}

function notAHub(run: Run, path: string): HfError {
  return new NetworkError(
    "ERR_HF_BAD_ANSWER",
    `The answer about '${path}' lacks what every Hub says: commit, name and size.`,
    {
      hint: `Check HF_ENDPOINT (${run.hub.endpoint}) and proxies on the way.`,
    },
  );
}

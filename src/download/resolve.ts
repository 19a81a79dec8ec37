import { readRef } from "../cache/index.ts";
import { OfflineError, isHfError } from "../core/errors.ts";
import type { HfError } from "../core/errors.ts";
import { shellWord } from "../core/shell-word.ts";
import { encodeSegment, isCommit, repoApiPath } from "../core/repo.ts";
import { readRevision } from "./revision.ts";
import type { ResolvedRevision } from "./revision.ts";
import type { Run } from "./run.ts";

/** A revision's commit, and whether more may be asked of the Hub. */
export interface Resolution extends ResolvedRevision {
  /** Why the Hub gives nothing now: switched off by the user, or the failure of the first request. */
  readonly unreachable: HfError | undefined;
}

/**
 * The commit that a revision means: a full commit means itself, anything else costs one request. Where the Hub gives
 * no answer, the commit that the cache remembers is used, with a warning.
 * @param remembered the commit that the revision meant when it was last asked about. Default: what the cache knows
 * @throws OfflineError `ERR_HF_OFFLINE` the network is off and the cache does not know the revision
 * @throws the Hub's refusal when the cache does not know the revision either, and always when the revision is not there
 */
export async function resolveRevision(
  run: Run,
  revision: string,
  remembered: () => string | undefined = () => readRef(run.paths, revision),
): Promise<Resolution> {
  const { hub, repo, signal } = run;
  if (isCommit(revision)) {
    return { commit: revision, gated: undefined, unreachable: run.offline ? offline(run, revision) : undefined };
  }
  if (run.offline) {
    const commit = remembered();
    if (commit === undefined) throw offline(run, revision);
    return { commit, gated: undefined, unreachable: offline(run, revision) };
  }
  try {
    const path = `${repoApiPath(repo)}/revision/${encodeSegment(revision)}`;
    const body = await hub.json(path, { signal, subject: { repo, revision } });
    return { ...readRevision(body, revision), unreachable: undefined };
  } catch (error) {
    signal.throwIfAborted();
    const commit = run.force || !cacheMayAnswer(error) ? undefined : remembered();
    if (commit === undefined || !isHfError(error)) throw error;
    run.warn(`${error.message} The cached copy of ${repo.id} is used.`);
    return { commit, gated: undefined, unreachable: error };
  }
}

/**
 * True for a failure after which a cached copy is as good as Python thinks it: a Hub that cannot be reached, or that
 * refuses this caller today what it once gave. Not for an answer that the thing is not there, nor for one that was
 * tampered with, nor for a wrong proxy or endpoint, which the user should mend.
 */
export function cacheMayAnswer(error: unknown): boolean {
  return isHfError(error) && !FINAL.has(error.code);
}

const FINAL: ReadonlySet<string> = new Set([
  "ERR_HF_REVISION_NOT_FOUND",
  "ERR_HF_ENTRY_NOT_FOUND",
  "ERR_HF_UNSAFE_NAME",
  "ERR_HF_INTEGRITY",
  "ERR_HF_PROXY",
  "ERR_HF_USAGE",
  "ERR_HF_INVALID_REVISION",
  "ERR_HF_INSECURE_ENDPOINT",
  "ERR_HF_TOKEN_ENDPOINT",
  "ERR_HF_DISK",
  "ERR_HF_NO_SPACE",
]);

/**
 * What is asked for is not in the cache, and the network is off.
 * @param what the files that are missing, in words
 * @param file the one file that was asked for
 */
export function offline(run: Run, revision: string, what?: string, file?: string): OfflineError {
  const thing = what === undefined ? "" : `${what} of `;
  const name = file === undefined ? "" : ` ${shellWord(file)}`;
  return new OfflineError(
    "ERR_HF_OFFLINE",
    `The network is switched off, and the cache has no complete ${thing}${run.repo.type} ${run.repo.id} at '${revision}'.`,
    {
      hint: `Unset HF_HUB_OFFLINE (or leave out --offline) and run: hf download ${run.repo.id}${name}${options(run, revision)}`,
    },
  );
}

function options(run: Run, revision: string): string {
  const type = run.repo.type === "model" ? "" : ` --repo-type ${run.repo.type}`;
  return `${type}${revision === "main" ? "" : ` --revision ${shellWord(revision)}`}`;
}

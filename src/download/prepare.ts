import { blobSize, cachedEntrySize, findCachedSnapshot, readTree } from "../cache/index.ts";
import type { CachedSnapshot, CachedTree } from "../cache/index.ts";
import { isHfError, NotFoundError, safeText } from "../core/errors.ts";
import { encodePath, isCommit, repoApiPath, repoPath } from "../core/repo.ts";
import { askFile } from "../hub/index.ts";
import type { FileFacts } from "../hub/index.ts";
import { listFolder } from "./list-folder.ts";
import { compileSelection, isPlainName } from "./patterns.ts";
import { planSnapshot } from "./plan.ts";
import type { Presence, SnapshotPlan, WantedEntry } from "./plan.ts";
import { cacheMayAnswer, offline, resolveRevision } from "./resolve.ts";
import type { Resolution } from "./resolve.ts";
import type { Run } from "./run.ts";
import { collectTree, fromCachedTree, toCachedTree } from "./tree.ts";
import type { SnapshotOptions } from "./types.ts";

/** What is to be done for a snapshot. Nothing was written yet. */
export type Prepared =
  /** The cache has it, or has what there is to have while the Hub gives no answer. */
  | {
      readonly kind: "cached";
      readonly cached: CachedSnapshot;
      readonly wants: (path: string) => boolean;
      /** The Hub has said so just now, or the revision is a commit that is whole. */
      readonly certain: boolean;
    }
  | {
      readonly kind: "plan";
      readonly commit: string;
      readonly plan: SnapshotPlan;
      /** The commit's listing, to be kept; undefined when it is kept already, or when hashes are hidden. */
      readonly tree: CachedTree | undefined;
    };

/**
 * Asks what the revision is, what it holds, and what of that is there. Makes no file and no folder.
 * @throws as `fetchSnapshot`, also the refusal of a gated repo
 */
export async function prepareSnapshot(run: Run, revision: string, options: SnapshotOptions): Promise<Prepared> {
  const { repo } = run;
  const wants = compileSelection(options);
  const resolution = await resolveRevision(run, revision);
  const { commit } = resolution;
  const cached = run.force ? undefined : findCachedSnapshot(run.paths, commit, { wanted: wants });
  if (cached !== undefined && (isWhole(cached) || resolution.unreachable !== undefined)) {
    if (resolution.unreachable !== undefined) checkWhole(run, revision, cached, resolution, options);
    checkNames(options, cached.tree, commit, run);
    return { kind: "cached", cached, wants, certain: resolution.unreachable === undefined };
  }
  if (resolution.unreachable !== undefined) throw resolution.unreachable;

  let listed: Listed;
  try {
    listed = await listCommit(run, commit);
  } catch (error) {
    run.signal.throwIfAborted();
    // A listing of the cache would have been used, so nothing tells whether this snapshot is whole.
    if (cached === undefined || !isCommit(revision) || !isHfError(error) || !cacheMayAnswer(error)) throw error;
    run.warn(`${error.message} The cached copy of ${repo.id} is used as it is; it may lack files.`);
    return { kind: "cached", cached, wants, certain: false };
  }
  const { tree, entries } = listed;
  checkNames(options, new Set(entries.map(({ path }) => path)), commit, run);
  const plan = planSnapshot(entries, { wants, force: run.force, look: (entry) => look(run, commit, entry) });
  await askGate(run, plan, resolution);
  return { kind: "plan", commit, plan, tree };
}

function isWhole(cached: CachedSnapshot): boolean {
  return cached.tree !== undefined && cached.missing.length === 0;
}

/**
 * Without the Hub the cache must have all that is wanted. Where it has no listing, it can tell only of names that were
 * asked for one by one; for the rest, what is there is what there is.
 */
function checkWhole(
  run: Run,
  revision: string,
  cached: CachedSnapshot,
  { unreachable }: Resolution,
  { files, entries }: Pick<SnapshotOptions, "files" | "entries">,
): void {
  if (run.wholeOnly && cached.tree === undefined) throw offline(run, revision);
  const there = cached.tree === undefined ? new Set(listFolder(cached.path).keys()) : undefined;
  const named = (files ?? []).filter(isPlainName).map((name) => name.replaceAll("\\", "/"));
  const plain = [...named, ...(entries ?? [])];
  const missing = there === undefined ? cached.missing : plain.filter((name) => !there.has(name));
  const [first] = missing;
  if (first === undefined) {
    if (there !== undefined && entries === undefined && named.length !== files?.length) {
      run.warn(`The cache has no list of what belongs to ${run.repo.id}: what it has is used, and may not be all.`);
    }
    return;
  }
  if (isHfError(unreachable) && unreachable.code !== "ERR_HF_OFFLINE") throw unreachable;
  const rest = missing.length > 1 ? ` and ${missing.length - 1} more` : "";
  throw offline(run, revision, `'${safeText(first, 120)}'${rest}`);
}

/** A name that was asked for by itself must be there; a pattern may match nothing. */
export function checkNames(
  options: Pick<SnapshotOptions, "files" | "entries">,
  known: ReadonlyMap<string, unknown> | ReadonlySet<string> | undefined,
  commit: string,
  { repo, hub }: Run,
): void {
  if (known === undefined) return;
  const missing =
    options.entries?.find((name) => !known.has(name)) ??
    options.files?.find((name) => isPlainName(name) && !known.has(name.replaceAll("\\", "/")));
  if (missing === undefined) return;
  throw new NotFoundError(
    "ERR_HF_ENTRY_NOT_FOUND",
    `${repo.id} has no file '${safeText(missing, 120)}' at ${commit.slice(0, 12)}.`,
    {
      hint: `See what it has: ${hub.endpoint}/${repoPath(repo)}/tree/${commit}`,
    },
  );
}

export interface Listed {
  /** To be kept in the cache; undefined when it is there, or when hashes are hidden. */
  readonly tree: CachedTree | undefined;
  readonly entries: readonly WantedEntry[];
}

/** The files of a commit: from the cache, where its listing is kept for ever, else from the Hub. */
export async function listCommit(run: Run, commit: string): Promise<Listed> {
  const kept = readTree(run.paths, commit);
  return kept !== undefined ? { tree: undefined, entries: fromCachedTree(kept) } : askListing(run, commit);
}

/** The files of a commit as the Hub lists them. */
export async function askListing({ hub, repo, signal }: Run, commit: string): Promise<Listed> {
  const pages = hub.pages(`${repoApiPath(repo)}/tree/${commit}`, {
    query: { recursive: "true", expand: "false" },
    subject: { repo, revision: commit },
    signal,
  });
  const listing = await collectTree(items(pages));
  return { tree: toCachedTree(listing), entries: listing.entries };
}

async function* items(pages: AsyncIterable<unknown[]>): AsyncIterable<unknown> {
  for await (const page of pages) yield* page;
}

function look(run: Run, commit: string, { path, size, etag }: WantedEntry): Presence {
  if (cachedEntrySize(run.paths, commit, path) === size) return "pointer";
  return etag !== undefined && blobSize(run.paths, etag) === size ? "blob" : "none";
}

/** These are given to everybody, also of a gated repo, so they say nothing about the gate. */
const OPEN_TO_ALL = new Set(["README.md", "LICENSE", "LICENSE.md", "LICENSE.txt"]);

/**
 * Asks by one file of a gated repo, before anything is written, so that a refusal comes once and leaves nothing.
 * @throws AccessError
 */
export async function askGate(
  run: Run,
  plan: Pick<SnapshotPlan, "toFetch">,
  { commit, gated }: Resolution,
): Promise<void> {
  if (gated === false) return;
  const gate = plan.toFetch.findLast((one) => !OPEN_TO_ALL.has(one.entries[0].path));
  if (gate !== undefined) await askAbout(run, commit, gate.entries[0].path);
}

/** @throws AccessError and what else the Hub refuses */
export async function askAbout(run: Run, commit: string, path: string): Promise<FileFacts> {
  const { hub, repo, signal } = run;
  const subject = { repo, revision: commit, entry: path };
  return askFile(hub, `${repoPath(repo)}/resolve/${commit}/${encodePath(path)}`, { subject, signal });
}

import {
  blobPath,
  blobSize,
  cachedEntrySize,
  checkLocalEntry,
  contentAlgorithmOf,
  etagOf,
  findCaseTwins,
  findCachedEntry,
  hashFile,
  isStorePath,
  localEntryPath,
  localState,
  pointerPath,
  readLocalMetadata,
  readTree,
  statLocalFile,
} from "../cache/index.ts";
import type { CachedTree, LocalDir, LocalMetadata } from "../cache/index.ts";
import { isHfError, safeText, UsageError } from "../core/errors.ts";
import { prepareFile } from "./prepare-file.ts";
import { rememberedCommit } from "./local-commit.ts";
import { compileSelection } from "./patterns.ts";
import { planSnapshot } from "./plan.ts";
import type { SnapshotPlan, WantedEntry } from "./plan.ts";
import { askGate, askListing, checkNames } from "./prepare.ts";
import type { Listed } from "./prepare.ts";
import { cacheMayAnswer, offline, resolveRevision } from "./resolve.ts";
import type { Resolution } from "./resolve.ts";
import type { Run } from "./run.ts";
import { fromCachedTree } from "./tree.ts";
import type { SnapshotOptions } from "./types.ts";

/** What is to be done in a local dir. Nothing was written yet. */
export interface LocalPlan {
  readonly commit: string;
  /** What must be written, by content: the entries that are wanted and not there. */
  readonly plan: SnapshotPlan;
  /** Contents of those that need no request, because the shared cache has them: by etag. */
  readonly copies: ReadonlyMap<string, string>;
  /** Bytes of those. */
  readonly copyBytes: number;
  /** Notes that have to be written on files that are right. */
  readonly notes: ReadonlyMap<string, LocalMetadata>;
  /** The listing to be kept in the local dir; undefined when it is kept or not known. */
  readonly tree: CachedTree | undefined;
}

/**
 * Asks what the wanted entries are, and looks what of them is in the folder and in the shared cache. A file of the right
 * size that nothing vouches for is hashed.
 * @param path one entry alone, asked for by itself
 * @throws as `fetchSnapshot`; DiskError also where a link of the folder leads out of it
 */
export async function prepareLocal(
  run: Run,
  local: LocalDir,
  revision: string,
  options: SnapshotOptions & { readonly path?: string },
): Promise<LocalPlan> {
  const found =
    options.path === undefined
      ? await findAll(run, local, revision, options)
      : await findOne(run, local, revision, options.path);
  const { entries, resolution } = found;
  const { commit, unreachable } = resolution;
  const present = new Set<string>();
  const notes = new Map<string, LocalMetadata>();
  const twins = findCaseTwins(
    local,
    entries.map(({ path }) => path),
  );
  if (twins !== undefined) throw oneFile(local, twins);
  const folders = new Set<string>();
  for (const entry of entries) {
    const folder = entry.path.slice(0, entry.path.lastIndexOf("/") + 1);
    if (!folders.has(folder)) checkLocalEntry(local, entry.path);
    folders.add(folder);
    const note = run.force ? undefined : await vouch(run, local, commit, entry);
    if (note === undefined) continue;
    present.add(entry.path);
    if (note.changed) notes.set(entry.path, note.metadata);
  }
  const plan = planSnapshot(entries, {
    wants: () => true,
    force: false,
    look: ({ path }) => (present.has(path) ? "pointer" : "none"),
  });
  const copies = new Map<string, string>();
  let copyBytes = 0;
  for (const { entries: same, size } of plan.toFetch) {
    const source = run.force ? undefined : cachedSource(run, commit, same[0]);
    if (source === undefined || same[0].etag === undefined) continue;
    copies.set(same[0].etag, source);
    copyBytes += size;
  }
  const toAsk = plan.toFetch.filter((content) => !copies.has(content.entries[0].etag ?? ""));
  if (unreachable !== undefined && toAsk.length > 0) throw unreachable;
  if (unreachable === undefined && options.path === undefined) await askGate(run, { toFetch: toAsk }, resolution);
  return { commit, plan, copies, copyBytes, notes, tree: found.tree };
}

interface Found extends Listed {
  readonly resolution: Resolution;
}

async function findAll(run: Run, local: LocalDir, revision: string, options: SnapshotOptions): Promise<Found> {
  const wants = compileSelection(options);
  const resolution = await resolveRevision(run, revision, () => rememberedCommit(run, local, revision));
  const { commit, unreachable } = resolution;
  // By force nothing of the folder is believed: whoever wrote its files could also write its notes.
  const kept = run.force ? undefined : readTree(local.store, commit);
  const shared = kept ?? readTree(run.paths, commit);
  if (shared === undefined && unreachable !== undefined) throw unreachable;
  const listed: Listed =
    shared === undefined
      ? await askListing(run, commit)
      : { tree: kept === undefined ? shared : undefined, entries: fromCachedTree(shared) };
  checkNames(options, new Set(listed.entries.map(({ path }) => path)), commit, run);
  const entries = listed.entries.filter(({ path }) => wants(path) && !isStorePath(path));
  if (listed.entries.some(({ path }) => wants(path) && isStorePath(path))) {
    run.warn("The repo has files below .cache/huggingface, where the notes of this folder are; they are left out.");
  }
  return { tree: listed.tree, entries, resolution };
}

/** One entry by a HEAD request: nobody lists a large repo for one of its files. */
async function findOne(run: Run, local: LocalDir, revision: string, path: string): Promise<Found> {
  if (isStorePath(path)) {
    throw new UsageError("ERR_HF_USAGE", `'${safeText(path, 200)}' can't be in a local dir: its own notes are there.`, {
      hint: "Download it into the shared cache: leave out --local-dir.",
    });
  }
  const there = run.force ? undefined : findNoted(local, path);
  if (there?.resolution.commit === revision) return there;
  if (run.offline) {
    // Of the file alone nothing tells which revision it is of.
    if (there === undefined || run.wholeOnly) return findShared(run, revision, path);
    run.warn(`The network is switched off; '${path}' is taken as it is in the folder.`);
    return there;
  }
  try {
    // What the shared cache has is no answer here: this folder may lack it.
    const facts = await prepareFile({ ...run, force: true }, revision, path);
    if (facts.kind === "cached") throw new TypeError("the Hub was to be asked");
    const { commit, etag, size } = facts;
    return found(commit, { path, size, etag });
  } catch (error) {
    run.signal.throwIfAborted();
    if (there === undefined || !isHfError(error) || !cacheMayAnswer(error)) throw error;
    run.warn(`${error.message} '${path}' is taken as it is in the folder.`);
    return there;
  }
}

function found(commit: string, entry: WantedEntry): Found {
  return { tree: undefined, entries: [entry], resolution: { commit, gated: undefined, unreachable: undefined } };
}

/** The entry as the folder has it, by the note on it. */
function findNoted(local: LocalDir, path: string): Found | undefined {
  const metadata = readLocalMetadata(local, path);
  const file = metadata === undefined ? undefined : statLocalFile(local, path);
  if (metadata === undefined || file === undefined) return undefined;
  return found(metadata.commit, { path, size: file.size, etag: metadata.etag });
}

/** The entry as the shared cache has it, without the network. @throws OfflineError */
function findShared(run: Run, revision: string, path: string): Found {
  const cached = findCachedEntry(run.paths, revision, path);
  const entry = cached.kind === "found" ? readTree(run.paths, cached.commit)?.get(path) : undefined;
  if (entry === undefined || cached.kind !== "found") throw offline(run, revision, `'${path}'`);
  return found(cached.commit, { path, size: entry.lfs?.size ?? entry.size, etag: etagOf(entry) });
}

function oneFile(local: LocalDir, [a, b]: readonly [string, string]): UsageError {
  const what = `'${safeText(a, 200)}' and '${safeText(b, 200)}' would be one file in ${local.folder}`;
  return new UsageError("ERR_HF_USAGE", `${what}, which does not tell capital from small letters.`, {
    hint: "Nothing was written. Leave one of them out with --exclude.",
  });
}

interface Vouched {
  readonly metadata: LocalMetadata;
  /** The note on the disk says something else. */
  readonly changed: boolean;
}

/** The note that an entry's file deserves; undefined when the file is not what the entry is. */
async function vouch(run: Run, local: LocalDir, commit: string, entry: WantedEntry): Promise<Vouched | undefined> {
  const { path, size, etag } = entry;
  const file = statLocalFile(local, path);
  const metadata = readLocalMetadata(local, path);
  const state = localState(file, metadata, entry);
  if (file === undefined || etag === undefined || state === "absent" || state === "stale") return undefined;
  if (state === "doubtful") {
    const algorithm = contentAlgorithmOf(etag);
    if (algorithm === undefined) return undefined;
    const digest = await hashFile(localEntryPath(local, path), algorithm, size, run.signal);
    if (digest !== etag) return undefined;
    // Changed while it was read: nothing is proved.
    if (statLocalFile(local, path)?.modifiedNs !== file.modifiedNs) return undefined;
  }
  const right = { commit, etag, timestampNs: file.modifiedNs, exact: true };
  const changed = state === "doubtful" || metadata?.commit !== commit;
  return { metadata: right, changed };
}

/** Where the shared cache has the content: as a blob, or in the snapshot where it has no links. */
function cachedSource(run: Run, commit: string, { path, size, etag }: WantedEntry): string | undefined {
  if (etag === undefined || contentAlgorithmOf(etag) === undefined) return undefined;
  if (blobSize(run.paths, etag) === size) return blobPath(run.paths, etag);
  return cachedEntrySize(run.paths, commit, path) === size ? pointerPath(run.paths, commit, path) : undefined;
}

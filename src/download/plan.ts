import { IntegrityError, safeText } from "../core/errors.ts";

/** An entry to fetch, as far as fetching needs to know it. */
export interface WantedEntry {
  readonly path: string;
  /** Bytes of the content. */
  readonly size: number;
  /** Name of the blob: a sha256 or a git hash. Undefined where the Hub hides it from this caller. */
  readonly etag: string | undefined;
  /** Name of the content in Xet storage, when it is there. */
  readonly xetHash?: string | undefined;
}

/** What the cache has of an entry. */
export type Presence =
  /** The pointer is there and leads to content of the right size. */
  | "pointer"
  /** The blob is there, the pointer is not. */
  | "blob"
  | "none";

/** A blob to fetch, and the entries that will point to it. Entries with equal content share one. */
export interface MissingContent {
  readonly entries: readonly [WantedEntry, ...WantedEntry[]];
  readonly size: number;
}

/** What a snapshot needs, before anything is done. */
export interface SnapshotPlan {
  /** The entries asked for, in the order of the tree. */
  readonly entries: readonly WantedEntry[];
  readonly totalBytes: number;
  /** Entries whose blob is there and that need a pointer only. */
  readonly toLink: readonly WantedEntry[];
  /** The largest first, so that no large one is begun when all others are done. */
  readonly toFetch: readonly MissingContent[];
  readonly missingFiles: number;
  readonly missingBytes: number;
}

export interface PlanOptions {
  /** Which paths are wanted. */
  readonly wants: (path: string) => boolean;
  /** Fetch what is there too. */
  readonly force: boolean;
  /** What the cache has of an entry; not asked when `force`. */
  readonly look: (entry: WantedEntry) => Presence;
}

/** Decides what is there, what is shared and what must be fetched. Writes nothing, asks the cache through `look` alone. */
export function planSnapshot(tree: readonly WantedEntry[], options: PlanOptions): SnapshotPlan {
  const entries = tree.filter((entry) => options.wants(entry.path));
  const toLink: WantedEntry[] = [];
  const missing = new Map<string, [WantedEntry, ...WantedEntry[]]>();
  let missingFiles = 0;
  for (const entry of entries) {
    const presence = options.force ? "none" : options.look(entry);
    if (presence === "blob") toLink.push(entry);
    if (presence !== "none") continue;
    missingFiles++;
    const name = contentName(entry);
    const same = missing.get(name);
    if (same === undefined) missing.set(name, [entry]);
    else if (same[0].size === entry.size) same.push(entry);
    else throw twoSizes(same[0], entry);
  }
  const toFetch = [...missing.values()].map((same) => ({ entries: same, size: same[0].size }));
  return {
    entries,
    totalBytes: sum(entries),
    toLink,
    toFetch: toFetch.toSorted((a, b) => b.size - a.size),
    missingFiles,
    missingBytes: sum(toFetch),
  };
}

/** Bytes by which `free` is too little for a plan; 0 when it fits, or when nobody knows what is free. */
export function shortage(plan: Pick<SnapshotPlan, "missingBytes">, free: number | undefined): number {
  return free === undefined ? 0 : Math.max(0, plan.missingBytes - free);
}

/** Equal for entries of equal content. An entry whose hash is hidden shares with none. */
function contentName(entry: WantedEntry): string {
  return entry.etag ?? `path ${entry.path}`;
}

function twoSizes(a: WantedEntry, b: WantedEntry): IntegrityError {
  return new IntegrityError(
    "ERR_HF_INTEGRITY",
    `The Hub gives one hash and two sizes to '${safeText(a.path, 200)}' and '${safeText(b.path, 200)}'.`,
    { hint: "Nothing was written. Check HF_ENDPOINT, and tell the owner of the repo." },
  );
}

function sum(sized: readonly { readonly size: number }[]): number {
  return sized.reduce((bytes, one) => bytes + one.size, 0);
}

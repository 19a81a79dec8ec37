import { checkEntryPath } from "../cache/index.ts";
import type { CachedTree } from "../cache/index.ts";
import { IntegrityError, NetworkError, safeText } from "../core/errors.ts";
import type { WantedEntry } from "./plan.ts";

/** One file of a commit, as the tree listing gives it. */
export interface TreeEntry extends WantedEntry {
  /** Git's name of the blob: 40 hex digits. For an LFS entry that of its pointer. */
  readonly blobId: string;
  /** The content is in LFS or Xet storage. */
  readonly lfs: boolean;
  readonly xetHash: string | undefined;
}

export interface Listing {
  readonly entries: readonly TreeEntry[];
  /** The Hub hides hashes: the repo is gated and this caller may not read it. Such a listing is never kept. */
  readonly masked: boolean;
}

export interface ListingLimits {
  readonly files: number;
  readonly folders: number;
  /** Of all names together. */
  readonly characters: number;
}

/** Ten times the files that the Hub advises for a repo. What is longer is meant to fill the memory. */
const LIMITS: ListingLimits = { files: 1_000_000, folders: 1_000_000, characters: 128 * 1024 * 1024 };

const SHA1 = /^[0-9a-f]{40}$/;
const SHA256 = /^[0-9a-f]{64}$/;

/**
 * Collects the pages of a tree listing and narrows every entry. Folders are left out.
 * @throws IntegrityError `ERR_HF_UNSAFE_NAME` a name that would leave the snapshot's folder, names an entry twice, or
 *   is a file and a folder at once; nothing was written by then
 * @throws NetworkError `ERR_HF_BAD_ANSWER` the answer is not a listing, or one without an end
 */
export async function collectTree(items: AsyncIterable<unknown>, limits = LIMITS): Promise<Listing> {
  const entries: TreeEntry[] = [];
  const files = new Set<string>();
  const folders = new Set<string>();
  let masked = false;
  let characters = 0;
  let listed = 0;
  for await (const item of items) {
    if (++listed > limits.files + limits.folders) throw notAListing("it has no end");
    const read = readEntry(item);
    if (read === undefined) continue;
    const { entry } = read;
    if (files.has(entry.path)) throw unsafe(entry.path, "is there twice");
    files.add(entry.path);
    characters += entry.path.length;
    if (files.size > limits.files) throw notAListing(`it names more than ${limits.files} files`);
    if (characters > limits.characters) throw notAListing(`its names have more than ${limits.characters} characters`);
    for (let at = entry.path.lastIndexOf("/"); at > 0; at = entry.path.lastIndexOf("/", at - 1)) {
      const folder = entry.path.slice(0, at);
      if (folders.has(folder)) break;
      folders.add(folder);
      if (folders.size > limits.folders) throw notAListing(`it names more than ${limits.folders} folders`);
    }
    masked ||= read.masked;
    entries.push(entry);
  }
  for (const folder of folders) if (files.has(folder)) throw unsafe(folder, "is a file and a folder");
  return { entries, masked };
}

/** A listing as the cache keeps it; undefined when it is masked. */
export function toCachedTree(listing: Listing): CachedTree | undefined {
  if (listing.masked) return undefined;
  const tree = new Map<
    string,
    { size: number; blobId: string; lfs?: { sha256: string; size: number }; xetHash?: string }
  >();
  for (const { path, size, blobId, lfs, etag, xetHash } of listing.entries) {
    tree.set(path, {
      size,
      blobId,
      ...(lfs && etag !== undefined ? { lfs: { sha256: etag, size } } : {}),
      ...(xetHash === undefined ? {} : { xetHash }),
    });
  }
  return tree;
}

export function fromCachedTree(tree: CachedTree): readonly TreeEntry[] {
  return [...tree].map(([path, { size, blobId, lfs, xetHash }]) => ({
    path,
    size: lfs?.size ?? size,
    blobId,
    lfs: lfs !== undefined,
    etag: lfs?.sha256 ?? blobId,
    xetHash,
  }));
}

/** One item of a page; undefined for a folder, and for kinds that have no content of their own. */
function readEntry(item: unknown): { readonly entry: TreeEntry; readonly masked: boolean } | undefined {
  const { type, path, oid, size, lfs, xetHash } = fields(item);
  if (typeof type !== "string" || typeof path !== "string") throw notAListing("an item without a path");
  checkEntryPath(path);
  if (type !== "file") return undefined;
  if (typeof oid !== "string" || !SHA1.test(oid)) throw unsafe(path, "has no git hash");
  if (lfs === undefined || lfs === null) {
    const entry = { path, size: readSize(size, path), blobId: oid, lfs: false, etag: oid, xetHash: undefined };
    return { entry, masked: false };
  }
  const { oid: sha256, size: lfsSize } = fields(lfs);
  const etag = readHash(sha256, path);
  const xet = xetHash === undefined || xetHash === null ? undefined : readHash(xetHash, path);
  const masked = etag === undefined || (typeof xetHash === "string" && xet === undefined);
  return {
    entry: { path, size: readSize(lfsSize ?? size, path), blobId: oid, lfs: true, etag, xetHash: xet },
    masked,
  };
}

/** 64 hex digits; undefined when the Hub put stars in their place. */
function readHash(value: unknown, path: string): string | undefined {
  if (typeof value === "string" && SHA256.test(value)) return value;
  if (value === undefined || value === null || (typeof value === "string" && value.includes("*"))) return undefined;
  throw unsafe(path, "has a hash that is none");
}

function readSize(value: unknown, path: string): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw notAListing(`no size for '${path}'`);
}

function fields(value: unknown): Partial<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function unsafe(path: string, what: string): IntegrityError {
  return new IntegrityError("ERR_HF_UNSAFE_NAME", `The Hub lists '${safeText(path, 200)}', which ${what}.`, {
    hint: "Nothing was written. Tell the owner of the repo, or check HF_ENDPOINT.",
  });
}

function notAListing(what: string): NetworkError {
  return new NetworkError("ERR_HF_BAD_ANSWER", `The Hub's listing of files could not be read: ${what}`, {
    hint: "Check that HF_ENDPOINT names a Hub, and that no proxy changes its answers.",
  });
}

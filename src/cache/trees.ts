import { writeFileAtomicSync } from "../core/atomic-write.ts";
import { readRegularFileSync } from "../core/read-file.ts";
import { isCommit } from "../core/repo.ts";
import { ensureRepoFolder } from "./folders.ts";
import type { Root } from "./folders.ts";
import { checkEntryPath } from "./names.ts";
import { pathOf, treePath } from "./paths.ts";

/** One file of a commit, as the tree cache keeps it. */
export interface CachedTreeEntry {
  /** Bytes of the content. */
  readonly size: number;
  /** Git's name of the blob: 40 hex digits; of an LFS file that of its pointer. */
  readonly blobId: string;
  /** Present exactly when the file is in LFS or Xet storage. */
  readonly lfs?: { readonly sha256: string; readonly size: number } | undefined;
  readonly xetHash?: string | undefined;
}

/** Files of a commit, by path in the repo. */
export type CachedTree = ReadonlyMap<string, CachedTreeEntry>;

const FORMAT_VERSION = 1;
/** A million files have some 250 MB. */
const TREE_BYTES = 400 * 1024 * 1024;
const SHA256 = /^[0-9a-f]{64}$/;

/** Name of the entry's blob in the cache: the sha256 of an LFS file, else git's. Never the Xet hash. */
export function etagOf(entry: CachedTreeEntry): string {
  return entry.lfs?.sha256 ?? entry.blobId;
}

/**
 * Keeps the listing of a commit, byte for byte as Python does, for offline checks and for later downloads. A listing
 * with masked hashes (the Hub hides them from callers who may not read the repo) is not kept: Python would trust it.
 * Unlike Python's, readable to other users of a shared cache, as far as the umask lets.
 * @param paths the repo's folder, or the place for such things in a folder of the user's
 * @returns false when the listing was not complete and nothing was written
 * @throws DiskError; IntegrityError `ERR_HF_UNSAFE_NAME` for the commit
 */
export function writeTree(paths: Root, commit: string, tree: CachedTree): boolean {
  const path = treePath(paths, commit);
  if (![...tree].every(([name, entry]) => isSound(name, entry, paths.platform))) return false;
  ensureRepoFolder(paths, pathOf(paths.platform).dirname(path));
  writeFileAtomicSync(path, formatTree(tree), { mode: 0o666, fsync: false, doing: "write the file list" });
  return true;
}

/**
 * The kept listing of a commit. Undefined when there is none, or one of another format, or one with anything in it that
 * is not sound: it is then fetched again.
 * @throws IntegrityError `ERR_HF_UNSAFE_NAME` for the commit
 */
export function readTree(paths: Root, commit: string): CachedTree | undefined {
  const path = treePath(paths, commit);
  let data: unknown;
  try {
    data = JSON.parse(readRegularFileSync(path, TREE_BYTES).toString());
  } catch {
    // Also a file of another user that may not be read, or something that is no file: it is as good as none.
    return undefined;
  }
  return parseTree(data, paths.platform);
}

/** As Python's `json.dump(…, indent=1)` writes it, paths in the order of their code points. */
export function formatTree(tree: CachedTree): string {
  // A JavaScript object would put names such as "1" first, so the text is made line by line.
  const files = [...tree]
    .toSorted(([a], [b]) => compareCodePoints(a, b))
    .map(([path, entry]) => {
      const fields: string[] = [`"size": ${entry.size}`, `"blob_id": ${ascii(entry.blobId)}`];
      if (entry.lfs !== undefined) {
        fields.push(`"lfs_sha256": ${ascii(entry.lfs.sha256)}`, `"lfs_size": ${entry.lfs.size}`);
      }
      if (entry.xetHash !== undefined) fields.push(`"xet_hash": ${ascii(entry.xetHash)}`);
      return `  ${ascii(path)}: {\n   ${fields.join(",\n   ")}\n  }`;
    });
  const body = files.length === 0 ? "{}" : `{\n${files.join(",\n")}\n }`;
  return `{\n "format_version": ${FORMAT_VERSION},\n "files": ${body}\n}`;
}

/** Python's order of strings. JavaScript's is by UTF-16 unit, which puts emoji before U+E000 to U+FFFF. */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const one = a.charCodeAt(at);
    const other = b.charCodeAt(at);
    // Surrogates, which stand for the highest code points, are moved above the rest.
    if (one !== other) return rank(one) - rank(other);
  }
  return a.length - b.length;
}

function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

function ascii(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function parseTree(data: unknown, platform: NodeJS.Platform): CachedTree | undefined {
  if (!isObject(data) || data["format_version"] !== FORMAT_VERSION || !isObject(data["files"])) return undefined;
  const tree = new Map<string, CachedTreeEntry>();
  for (const [path, info] of Object.entries(data["files"])) {
    const entry = parseEntry(info);
    if (entry === undefined || !isSound(path, entry, platform)) return undefined;
    tree.set(path, entry);
  }
  return tree;
}

function parseEntry(info: unknown): CachedTreeEntry | undefined {
  if (!isObject(info)) return undefined;
  const { size, blob_id: blobId, lfs_sha256: sha256, lfs_size: lfsSize, xet_hash: xetHash } = info;
  if (typeof size !== "number" || typeof blobId !== "string") return undefined;
  if (!isAbsent(xetHash) && typeof xetHash !== "string") return undefined;
  const xet = isAbsent(xetHash) ? {} : { xetHash };
  if (isAbsent(sha256)) return isAbsent(lfsSize) ? { size, blobId, ...xet } : undefined;
  if (typeof sha256 !== "string" || typeof lfsSize !== "number") return undefined;
  return { size, blobId, lfs: { sha256, size: lfsSize }, ...xet };
}

function isSound(path: string, entry: CachedTreeEntry, platform: NodeJS.Platform): boolean {
  try {
    checkEntryPath(path, "network", platform);
  } catch {
    return false;
  }
  return (
    isSize(entry.size) &&
    isCommit(entry.blobId) &&
    (entry.lfs === undefined || (SHA256.test(entry.lfs.sha256) && isSize(entry.lfs.size))) &&
    (entry.xetHash === undefined || SHA256.test(entry.xetHash))
  );
}

function isSize(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

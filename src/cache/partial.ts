import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import process from "node:process";
import type { ProcessIdentity, ProcessLife } from "../core/process-life.ts";
import { readRegularFileSync } from "../core/read-file.ts";
import type { ByteRange } from "./byte-ranges.ts";
import type { ContentPlace } from "./incomplete.ts";
import { extendedPath, pathOf } from "./paths.ts";

/**
 * A partial download that a later run may go on with: the bytes from the first one on, and beside it a note of who
 * writes it. Both have names that no other client uses, and the ending by which Python's `hf cache prune` knows them.
 *
 * Bytes that come in order need no more: the file's length tells which ones are there, also after the process was
 * killed. Where they come in any order the note says which ones are there; it is written after them. They are never
 * trusted: whoever goes on hashes them again.
 */
export interface Partial {
  /** `…/blobs/<etag>.latchkey-<8 hex>.incomplete`. */
  readonly path: string;
  /** `…/blobs/<etag>.latchkey-<8 hex>.owner.incomplete`. */
  readonly notePath: string;
}

/** What is noted of a partial download. */
export interface PartialNote {
  readonly etag: string;
  /** Bytes of the whole content. */
  readonly size: number;
  /** The strong etag under which the storage gave the bytes, with its quotes: for `If-Range`. */
  readonly validator: string;
  /** Who writes; undefined when that one has ended with it. */
  readonly owner: ProcessIdentity | undefined;
  /** What is there: when the owner ended with it, or at least, when its bytes come in any order. */
  readonly ranges: readonly ByteRange[] | undefined;
}

/** A partial that nobody has any more. */
export interface Abandoned extends Partial {
  readonly note: PartialNote;
  /** What is there of the content, and how many bytes that is. */
  readonly there: readonly ByteRange[];
  readonly bytes: number;
  /** Of the file, which may have more than those. */
  readonly length: number;
}

const FORMAT = 1;
const NOTE_BYTES = 4096;
const NOTE_ENDING = ".owner.incomplete";
/** A note on its way: with an ending by which Python's pruner knows it, as it may be left by a process that is killed. */
const DRAFT_ENDING = ".draft.incomplete";
/** More parts than this are not noted: what is not in the note is fetched again. */
const MOST_RANGES = 64;

/** Names for a new partial of the content. */
export function newPartial({ base, root }: Pick<ContentPlace, "base" | "root">): Partial {
  const own = `${base}.latchkey-${randomBytes(4).toString("hex")}`;
  return {
    path: extendedPath(`${own}.incomplete`, root.platform),
    notePath: extendedPath(own + NOTE_ENDING, root.platform),
  };
}

/**
 * Writes the note, or a new one in place of the old: whoever looks sees the one or the other, also when this process is
 * killed meanwhile.
 * @throws the system's error
 */
export function writePartialNote({ notePath }: Partial, note: PartialNote): void {
  const draft = draftPath(notePath);
  removeQuietly(draft);
  const { etag, size, validator, owner = null, ranges } = note;
  const text = JSON.stringify({ format: FORMAT, etag, size, validator, owner, ranges });
  fs.writeFileSync(draft, `${text}\n`, { flag: "wx", mode: 0o666 });
  try {
    fs.renameSync(draft, notePath);
  } catch (error) {
    removeQuietly(draft);
    throw error;
  }
}

/** The parts that a note has room for: the largest, in order. */
export function notedRanges(ranges: readonly ByteRange[]): readonly ByteRange[] {
  if (ranges.length <= MOST_RANGES) return ranges;
  const largest = ranges.toSorted((a, b) => b[1] - b[0] - (a[1] - a[0])).slice(0, MOST_RANGES);
  return largest.toSorted((a, b) => a[0] - b[0]);
}

function draftPath(notePath: string): string {
  return notePath.slice(0, -NOTE_ENDING.length) + DRAFT_ENDING;
}

/**
 * The partial downloads of a content that nobody writes any more, the longest first: those that their owner has ended
 * with, and those whose owner is provably dead. In doubt it is left alone. Only looks: a plan asks as well.
 * @param orphaned is given what has a note and no data; default: it stays
 */
export function findAbandoned(
  { base, etag, root }: ContentPlace,
  size: number,
  life: ProcessLife,
  orphaned?: (partial: Partial) => void,
): Abandoned[] {
  const { basename, dirname, join } = pathOf(root.platform);
  const folder = dirname(base);
  const start = `${basename(base)}.latchkey-`;
  let names: string[];
  try {
    names = fs.readdirSync(extendedPath(folder, root.platform));
  } catch {
    return [];
  }
  const found: Abandoned[] = [];
  for (const name of names) {
    const id = name.slice(start.length, -NOTE_ENDING.length);
    if (!name.startsWith(start) || !name.endsWith(NOTE_ENDING) || !/^[0-9a-f]{8}$/.test(id)) continue;
    const notePath = extendedPath(join(folder, name), root.platform);
    const path = extendedPath(join(folder, `${start}${id}.incomplete`), root.platform);
    const note = readNote(notePath);
    if (note === undefined || note.etag !== etag || note.size !== size) continue;
    if (note.owner !== undefined && !life.isDead(note.owner)) continue;
    const length = ownLength(fs.lstatSync(path, { throwIfNoEntry: false }));
    // The data went before its note did, at the end of a download or by a pruner.
    if (length === undefined) orphaned?.({ path, notePath });
    else if (length <= size && fits(note, length)) {
      const there: readonly ByteRange[] = note.ranges ?? (length === 0 ? [] : [[0, length]]);
      found.push({ path, notePath, note, there, bytes: bytesOf(there), length });
    }
  }
  return found.toSorted((a, b) => b.bytes - a.bytes);
}

/** One who has ended with it cut the file to what is there; one who was killed may have left more. */
function fits({ owner, ranges }: PartialNote, length: number): boolean {
  if (ranges === undefined) return true;
  const end = endOf(ranges);
  return owner === undefined ? end === length : end <= length;
}

/** How long a file with these parts is. */
export function endOf(ranges: readonly ByteRange[]): number {
  return ranges.at(-1)?.[1] ?? 0;
}

export function bytesOf(ranges: readonly ByteRange[]): number {
  return ranges.reduce((sum, [start, end]) => sum + end - start, 0);
}

/**
 * Makes an abandoned partial this process's: by a rename, so that one of many gets it. Whoever looks sees it with its
 * old note, or with the new one.
 * @returns the open file and its names; undefined when another was faster, or when the file is not what it was
 */
export function takeOver(
  place: ContentPlace,
  { path, notePath, note, there, length }: Abandoned,
  owner: ProcessIdentity | undefined,
): (Partial & { readonly fd: number; readonly note: PartialNote }) | undefined {
  const own = newPartial(place);
  // After a beginning without a gap what comes next may come in order, and then the length tells.
  const inOrder = there.length <= 1 && (there[0]?.[0] ?? 0) === 0;
  const ownNote: PartialNote = { ...note, owner, ranges: inOrder ? undefined : there };
  try {
    writePartialNote(own, ownNote);
    fs.renameSync(path, own.path);
  } catch {
    removeQuietly(own.notePath);
    return undefined;
  }
  removePartial({ path, notePath });
  let fd: number | undefined;
  try {
    // Neither through a link nor into a file that has a second name, and no pipe that would be waited for.
    fd = fs.openSync(own.path, fs.constants.O_RDWR | (fs.constants.O_NOFOLLOW ?? 0) | (fs.constants.O_NONBLOCK ?? 0));
    if (ownLength(fs.fstatSync(fd)) === length) {
      if (length > endOf(there)) fs.ftruncateSync(fd, endOf(there));
      return { ...own, fd, note: ownNote };
    }
  } catch {
    // As below.
  }
  if (fd !== undefined) fs.closeSync(fd);
  removePartial(own);
  return undefined;
}

export function removePartial({ path, notePath }: Partial): void {
  removeQuietly(path);
  removeNote(notePath);
}

export function removeNote(notePath: string): void {
  removeQuietly(notePath);
  removeQuietly(draftPath(notePath));
}

/** Bytes of a regular file of this user's that has one name; undefined for anything else. */
function ownLength(stats: fs.Stats | undefined): number | undefined {
  return stats?.isFile() === true && stats.nlink === 1 && stats.uid === currentUser() ? stats.size : undefined;
}

/** Windows has no such numbers: its files have 0. */
function currentUser(): number {
  return process.geteuid?.() ?? 0;
}

function readNote(path: string): PartialNote | undefined {
  try {
    return parseNote(JSON.parse(readRegularFileSync(path, NOTE_BYTES).toString()));
  } catch {
    return undefined;
  }
}

function parseNote(data: unknown): PartialNote | undefined {
  if (!isObject(data) || data["format"] !== FORMAT) return undefined;
  const { etag, size, validator, owner, ranges } = data;
  if (typeof etag !== "string" || typeof size !== "number" || !Number.isSafeInteger(size)) return undefined;
  // It becomes the value of a header.
  if (typeof validator !== "string" || !/^"[\x21\x23-\x7e]{1,500}"$/.test(validator)) return undefined;
  const parts = ranges === undefined ? undefined : parseRanges(ranges, size);
  if (owner === null)
    return parts === undefined ? undefined : { etag, size, validator, owner: undefined, ranges: parts };
  const identity = parseIdentity(owner);
  if (identity === undefined || (ranges !== undefined && parts === undefined)) return undefined;
  return { etag, size, validator, owner: identity, ranges: parts };
}

/** In order and apart, and within the content. */
function parseRanges(data: unknown, size: number): ByteRange[] | undefined {
  if (!Array.isArray(data) || data.length > MOST_RANGES) return undefined;
  const parts: ByteRange[] = [];
  for (const one of data as unknown[]) {
    const [start, end, ...more]: unknown[] = Array.isArray(one) ? one : [];
    if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || more.length > 0) return undefined;
    const [from, to] = [Number(start), Number(end)];
    if (from < endOf(parts) || from < 0 || to < from || to > size) return undefined;
    if (from < to) parts.push([from, to]);
  }
  return parts;
}

function parseIdentity(data: unknown): ProcessIdentity | undefined {
  if (!isObject(data)) return undefined;
  const { host, boot, namespace, pid, start } = data;
  if (typeof host !== "string" || typeof boot !== "string" || typeof namespace !== "string") return undefined;
  if (typeof pid !== "number" || !Number.isSafeInteger(pid) || pid < 1 || typeof start !== "string") return undefined;
  return { host, boot, namespace, pid, start };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Removes a file; where that fails it stays, and is one that nobody uses. */
export function removeQuietly(path: string): void {
  try {
    fs.unlinkSync(path);
  } catch {
    // A pruner took it; or the error that led here is the one to tell.
  }
}

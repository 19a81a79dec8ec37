import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import process from "node:process";
import type { ProcessIdentity, ProcessLife } from "../core/process-life.ts";
import { readRegularFileSync } from "../core/read-file.ts";
import type { ContentPlace } from "./incomplete.ts";
import { extendedPath, pathOf } from "./paths.ts";

/**
 * A partial download that a later run may go on with: the bytes from the first one on, and beside it a note of who
 * writes it. Both have names that no other client uses, and the ending by which Python's `hf cache prune` knows them.
 *
 * Bytes that come in order need no more: the file's length tells which ones are there, also after the process was
 * killed. Where they come in any order the note says how many are there from the first one on. They are never trusted:
 * whoever goes on hashes them again.
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
  /**
   * Bytes that are there from the first one on: when the owner ended with it, or at least, when they come in any order.
   */
  readonly bytes: number | undefined;
}

/** A partial that nobody has any more. */
export interface Abandoned extends Partial {
  readonly note: PartialNote;
  readonly bytes: number;
  /** Of the file, which may have more than those. */
  readonly length: number;
}

const FORMAT = 1;
const NOTE_BYTES = 4096;
const NOTE_ENDING = ".owner.incomplete";

/** Names for a new partial of the content. */
export function newPartial({ base, root }: Pick<ContentPlace, "base" | "root">): Partial {
  const own = `${base}.latchkey-${randomBytes(4).toString("hex")}`;
  return {
    path: extendedPath(`${own}.incomplete`, root.platform),
    notePath: extendedPath(own + NOTE_ENDING, root.platform),
  };
}

/** Writes the note. Readers that see half of it take it for none. @throws the system's error */
export function writePartialNote({ notePath }: Partial, note: PartialNote): void {
  removeQuietly(notePath);
  const { etag, size, validator, owner = null, bytes } = note;
  const ranges = bytes === undefined ? undefined : [[0, bytes]];
  const text = JSON.stringify({ format: FORMAT, etag, size, validator, owner, ranges });
  fs.writeFileSync(notePath, `${text}\n`, { flag: "wx", mode: 0o666 });
}

/**
 * The partial downloads of a content that nobody writes any more, the longest first: those that their owner has ended
 * with, and those whose owner is provably dead. In doubt it is left alone.
 */
export function findAbandoned({ base, etag, root }: ContentPlace, size: number, life: ProcessLife): Abandoned[] {
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
    if (length === undefined) removeQuietly(notePath);
    else if (length <= size && fits(note, length)) {
      found.push({ path, notePath, note, bytes: note.bytes ?? length, length });
    }
  }
  return found.toSorted((a, b) => b.bytes - a.bytes);
}

/** One who has ended with it cut the file to what is there; one who was killed may have left more. */
function fits({ owner, bytes }: PartialNote, length: number): boolean {
  return bytes === undefined || (owner === undefined ? bytes === length : bytes <= length);
}

/**
 * Makes an abandoned partial this process's: by a rename, so that one of many gets it. Whoever looks sees it with its
 * old note, or with the new one.
 * @returns the open file and its names; undefined when another was faster, or when the file is not what it was
 */
export function takeOver(
  place: ContentPlace,
  { path, notePath, note, bytes, length }: Abandoned,
  owner: ProcessIdentity | undefined,
): (Partial & { readonly fd: number; readonly note: PartialNote }) | undefined {
  const own = newPartial(place);
  const ownNote: PartialNote = { ...note, owner, bytes: undefined };
  try {
    writePartialNote(own, ownNote);
    fs.renameSync(path, own.path);
  } catch {
    removeQuietly(own.notePath);
    return undefined;
  }
  removeQuietly(notePath);
  let fd: number | undefined;
  try {
    // Neither through a link nor into a file that has a second name, and no pipe that would be waited for.
    fd = fs.openSync(own.path, fs.constants.O_RDWR | (fs.constants.O_NOFOLLOW ?? 0) | (fs.constants.O_NONBLOCK ?? 0));
    if (ownLength(fs.fstatSync(fd)) === length) {
      if (length > bytes) fs.ftruncateSync(fd, bytes);
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
  removeQuietly(notePath);
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
  const bytes = ranges === undefined ? undefined : wholeRange(ranges);
  if (owner === null) return bytes === undefined ? undefined : { etag, size, validator, owner: undefined, bytes };
  const identity = parseIdentity(owner);
  if (identity === undefined || (ranges !== undefined && bytes === undefined)) return undefined;
  return { etag, size, validator, owner: identity, bytes };
}

/** Only one range from the first byte on: that is all that is written so far. */
function wholeRange(ranges: unknown): number | undefined {
  const [first, ...more]: unknown[] = Array.isArray(ranges) ? ranges : [];
  const [start, end]: unknown[] = Array.isArray(first) ? first : [];
  return more.length === 0 && start === 0 && typeof end === "number" && Number.isSafeInteger(end) ? end : undefined;
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

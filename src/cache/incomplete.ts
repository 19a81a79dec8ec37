import * as fs from "node:fs";
import { diskError, IntegrityError } from "../core/errors.ts";
import type { ProcessLife } from "../core/process-life.ts";
import type { ByteRange, ByteRanges } from "./byte-ranges.ts";
import type { Root } from "./folders.ts";
import { contentAlgorithmOf, createContentHash } from "./hash.ts";
import {
  bytesOf,
  endOf,
  findAbandoned,
  newPartial,
  notedRanges,
  removeNote,
  removePartial,
  removeQuietly,
  takeOver,
  writePartialNote,
} from "./partial.ts";
import type { Abandoned, Partial, PartialNote } from "./partial.ts";
import { moveIntoPlace, openNew, writeAll } from "./place-content.ts";

/** Where one content goes, and the private file that it has until its bytes are proved. */
export interface ContentPlace {
  readonly root: Root;
  readonly etag: string;
  /** `…/blobs/<etag>`: how the names of its private files begin. */
  readonly base: string;
  /** The private file: a fresh name of its own. */
  readonly temp: string;
  readonly target: string;
  /** The target's name says what is in it, so that any file there of the same size is as good: a blob. */
  readonly named: boolean;
}

/** A content on its way: a private file that nobody reads, until it is proved. */
export interface IncompleteBlob {
  readonly etag: string;
  /** `…/blobs/<etag>.<8 hex>.incomplete`, or the name of a {@link Partial}. */
  readonly path: string;
  /** For positional writes, also asynchronous ones; those must have ended before {@link publish} or {@link discard}. */
  readonly fd: number;
  /** What an earlier download left: these bytes are in the file, unproved, and came under this strong etag. */
  readonly begun: Begun | undefined;
  /**
   * The strong etag under which the storage gives the bytes that come next, with its quotes; undefined where it gave
   * none. Without one there is nothing to go on with later.
   */
  noteValidator(validator: string | undefined): void;
  /**
   * For contents whose bytes come in any order: these are in the file. Called first before any of them is written ahead
   * of a gap, as until then the file's length is believed. After that it is noted now and then, so that little of it is
   * fetched again.
   */
  noteRanges(there: Pick<ByteRanges, "bytes" | "list">): void;
  /** Writes all of `bytes` at `position`. @throws DiskError */
  write(bytes: Uint8Array, position: number): void;
  /**
   * Gives the file its name, over what is there, when `digest` equals the etag; else removes it.
   * @param digest lower-case hex of the whole content, as {@link createContentHash} or another reader of it computed
   * @returns the target's path
   * @throws IntegrityError `ERR_HF_INTEGRITY` the content is not what the name says, or the name is no hash at all
   * @throws DiskError
   */
  publish(digest: string): string;
  /** Removes the file. May be called at any time, also after the others. */
  discard(): void;
  /**
   * Gives the file up for a later download to go on with, if it is worth it: at least {@link KEPT_BYTES}. Else removes
   * it. May be called at any time, also after the others.
   * @param there what is in the file
   * @returns true when it was kept
   */
  keep(there: readonly ByteRange[]): boolean;
  /** When the file was last written, in nanoseconds since the epoch: known once it is published. */
  readonly modifiedNs: bigint | undefined;
}

/** What an earlier download left of a content. */
export interface Begun {
  /** The parts that are there, and how many bytes that is. */
  readonly there: readonly ByteRange[];
  readonly bytes: number;
  /** The strong etag under which they came, with its quotes. */
  readonly validator: string;
}

export interface IncompleteOptions {
  /** Bytes to come. */
  readonly size?: number | undefined;
  /**
   * For contents whose bytes come in order: what an earlier download left is taken over, and this one may be gone on
   * with. Default: neither.
   */
  readonly resume?: ResumeOptions | undefined;
}

export interface ResumeOptions {
  readonly life: ProcessLife;
  /** Take over what is there; false removes it, and begins anew. */
  readonly use: boolean;
  /** Leave something to go on with when the download ends before its time. */
  readonly leave: boolean;
}

/** Less is not kept for a later download: it costs a second of a slow line, and leaves a file behind. */
export const KEPT_BYTES = 16 * 1024 * 1024;
/** Bytes that come in any order are noted each time so many more are there: at most these are fetched again. */
const NOTED_BYTES = 8 * 1024 * 1024;

/** Files of this process that have no owner but it; for {@link discardIncompleteBlobs}. */
const open = new Set<IncompleteBlob>();

/**
 * Opens the private file of a content, with the mode that the umask leaves of 0666, as other files of the cache have it.
 * @throws IntegrityError `ERR_HF_UNSAFE_NAME`; DiskError
 */
export function openContent(place: ContentPlace, options: IncompleteOptions = {}): IncompleteBlob {
  const { etag, target } = place;
  const { size = 0 } = options;
  const resume = size >= KEPT_BYTES ? options.resume : undefined;
  const taken = resume === undefined ? undefined : takeFirst(place, size, resume);
  const partial: Partial | undefined = taken ?? (resume?.leave === true ? newPartial(place) : undefined);
  const path = partial?.path ?? place.temp;
  const fd = taken?.fd ?? openNew(place, path);
  let note: PartialNote | undefined = taken?.note;
  let noted = taken?.bytes ?? 0;
  let modifiedNs: bigint | undefined;
  let state: "open" | "published" | "kept" | "gone" = "open";
  const close = (next: typeof state): void => {
    state = next;
    open.delete(blob);
    fs.closeSync(fd);
  };
  const blob: IncompleteBlob = {
    etag,
    path,
    fd,
    begun: taken && { there: taken.there, bytes: taken.bytes, validator: taken.note.validator },
    get modifiedNs() {
      return modifiedNs;
    },
    noteValidator(validator) {
      if (partial === undefined || resume === undefined || validator === note?.validator || state !== "open") return;
      note = undefined;
      try {
        if (validator === undefined) return removeNote(partial.notePath);
        const next: PartialNote = { etag, size, validator, owner: resume.life.self, ranges: undefined };
        writePartialNote(partial, next);
        note = next;
      } catch {
        // Without the note this download ends as it would have; it can't be gone on with, that is all.
      }
    },
    noteRanges(there) {
      if (partial === undefined || resume === undefined || note === undefined || state !== "open") return;
      if (note.ranges !== undefined && Math.abs(there.bytes - noted) < NOTED_BYTES) return;
      try {
        note = { ...note, owner: resume.life.self, ranges: notedRanges(there.list) };
        writePartialNote(partial, note);
        noted = there.bytes;
      } catch {
        // As above.
        note = undefined;
      }
    },
    write(bytes, position) {
      try {
        writeAll(fd, bytes, position);
      } catch (error) {
        throw diskError(error, "write the download", path);
      }
    },
    publish(digest) {
      if (state !== "open") throw new TypeError("this blob is published or discarded already");
      const fault = mismatch(etag, digest);
      if (fault !== undefined) {
        blob.discard();
        throw fault;
      }
      modifiedNs = fs.fstatSync(fd, { bigint: true }).mtimeNs;
      // Windows moves no file that is open, and lets nobody take its name away meanwhile.
      const windows = place.root.platform === "win32";
      if (windows) close("published");
      try {
        moveIntoPlace(place, path, windows ? undefined : fd);
      } finally {
        if (!windows) close("published");
        if (partial !== undefined) removeNote(partial.notePath);
      }
      return target;
    },
    discard() {
      if (state !== "open") return;
      close("gone");
      if (partial !== undefined) removePartial(partial);
      else removeQuietly(path);
    },
    keep(there) {
      if (state !== "open") return false;
      const ranges = notedRanges(there);
      if (partial === undefined || note === undefined || bytesOf(ranges) < KEPT_BYTES) {
        blob.discard();
        return false;
      }
      try {
        fs.ftruncateSync(fd, endOf(ranges));
        close("kept");
        writePartialNote(partial, { ...note, owner: undefined, ranges });
        return true;
      } catch {
        // Half a note is none, and a file without a note is of no use.
        if (state === "open") close("gone");
        removePartial(partial);
        return false;
      }
    },
  };
  open.add(blob);
  try {
    if (partial === undefined && options.size !== undefined) fs.ftruncateSync(fd, options.size);
  } catch (error) {
    blob.discard();
    throw diskError(error, "make room for the download", path);
  }
  return blob;
}

/** Takes over the longest of what earlier downloads left of the content, and removes the others. */
function takeFirst(place: ContentPlace, size: number, { life, use }: ResumeOptions) {
  let taken: (Pick<Abandoned, "path" | "notePath" | "note" | "there" | "bytes"> & { readonly fd: number }) | undefined;
  for (const one of findAbandoned(place, size, life, removePartial)) {
    if (!use || taken !== undefined || one.bytes === 0) {
      removePartial(one);
      continue;
    }
    const got = takeOver(place, one, life.self);
    if (got !== undefined) taken = { ...got, there: one.there, bytes: one.bytes };
  }
  return taken;
}

/** Removes what this process has begun and not finished: for its end by a signal. */
export function discardIncompleteBlobs(): void {
  for (const blob of open) blob.discard();
}

/**
 * The whole way of a small content in one step: hash, private file, rename. Synchronous, because thousands of small files
 * are written 1.7 times faster that way.
 * @returns when the file was written, in nanoseconds since the epoch
 * @throws IntegrityError `ERR_HF_INTEGRITY` and nothing was written, `ERR_HF_UNSAFE_NAME`
 * @throws DiskError
 */
export function publishSmallContent(place: ContentPlace, bytes: Uint8Array): bigint {
  const { etag, temp: path } = place;
  const hash = createContentHash(contentAlgorithmOf(etag) ?? "sha256", bytes.length);
  hash.update(bytes);
  const fault = mismatch(etag, hash.digest());
  if (fault !== undefined) throw fault;
  const fd = openNew(place, path);
  let modifiedNs: bigint;
  try {
    try {
      writeAll(fd, bytes, 0);
      modifiedNs = fs.fstatSync(fd, { bigint: true }).mtimeNs;
    } finally {
      fs.closeSync(fd);
    }
  } catch (error) {
    removeQuietly(path);
    throw diskError(error, "write the download", path);
  }
  moveIntoPlace(place, path);
  return modifiedNs;
}

function mismatch(etag: string, digest: string): IntegrityError | undefined {
  const algorithm = contentAlgorithmOf(etag);
  if (algorithm !== undefined && etag === digest) return undefined;
  const why =
    algorithm === undefined
      ? `its ETag '${etag}' is no hash, so nothing proves it`
      : `${algorithm} ${digest}, not ${etag}`;
  return new IntegrityError("ERR_HF_INTEGRITY", `The content that arrived is not the one that was asked for: ${why}.`, {
    hint: "Nothing of it was kept. Try again; if it stays so, a proxy or mirror changes the files.",
  });
}

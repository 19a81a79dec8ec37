import * as fs from "node:fs";
import { writeFileAtomicSync } from "../core/atomic-write.ts";
import { diskError, DiskError, systemCode } from "../core/errors.ts";
import { readRegularFileSync } from "../core/read-file.ts";
import { isCommit } from "../core/repo.ts";
import { ensureLocalNotes, localEntryPath, localMetadataPath } from "./local-dir.ts";
import type { LocalDir } from "./local-dir.ts";

/** What is noted of a file in a local dir. */
export interface LocalMetadata {
  /** The commit by which it was last asked for. */
  readonly commit: string;
  readonly etag: string;
  /**
   * Nanoseconds since the epoch. Ours is the file's own time of change; Python's is the moment of the note, a little
   * later.
   */
  readonly timestampNs: bigint;
  /** The timestamp is the file's own time of change, so that any other time means another file. */
  readonly exact: boolean;
}

/** The file of an entry as it is on the disk. */
export interface LocalFile {
  /** Bytes. */
  readonly size: number;
  readonly modifiedNs: bigint;
}

/** What a file of the disk is to an entry. */
export type LocalState =
  | "absent"
  /** Another content. */
  | "stale"
  /** The note says that it is the content, and the file was not touched since. */
  | "fresh"
  /** Of the right size, and nothing proves what it holds: its hash will. */
  | "doubtful";

/**
 * Python's notes are later than the file's change by what it took to write them; the clock of a file system ticks by up
 * to some 10 ms. A note that is closer than this does not tell whether the file was changed after it.
 */
const TICK_NS = 20_000_000n;

/** Python's notes have some 130 bytes. */
const NOTE_BYTES = 4096;

/** The note of an entry; undefined where there is none, or one that is none. It is then written anew. */
export function readLocalMetadata(local: LocalDir, entryPath: string): LocalMetadata | undefined {
  let text: string;
  try {
    text = readRegularFileSync(localMetadataPath(local, entryPath), NOTE_BYTES).toString();
  } catch {
    return undefined;
  }
  const [commit, etag, timestamp = ""] = text.split("\n").map((line) => line.trim());
  const timestampNs = parseSeconds(timestamp);
  if (commit === undefined || !isCommit(commit) || etag === undefined || timestampNs === undefined) return undefined;
  // Python prints no more than seven decimals, we always nine.
  return { commit, etag, timestampNs, exact: /\.\d{9}$/.test(timestamp) };
}

/** Writes the note in Python's form, so that readers see the old or the new one. @throws DiskError */
export function writeLocalMetadata(
  local: LocalDir,
  entryPath: string,
  { commit, etag, timestampNs }: Omit<LocalMetadata, "exact">,
): void {
  ensureLocalNotes(local, entryPath);
  writeFileAtomicSync(localMetadataPath(local, entryPath), `${commit}\n${etag}\n${formatSeconds(timestampNs)}\n`, {
    mode: 0o666,
    fsync: false,
    doing: "write the note on a file",
  });
}

/**
 * The file at an entry's path, also where it is a link to one; undefined when there is none.
 * @throws DiskError `ERR_HF_DISK` when something else is there, as a folder
 */
export function statLocalFile(local: LocalDir, entryPath: string): LocalFile | undefined {
  const path = localEntryPath(local, entryPath);
  let stats: fs.BigIntStats | undefined;
  try {
    stats = fs.statSync(path, { bigint: true, throwIfNoEntry: false });
  } catch (error) {
    // A link to itself leads nowhere, and is replaced.
    if (["ELOOP", "ENOTDIR"].includes(systemCode(error) ?? "")) return undefined;
    throw diskError(error, "look for the file", path);
  }
  if (stats === undefined) return undefined;
  if (stats.isFile()) return { size: Number(stats.size), modifiedNs: stats.mtimeNs };
  throw new DiskError("ERR_HF_DISK", `Something that is no file is where a file of the repo goes: ${path}`, {
    hint: "Nothing was written. Move it away, then try again.",
  });
}

/** Compares a file with the content that it should have, by what is noted of it. Pure. */
export function localState(
  file: LocalFile | undefined,
  metadata: LocalMetadata | undefined,
  wanted: { readonly size: number; readonly etag: string | undefined },
): LocalState {
  if (file === undefined) return "absent";
  if (file.size !== wanted.size || wanted.etag === undefined) return "stale";
  if (metadata === undefined) return "doubtful";
  const { timestampNs, exact } = metadata;
  const untouched = file.modifiedNs === timestampNs || (!exact && file.modifiedNs + TICK_NS < timestampNs);
  if (!untouched) return "doubtful";
  return metadata.etag === wanted.etag ? "fresh" : "stale";
}

/** Seconds with any number of decimals, as Python and JavaScript print them; undefined for other text, also `nan`. */
function parseSeconds(text: string): bigint | undefined {
  const [, seconds = "", decimals = ""] = /^(\d{1,12})(?:\.(\d{1,30}))?$/.exec(text) ?? [];
  return seconds === "" ? undefined : BigInt(seconds) * 1_000_000_000n + BigInt(decimals.slice(0, 9).padEnd(9, "0"));
}

function formatSeconds(time: bigint): string {
  const ns = time < 0n ? 0n : time;
  const decimals = (ns % 1_000_000_000n).toString().padStart(9, "0");
  return `${ns / 1_000_000_000n}.${decimals}`;
}

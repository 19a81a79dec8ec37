import type { XetHash } from "./hashes.ts";
import { printHash } from "./hashes.ts";

export const LARGEST_SHARD = 64 * 1024 * 1024;
const RECORD = 48;
const TAG = Buffer.concat([Buffer.from("HFRepoMetaData\0"), Buffer.from("556967456a7b815783a5bdd95ccdd14aa9", "hex")]);
const VERSION = 2n;
const HAS_VERIFICATION = 0x8000_0000;
const HAS_METADATA = 0x4000_0000;

export type ShardSegment = {
  xorb: XetHash;
  size: number;
  start: number;
  /** Exclusive. */
  end: number;
  /** Shows that the uploader knows the chunks. */
  verification: XetHash | undefined;
};
export type ShardFile = { hash: XetHash; segments: ShardSegment[]; sha256: string | undefined };
export type Shard = { files: ShardFile[]; xorbs: { hash: XetHash; chunks: XetHash[] }[] };

/** Reads a shard record by record; a footer is passed over. Returns what is wrong, as text, when it is none. */
export function parseShard(bytes: Buffer): Shard | string {
  try {
    return readShard(bytes);
  } catch (error) {
    if (error instanceof ShardFault) return error.message;
    throw error;
  }
}

class ShardFault extends Error {}

type Cursor = { bytes: Buffer; at: number };

function readShard(bytes: Buffer): Shard {
  const cursor: Cursor = { bytes, at: 0 };
  const header = next(cursor, "header");
  if (!header.subarray(0, 32).equals(TAG)) throw new ShardFault("not a shard");
  if (header.readBigUInt64LE(32) !== VERSION) throw new ShardFault("a version that is not known");
  const files: ShardFile[] = [];
  for (let head = next(cursor, "file"); !isEnd(head); head = next(cursor, "file")) files.push(readFile(cursor, head));
  const xorbs: Shard["xorbs"] = [];
  for (let head = next(cursor, "xorb"); !isEnd(head); head = next(cursor, "xorb")) {
    const count = head.readUInt32LE(36);
    const chunks = many(cursor, count, "chunk").map((record) => hashIn(record));
    xorbs.push({ hash: hashIn(head), chunks });
  }
  return { files, xorbs };
}

function readFile(cursor: Cursor, head: Buffer): ShardFile {
  const flags = head.readUInt32LE(32);
  const count = head.readUInt32LE(36);
  const segments = many(cursor, count, "segment").map((record): ShardSegment => ({
    xorb: hashIn(record),
    size: record.readUInt32LE(36),
    start: record.readUInt32LE(40),
    end: record.readUInt32LE(44),
    verification: undefined,
  }));
  if ((flags & HAS_VERIFICATION) !== 0) {
    many(cursor, count, "verification").forEach((record, index) => {
      const segment = segments[index];
      if (segment) segment.verification = hashIn(record);
    });
  }
  // The form of a printed hash turns the bytes of the digest back.
  const sha256 = (flags & HAS_METADATA) === 0 ? undefined : hashIn(next(cursor, "metadata"));
  return { hash: hashIn(head), segments, sha256 };
}

function hashIn(record: Buffer): XetHash {
  return printHash(record.subarray(0, 32));
}

function isEnd(record: Buffer): boolean {
  return record.subarray(0, 32).every((byte) => byte === 0xff);
}

function many(cursor: Cursor, count: number, what: string): Buffer[] {
  // Before memory is taken for them: a number of four bytes may say four billion.
  if (count * RECORD > cursor.bytes.length - cursor.at) throw new ShardFault(`ends within a ${what}`);
  return Array.from({ length: count }, () => next(cursor, what));
}

function next(cursor: Cursor, what: string): Buffer {
  const record = cursor.bytes.subarray(cursor.at, cursor.at + RECORD);
  if (record.length < RECORD) throw new ShardFault(`ends within a ${what}`);
  cursor.at += RECORD;
  return record;
}

import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Content } from "../content.ts";
import { fileContent } from "../content.ts";
import { isRecord } from "../http.ts";
import type { XetHash } from "./hashes.ts";
import { isXetHash } from "./hashes.ts";
import type { XorbChunk } from "./xorb.ts";
import { decodeChunk } from "./xorb.ts";

/** Chunks `start` to `end` (exclusive) of a xorb, and their bytes of content. */
export type Segment = { xorb: XetHash; start: number; end: number; size: number };
export type XetFile = { hash: XetHash; sha256: string; size: number; segments: Segment[] };
export type StoredXorb = { hash: XetHash; chunks: XorbChunk[]; /** Bytes of all chunks, serialized. */ size: number };

/** Contents in Xet storage, for all repos together: xorbs on disk, and how files are put together of them. */
export interface XetStore {
  xorb(hash: XetHash): StoredXorb | undefined;
  /** The serialized chunks, without a footer. */
  xorbContent(xorb: StoredXorb): Content;
  /** Keeps a xorb that was checked. False when it was there. */
  keepXorb(hash: XetHash, chunks: XorbChunk[], serialized: Uint8Array): boolean;
  file(hash: XetHash): XetFile | undefined;
  fileBySha256(sha256: string): XetFile | undefined;
  keepFile(file: XetFile): boolean;
  /** The file put together again. */
  fileContent(file: XetFile): Content;
}

/**
 * @param folder asked for when something is first kept
 * @param persisted what is on disk counts, also from an earlier start
 */
export function createXetStore(folder: () => string, persisted: boolean): XetStore {
  const xorbs = new Map<XetHash, StoredXorb>();
  const files = new Map<XetHash, XetFile>();
  const bySha256 = new Map<string, XetHash>();
  const path = (kind: "xorbs" | "files" | "sha256", name: string): string => join(folder(), kind, name);
  const keep = (target: string, data: Uint8Array | string): void => {
    mkdirSync(join(target, ".."), { recursive: true });
    writeFileSync(`${target}.part`, data);
    renameSync(`${target}.part`, target);
  };
  const load = (kind: "xorbs" | "files" | "sha256", name: string): unknown => {
    if (!persisted || !isXetHash(name) || !existsSync(`${path(kind, name)}.json`)) return undefined;
    return JSON.parse(readFileSync(`${path(kind, name)}.json`, "utf8"));
  };
  const remembered = <T>(known: Map<string, T>, name: string, read: () => T | undefined): T | undefined => {
    const found = known.get(name) ?? read();
    if (found !== undefined) known.set(name, found);
    return found;
  };

  const store: XetStore = {
    xorb: (hash) => remembered(xorbs, hash, () => readXorb(load("xorbs", hash), hash)),
    xorbContent: ({ hash, size }) => fileContent(path("xorbs", hash), size),
    keepXorb(hash, chunks, serialized) {
      if (store.xorb(hash)) return false;
      const size = chunks.at(-1)?.end ?? 0;
      keep(path("xorbs", hash), serialized.subarray(0, size));
      // The bytes first: a list of chunks without them would be a xorb that cannot be read.
      if (persisted) keep(`${path("xorbs", hash)}.json`, JSON.stringify(chunks));
      xorbs.set(hash, { hash, chunks, size });
      return true;
    },
    file: (hash) => remembered(files, hash, () => readFile(load("files", hash), hash)),
    fileBySha256(sha256) {
      const hash = remembered(bySha256, sha256, () => {
        const value = load("sha256", sha256);
        return typeof value === "string" ? value : undefined;
      });
      return hash === undefined ? undefined : store.file(hash);
    },
    keepFile(file) {
      const isNew = store.file(file.hash) === undefined;
      files.set(file.hash, file);
      bySha256.set(file.sha256, file.hash);
      if (persisted) {
        keep(`${path("files", file.hash)}.json`, JSON.stringify(file));
        keep(`${path("sha256", file.sha256)}.json`, JSON.stringify(file.hash));
      }
      return isNew;
    },
    fileContent: (file) => ({
      size: file.size,
      async *read(start, end) {
        let at = 0;
        for (const segment of file.segments) {
          if (at + segment.size > start && at < end) {
            yield* readSegment(store, path("xorbs", segment.xorb), segment, start - at, end - at);
          }
          at += segment.size;
        }
      },
    }),
  };
  return store;
}

/** Bytes `from` to `to` of a segment; both may lie outside of it. */
function* readSegment(store: XetStore, path: string, segment: Segment, from: number, to: number): Generator<Buffer> {
  const chunks = store.xorb(segment.xorb)?.chunks ?? [];
  const file = openSync(path, "r");
  try {
    let at = 0;
    for (let index = segment.start; index < segment.end; index++) {
      const { size, end } = chunks[index] ?? { size: 0, end: 0 };
      if (at + size > from && at < to) {
        const start = index === 0 ? 0 : (chunks[index - 1]?.end ?? 0);
        const serialized = Buffer.alloc(end - start);
        readSync(file, serialized, 0, serialized.length, start);
        const bytes = decodeChunk(serialized);
        if (!bytes) throw new Error(`xorb ${segment.xorb}: chunk ${index} cannot be decoded`);
        yield bytes.subarray(Math.max(0, from - at), Math.min(size, to - at));
      }
      at += size;
    }
  } finally {
    closeSync(file);
  }
}

/** Our own writing, looked at as far as wrong files would be noticed late. */
function readXorb(value: unknown, hash: XetHash): StoredXorb | undefined {
  if (!Array.isArray(value) || !value.every((chunk) => isRecord(chunk) && typeof chunk["end"] === "number")) {
    return undefined;
  }
  const chunks = value as XorbChunk[];
  return { hash, chunks, size: chunks.at(-1)?.end ?? 0 };
}

function readFile(value: unknown, hash: XetHash): XetFile | undefined {
  if (!isRecord(value) || value["hash"] !== hash || !Array.isArray(value["segments"])) return undefined;
  return value as XetFile;
}

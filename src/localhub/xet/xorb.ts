import type { XetHash } from "./hashes.ts";
import { chunkHash, treeRoot } from "./hashes.ts";
import { groupBytes, lz4Frame, ungroupBytes, unframeLz4 } from "./lz4.ts";

export const LARGEST_XORB = 64 * 1024 * 1024;
export const MOST_CHUNKS = 8192;
const HEADER = 8;

export type Scheme = "none" | "lz4" | "grouped-lz4";
const SCHEMES: readonly Scheme[] = ["none", "lz4", "grouped-lz4"];

/** One chunk of a xorb: `end` is where its serialized form ends, its header included. */
export type XorbChunk = { hash: XetHash; size: number; end: number };

/** Header and payload of one chunk; stored as it is where compressing does not shrink it. */
export function encodeChunk(chunk: Uint8Array, wanted: Scheme): Buffer {
  const packed = pack(chunk, wanted);
  const scheme = packed.length < chunk.length ? wanted : "none";
  const payload = scheme === "none" ? chunk : packed;
  const head = Buffer.alloc(HEADER);
  head.writeUIntLE(payload.length, 1, 3);
  head[4] = SCHEMES.indexOf(scheme);
  head.writeUIntLE(chunk.length, 5, 3);
  return Buffer.concat([head, payload]);
}

function pack(chunk: Uint8Array, scheme: Scheme): Uint8Array {
  if (scheme === "none") return chunk;
  return lz4Frame(scheme === "lz4" ? chunk : groupBytes(chunk));
}

/** The scheme that makes this chunk smallest. */
export function bestScheme(chunk: Uint8Array): Scheme {
  const sizes = SCHEMES.map((scheme) => pack(chunk, scheme).length);
  return SCHEMES[sizes.indexOf(Math.min(...sizes))] ?? "none";
}

/** The content of one serialized chunk; undefined when it is damaged. */
export function decodeChunk(serialized: Uint8Array): Buffer | undefined {
  const head = readHeader(serialized, 0);
  if (!head || head.end !== serialized.length) return undefined;
  const payload = serialized.subarray(HEADER);
  if (head.scheme === "none") return payload.length === head.size ? Buffer.from(payload) : undefined;
  const bytes = unframeLz4(payload, head.size);
  return bytes && head.scheme === "grouped-lz4" ? ungroupBytes(bytes) : bytes;
}

function readHeader(bytes: Uint8Array, at: number): { scheme: Scheme; size: number; end: number } | undefined {
  if (at + HEADER > bytes.length || bytes[at] !== 0) return undefined;
  const number = (from: number): number =>
    (bytes[from] ?? 0) | ((bytes[from + 1] ?? 0) << 8) | ((bytes[from + 2] ?? 0) << 16);
  const scheme = SCHEMES[bytes[at + 4] ?? 0xff];
  const size = number(at + 5);
  const end = at + HEADER + number(at + 1);
  return scheme !== undefined && size > 0 && end <= bytes.length ? { scheme, size, end } : undefined;
}

export type ParsedXorb = { hash: XetHash; chunks: XorbChunk[] };

/**
 * Reads a serialized xorb to its end or its footer, decodes and hashes every chunk. The size of chunks is the
 * uploader's choice: clients in use do not agree on the smallest one.
 * @returns what is wrong, as text, when it is none
 */
export function parseXorb(bytes: Uint8Array): ParsedXorb | string {
  const chunks: XorbChunk[] = [];
  for (let at = 0; at < bytes.length && !isFooter(bytes, at);) {
    if (chunks.length >= MOST_CHUNKS) return `more than ${MOST_CHUNKS} chunks`;
    const head = readHeader(bytes, at);
    if (!head) return `chunk ${chunks.length} has no valid header`;
    const chunk = decodeChunk(bytes.subarray(at, head.end));
    if (!chunk) return `chunk ${chunks.length} cannot be decoded`;
    chunks.push({ hash: chunkHash(chunk), size: chunk.length, end: head.end });
    at = head.end;
  }
  return chunks.length === 0 ? "no chunks" : { hash: treeRoot(chunks), chunks };
}

function isFooter(bytes: Uint8Array, at: number): boolean {
  return Buffer.from("XETBLOB").equals(bytes.subarray(at, at + 7));
}

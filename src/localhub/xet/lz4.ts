/**
 * LZ4 in its frame format (versions 1.6 of both public descriptions), for chunks of at most a few hundred kilobytes.
 * Written for being right and readable: the emulator is not measured by it.
 */

const MAGIC = 0x184d2204;
/** Version 1, blocks that stand alone, no checksums; blocks of at most 64 KiB. */
const FLAGS = 0x60;
const DESCRIPTOR = 0x40;
const BLOCK = 65_536;
const MIN_MATCH = 4;
/** A block ends in this many literals at least, and no match begins in its last twelve bytes. */
const LAST_LITERALS = 5;
const MATCH_LIMIT = 12;

export function lz4Frame(bytes: Uint8Array): Buffer {
  const head = Buffer.alloc(7);
  head.writeUInt32LE(MAGIC, 0);
  head[4] = FLAGS;
  head[5] = DESCRIPTOR;
  head[6] = (xxh32(head.subarray(4, 6)) >>> 8) & 0xff;
  const parts: Buffer[] = [head];
  for (let at = 0; at < bytes.length; at += BLOCK) {
    const raw = bytes.subarray(at, at + BLOCK);
    const packed = compressBlock(raw);
    const size = Buffer.alloc(4);
    if (packed.length < raw.length) size.writeUInt32LE(packed.length, 0);
    else size.writeUInt32LE((raw.length | 0x80000000) >>> 0, 0);
    parts.push(size, packed.length < raw.length ? packed : Buffer.from(raw));
  }
  parts.push(Buffer.alloc(4));
  return Buffer.concat(parts);
}

function compressBlock(source: Uint8Array): Buffer {
  const out = Buffer.alloc(source.length + Math.ceil(source.length / 255) + 16);
  const view = new DataView(source.buffer, source.byteOffset, source.byteLength);
  const table = new Int32Array(4096).fill(-1);
  let to = 0;
  let literals = 0;
  const writeLength = (rest: number): void => {
    let left = rest;
    for (; left >= 255; left -= 255) out[to++] = 255;
    out[to++] = left;
  };
  const writeLiterals = (end: number, matchCode: number): void => {
    const count = end - literals;
    out[to++] = (Math.min(count, 15) << 4) | matchCode;
    if (count >= 15) writeLength(count - 15);
    out.set(source.subarray(literals, end), to);
    to += count;
  };
  for (let at = 0; at < source.length - MATCH_LIMIT;) {
    const word = view.getUint32(at, true);
    const slot = Math.imul(word, 0x9e3779b1) >>> 20;
    const before = table[slot] as number;
    table[slot] = at;
    if (before < 0 || view.getUint32(before, true) !== word) {
      at += 1 + ((at - literals) >> 6);
      continue;
    }
    let length = MIN_MATCH;
    const most = source.length - LAST_LITERALS - at;
    while (length < most && source[before + length] === source[at + length]) length++;
    const code = length - MIN_MATCH;
    writeLiterals(at, Math.min(code, 15));
    out.writeUInt16LE(at - before, to);
    to += 2;
    if (code >= 15) writeLength(code - 15);
    at += length;
    literals = at;
  }
  writeLiterals(source.length, 0);
  return out.subarray(0, to);
}

/**
 * The bytes of a frame, with blocks that stand alone or refer back; undefined when it is not one, or holds anything but
 * exactly `size` bytes. Checksums are passed over: hashes prove more.
 */
export function unframeLz4(frame: Uint8Array, size: number): Buffer | undefined {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (frame.length < 11 || view.getUint32(0, true) !== MAGIC) return undefined;
  const flags = frame[4] ?? 0;
  // Another version, a reserved bit, or a dictionary that nobody has.
  if (flags >> 6 !== 1 || (flags & 0x03) !== 0) return undefined;
  const alone = (flags & 0x20) !== 0;
  const blockSums = (flags & 0x10) !== 0;
  const contentSum = (flags & 0x04) === 0 ? 0 : 4;
  let at = 6 + ((flags & 0x08) === 0 ? 0 : 8) + 1;
  const out = Buffer.alloc(size);
  let to = 0;
  for (;;) {
    if (at + 4 > frame.length) return undefined;
    const head = view.getUint32(at, true);
    at += 4;
    if (head === 0) break;
    const length = head & 0x7fffffff;
    const end = at + length;
    if (end > frame.length) return undefined;
    const block = frame.subarray(at, end);
    if (head >>> 31 === 1) {
      if (to + length > size) return undefined;
      out.set(block, to);
      to += length;
    } else {
      const after = decompressBlock(block, out, to, alone ? to : 0);
      if (after === undefined) return undefined;
      to = after;
    }
    at = end + (blockSums ? 4 : 0);
  }
  return to === size && at + contentSum === frame.length ? out : undefined;
}

/** Writes at `start` and returns where it ended. Matches reach back to `oldest`. */
function decompressBlock(block: Uint8Array, out: Buffer, start: number, oldest: number): number | undefined {
  let at = 0;
  let to = start;
  const readLength = (code: number): number => {
    let length = code;
    if (code < 15) return length;
    for (;;) {
      const byte = block[at++];
      if (byte === undefined) return Infinity;
      length += byte;
      if (byte < 255) return length;
    }
  };
  for (;;) {
    const token = block[at++];
    if (token === undefined) return undefined;
    const count = readLength(token >> 4);
    if (at + count > block.length || to + count > out.length) return undefined;
    out.set(block.subarray(at, at + count), to);
    at += count;
    to += count;
    if (at === block.length) return to;
    if (at + 2 > block.length) return undefined;
    const distance = (block[at] ?? 0) | ((block[at + 1] ?? 0) << 8);
    at += 2;
    const length = readLength(token & 15) + MIN_MATCH;
    if (distance === 0 || to - distance < oldest || to + length > out.length) return undefined;
    for (const end = to + length; to < end; to++) out[to] = out[to - distance] ?? 0;
  }
}

/** XXH32 without a seed, for inputs below 16 bytes: the two bytes of a frame's descriptor. */
function xxh32(bytes: Uint8Array): number {
  let hash = (0x165667b1 + bytes.length) >>> 0;
  for (const byte of bytes) {
    hash = (hash + Math.imul(byte, 0x165667b1)) | 0;
    hash = Math.imul((hash << 11) | (hash >>> 21), 0x9e3779b1);
  }
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca77);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae3d);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Numbers of four bytes taken apart: all first bytes, then all second ones, and so on. They compress better so. */
export function groupBytes(bytes: Uint8Array): Buffer {
  const out = Buffer.alloc(bytes.length);
  let to = 0;
  for (let plane = 0; plane < 4; plane++) {
    for (let at = plane; at < bytes.length; at += 4) out[to++] = bytes[at] ?? 0;
  }
  return out;
}

export function ungroupBytes(bytes: Uint8Array): Buffer {
  const out = Buffer.alloc(bytes.length);
  let from = 0;
  for (let plane = 0; plane < 4; plane++) {
    for (let at = plane; at < bytes.length; at += 4) out[at] = bytes[from++] ?? 0;
  }
  return out;
}

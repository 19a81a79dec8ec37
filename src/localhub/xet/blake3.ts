/**
 * BLAKE3 with a key and 32 bytes of output, for bytes that are in memory: all that Xet's hashes need. Written after
 * the public specification (BLAKE3, O'Connor and others, 2020, sections 2.2 to 2.6).
 */

const IV = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a];
const CHUNK = 1024;
const BLOCK = 64;
const CHUNK_START = 1;
const CHUNK_END = 2;
const PARENT = 4;
const ROOT = 8;
const KEYED = 16;

/** Order of the message words in each of the seven rounds. */
const SCHEDULE = makeSchedule();

function makeSchedule(): Uint8Array {
  const step = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8];
  const all = new Uint8Array(7 * 16);
  let round = Array.from({ length: 16 }, (_, index) => index);
  for (let at = 0; at < 7; at++) {
    all.set(round, at * 16);
    const before = round;
    round = step.map((from) => before[from] ?? 0);
  }
  return all;
}

/** @param key 32 bytes */
export function keyedBlake3(key: Uint8Array, bytes: Uint8Array): Buffer {
  const words = new Int32Array(8);
  const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
  for (let at = 0; at < 8; at++) words[at] = view.getInt32(at * 4, true);
  const root = new Int32Array(8);
  subtree(words, bytes, 0, bytes.length, ROOT, root);
  const out = Buffer.alloc(32);
  for (let at = 0; at < 8; at++) out.writeInt32LE(root[at] ?? 0, at * 4);
  return out;
}

const message = new Int32Array(16);

/** Chaining value of `bytes[start, end)`, whose first chunk has number `start / 1024`. */
function subtree(
  key: Int32Array,
  bytes: Uint8Array,
  start: number,
  end: number,
  root: typeof ROOT | 0,
  out: Int32Array,
): void {
  if (end - start <= CHUNK) {
    chunk(key, bytes, start, end, root, out);
    return;
  }
  // The left part is as many chunks as the largest power of two that leaves something for the right.
  let left = CHUNK;
  while (left * 2 < end - start) left *= 2;
  const one = new Int32Array(8);
  const two = new Int32Array(8);
  subtree(key, bytes, start, start + left, 0, one);
  subtree(key, bytes, start + left, end, 0, two);
  message.set(one, 0);
  message.set(two, 8);
  out.set(key);
  compress(out, 0, BLOCK, KEYED | PARENT | root);
}

function chunk(
  key: Int32Array,
  bytes: Uint8Array,
  start: number,
  end: number,
  root: typeof ROOT | 0,
  out: Int32Array,
): void {
  out.set(key);
  let at = start;
  do {
    const length = Math.min(BLOCK, end - at);
    loadBlock(bytes, at, length);
    const isLast = at + BLOCK >= end;
    compress(
      out,
      Math.floor(start / CHUNK),
      length,
      KEYED | (at === start ? CHUNK_START : 0) | (isLast ? CHUNK_END | root : 0),
    );
    at += BLOCK;
  } while (at < end);
}

function loadBlock(bytes: Uint8Array, at: number, length: number): void {
  if (length === BLOCK) {
    for (let word = 0, from = at; word < 16; word++, from += 4) {
      message[word] =
        byte(bytes, from) |
        (byte(bytes, from + 1) << 8) |
        (byte(bytes, from + 2) << 16) |
        (byte(bytes, from + 3) << 24);
    }
    return;
  }
  message.fill(0);
  for (let index = 0; index < length; index++) {
    message[index >> 2] = (message[index >> 2] ?? 0) | (byte(bytes, at + index) << ((index & 3) * 8));
  }
}

function byte(bytes: Uint8Array, at: number): number {
  return bytes[at] as number;
}

/** One block into the chaining value `cv`, in place. Sixteen local words: an array here takes three times the time. */
function compress(cv: Int32Array, counter: number, length: number, flags: number): void {
  const m = message;
  const order = SCHEDULE;
  let a0 = cv[0] as number;
  let a1 = cv[1] as number;
  let a2 = cv[2] as number;
  let a3 = cv[3] as number;
  let b0 = cv[4] as number;
  let b1 = cv[5] as number;
  let b2 = cv[6] as number;
  let b3 = cv[7] as number;
  let c0 = IV[0] as number;
  let c1 = IV[1] as number;
  let c2 = IV[2] as number;
  let c3 = IV[3] as number;
  let d0 = counter | 0;
  let d1 = Math.floor(counter / 2 ** 32) | 0;
  let d2 = length;
  let d3 = flags;
  for (let at = 0; at < 112; at += 16) {
    // Columns.
    a0 = (a0 + b0 + (m[order[at] as number] as number)) | 0;
    d0 ^= a0;
    d0 = (d0 >>> 16) | (d0 << 16);
    c0 = (c0 + d0) | 0;
    b0 ^= c0;
    b0 = (b0 >>> 12) | (b0 << 20);
    a0 = (a0 + b0 + (m[order[at + 1] as number] as number)) | 0;
    d0 ^= a0;
    d0 = (d0 >>> 8) | (d0 << 24);
    c0 = (c0 + d0) | 0;
    b0 ^= c0;
    b0 = (b0 >>> 7) | (b0 << 25);

    a1 = (a1 + b1 + (m[order[at + 2] as number] as number)) | 0;
    d1 ^= a1;
    d1 = (d1 >>> 16) | (d1 << 16);
    c1 = (c1 + d1) | 0;
    b1 ^= c1;
    b1 = (b1 >>> 12) | (b1 << 20);
    a1 = (a1 + b1 + (m[order[at + 3] as number] as number)) | 0;
    d1 ^= a1;
    d1 = (d1 >>> 8) | (d1 << 24);
    c1 = (c1 + d1) | 0;
    b1 ^= c1;
    b1 = (b1 >>> 7) | (b1 << 25);

    a2 = (a2 + b2 + (m[order[at + 4] as number] as number)) | 0;
    d2 ^= a2;
    d2 = (d2 >>> 16) | (d2 << 16);
    c2 = (c2 + d2) | 0;
    b2 ^= c2;
    b2 = (b2 >>> 12) | (b2 << 20);
    a2 = (a2 + b2 + (m[order[at + 5] as number] as number)) | 0;
    d2 ^= a2;
    d2 = (d2 >>> 8) | (d2 << 24);
    c2 = (c2 + d2) | 0;
    b2 ^= c2;
    b2 = (b2 >>> 7) | (b2 << 25);

    a3 = (a3 + b3 + (m[order[at + 6] as number] as number)) | 0;
    d3 ^= a3;
    d3 = (d3 >>> 16) | (d3 << 16);
    c3 = (c3 + d3) | 0;
    b3 ^= c3;
    b3 = (b3 >>> 12) | (b3 << 20);
    a3 = (a3 + b3 + (m[order[at + 7] as number] as number)) | 0;
    d3 ^= a3;
    d3 = (d3 >>> 8) | (d3 << 24);
    c3 = (c3 + d3) | 0;
    b3 ^= c3;
    b3 = (b3 >>> 7) | (b3 << 25);

    // Diagonals.
    a0 = (a0 + b1 + (m[order[at + 8] as number] as number)) | 0;
    d3 ^= a0;
    d3 = (d3 >>> 16) | (d3 << 16);
    c2 = (c2 + d3) | 0;
    b1 ^= c2;
    b1 = (b1 >>> 12) | (b1 << 20);
    a0 = (a0 + b1 + (m[order[at + 9] as number] as number)) | 0;
    d3 ^= a0;
    d3 = (d3 >>> 8) | (d3 << 24);
    c2 = (c2 + d3) | 0;
    b1 ^= c2;
    b1 = (b1 >>> 7) | (b1 << 25);

    a1 = (a1 + b2 + (m[order[at + 10] as number] as number)) | 0;
    d0 ^= a1;
    d0 = (d0 >>> 16) | (d0 << 16);
    c3 = (c3 + d0) | 0;
    b2 ^= c3;
    b2 = (b2 >>> 12) | (b2 << 20);
    a1 = (a1 + b2 + (m[order[at + 11] as number] as number)) | 0;
    d0 ^= a1;
    d0 = (d0 >>> 8) | (d0 << 24);
    c3 = (c3 + d0) | 0;
    b2 ^= c3;
    b2 = (b2 >>> 7) | (b2 << 25);

    a2 = (a2 + b3 + (m[order[at + 12] as number] as number)) | 0;
    d1 ^= a2;
    d1 = (d1 >>> 16) | (d1 << 16);
    c0 = (c0 + d1) | 0;
    b3 ^= c0;
    b3 = (b3 >>> 12) | (b3 << 20);
    a2 = (a2 + b3 + (m[order[at + 13] as number] as number)) | 0;
    d1 ^= a2;
    d1 = (d1 >>> 8) | (d1 << 24);
    c0 = (c0 + d1) | 0;
    b3 ^= c0;
    b3 = (b3 >>> 7) | (b3 << 25);

    a3 = (a3 + b0 + (m[order[at + 14] as number] as number)) | 0;
    d2 ^= a3;
    d2 = (d2 >>> 16) | (d2 << 16);
    c1 = (c1 + d2) | 0;
    b0 ^= c1;
    b0 = (b0 >>> 12) | (b0 << 20);
    a3 = (a3 + b0 + (m[order[at + 15] as number] as number)) | 0;
    d2 ^= a3;
    d2 = (d2 >>> 8) | (d2 << 24);
    c1 = (c1 + d2) | 0;
    b0 ^= c1;
    b0 = (b0 >>> 7) | (b0 << 25);
  }
  cv[0] = a0 ^ c0;
  cv[1] = a1 ^ c1;
  cv[2] = a2 ^ c2;
  cv[3] = a3 ^ c3;
  cv[4] = b0 ^ d0;
  cv[5] = b1 ^ d1;
  cv[6] = b2 ^ d2;
  cv[7] = b3 ^ d3;
}

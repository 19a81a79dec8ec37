// The inner loops of decoding Xet chunks, for WebAssembly with SIMD. Written in AssemblyScript, a subset of TypeScript;
// it has no runtime, allocates nothing and trusts nothing: every length and distance is checked before it is used.

const MAGIC: u32 = 0x184d2204;
const MIN_MATCH: u32 = 4;

/** For distances below 16: which byte of a short pattern stands at each of 16 places. */
const PATTERNS: usize = memory.data<u8>([
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 1, 0,
  1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1,
  2, 3, 0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 0, 1, 2, 3, 4,
  5, 6, 0, 1, 2, 3, 4, 5, 6, 0, 1, 0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 2,
  3, 4, 5, 6, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0, 1, 2, 3, 4, 0, 1, 2,
  3, 4, 5, 6, 7, 8, 9, 10, 11, 0, 1, 2, 3, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0, 1, 2, 0, 1, 2, 3, 4, 5, 6, 7, 8,
  9, 10, 11, 12, 13, 0, 1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0,
]);

/**
 * Decodes one LZ4 frame, `length` bytes at `source`, into exactly `size` bytes at `target`. 1 when it is that, else 0.
 * Behind both there must be 32 bytes that nobody needs: what is behind the target may change.
 */
export function unframe(source: usize, length: u32, target: usize, size: u32): u32 {
  if (length < 11 || load<u32>(source) !== MAGIC) return 0;
  const flags = <u32>load<u8>(source + 4);
  // Another version, a reserved bit, or a dictionary that nobody has.
  if (flags >> 6 !== 1 || (flags & 3) !== 0) return 0;
  const alone = (flags & 0x20) !== 0;
  const blockSum: u32 = (flags & 0x10) !== 0 ? 4 : 0;
  const contentSum: u32 = (flags & 0x04) !== 0 ? 4 : 0;
  let at: u32 = (flags & 0x08) !== 0 ? 15 : 7;
  let to: u32 = 0;
  while (true) {
    if (length < 4 || at > length - 4) return 0;
    const head = load<u32>(source + at);
    at += 4;
    if (head === 0) break;
    const count = head & 0x7fffffff;
    if (count > length - at) return 0;
    if (head >> 31 !== 0) {
      if (count > size - to) return 0;
      memory.copy(target + to, source + at, count);
      to += count;
    } else {
      const end = block(source + at, count, target, to, size, alone ? to : 0);
      if (end === u32.MAX_VALUE) return 0;
      to = end;
    }
    at += count;
    if (blockSum > length - at) return 0;
    at += blockSum;
  }
  return at + contentSum === length && to === size ? 1 : 0;
}

/** One block at `source` into `target + start`; matches reach back to `target + oldest`. Where it ended; all ones: no. */
function block(source: usize, length: u32, target: usize, start: u32, size: u32, oldest: u32): u32 {
  let at: u32 = 0;
  let to = start;
  while (at < length) {
    const token = <u32>load<u8>(source + at++);
    let count = token >> 4;
    if (count === 15) {
      let byte: u32;
      do {
        if (at >= length) return u32.MAX_VALUE;
        byte = load<u8>(source + at++);
        count += byte;
      } while (byte === 255);
    }
    if (count > length - at || count > size - to) return u32.MAX_VALUE;
    copy16(target + to, source + at, count);
    at += count;
    to += count;
    if (at === length) return to;
    if (length - at < 2) return u32.MAX_VALUE;
    const distance = <u32>load<u16>(source + at);
    at += 2;
    count = (token & 15) + MIN_MATCH;
    if (count === 15 + MIN_MATCH) {
      let byte: u32;
      do {
        if (at >= length) return u32.MAX_VALUE;
        byte = load<u8>(source + at++);
        count += byte;
      } while (byte === 255);
    }
    if (distance === 0 || distance > to - oldest || count > size - to) return u32.MAX_VALUE;
    const here = target + to;
    if (distance >= 16) copy16(here, here - distance, count);
    else repeat(here, distance, count);
    to += count;
  }
  // A block ends in literals; one that is empty, or ends in a match, is none.
  return u32.MAX_VALUE;
}

/** In steps of 16 bytes: up to 15 behind the target's end are written over. */
function copy16(target: usize, source: usize, count: u32): void {
  const end = target + count;
  while (target < end) {
    v128.store(target, v128.load(source));
    target += 16;
    source += 16;
  }
}

/** A match nearer than 16 bytes: its bytes come again and again. */
function repeat(target: usize, distance: u32, count: u32): void {
  const pattern = v128.swizzle(v128.load(target - distance), v128.load(PATTERNS + (distance << 4)));
  const step = 16 - (16 % distance);
  const end = target + count;
  while (target < end) {
    v128.store(target, pattern);
    target += step;
  }
}

/** Puts numbers of four bytes together that were taken apart by bytes. Behind both: 64 bytes that nobody needs. */
export function ungroup(source: usize, target: usize, size: u32): void {
  const quarter = size >> 2;
  const rest = size & 3;
  let a = source;
  let b = a + quarter + (rest > 0 ? 1 : 0);
  let c = b + quarter + (rest > 1 ? 1 : 0);
  let d = c + quarter + (rest > 2 ? 1 : 0);
  const last = target + size;
  const end = target + (quarter << 2);
  while (target + 64 <= end) {
    const av = v128.load(a);
    const bv = v128.load(b);
    const cv = v128.load(c);
    const dv = v128.load(d);
    const ab0 = v128.shuffle<u8>(av, bv, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    const ab1 = v128.shuffle<u8>(av, bv, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    const cd0 = v128.shuffle<u8>(cv, dv, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    const cd1 = v128.shuffle<u8>(cv, dv, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    v128.store(target, v128.shuffle<u16>(ab0, cd0, 0, 8, 1, 9, 2, 10, 3, 11));
    v128.store(target + 16, v128.shuffle<u16>(ab0, cd0, 4, 12, 5, 13, 6, 14, 7, 15));
    v128.store(target + 32, v128.shuffle<u16>(ab1, cd1, 0, 8, 1, 9, 2, 10, 3, 11));
    v128.store(target + 48, v128.shuffle<u16>(ab1, cd1, 4, 12, 5, 13, 6, 14, 7, 15));
    a += 16;
    b += 16;
    c += 16;
    d += 16;
    target += 64;
  }
  while (target < last) {
    store<u8>(target, load<u8>(a++));
    if (target + 1 < last) store<u8>(target + 1, load<u8>(b++));
    if (target + 2 < last) store<u8>(target + 2, load<u8>(c++));
    if (target + 3 < last) store<u8>(target + 3, load<u8>(d++));
    target += 4;
  }
}

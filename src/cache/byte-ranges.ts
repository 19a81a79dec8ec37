/** Bytes of a content: the first one, and the one behind the last. */
export type ByteRange = readonly [start: number, end: number];

/** What is there of a content whose parts come in any order. */
export interface ByteRanges {
  /** Bytes that are there without a gap from the first one on. */
  readonly at: number;
  /** Bytes that are there in all. */
  readonly bytes: number;
  /** The parts, in order; none touches the next. */
  readonly list: readonly ByteRange[];
  /** `start` to `end` (exclusive) is there. */
  add(start: number, end: number): void;
}

/** @param there what is there to begin with. @default nothing */
export function createByteRanges(there: readonly ByteRange[] = []): ByteRanges {
  /** Few: one for each connection, and where parts of a file are equal. Most bytes come behind the last ones. */
  const parts: [number, number][] = [];
  let bytes = 0;
  const ranges: ByteRanges = {
    get at() {
      const [first] = parts;
      return first?.[0] === 0 ? first[1] : 0;
    },
    get bytes() {
      return bytes;
    },
    get list() {
      return parts.map(([start, end]): ByteRange => [start, end]);
    },
    add(start, end) {
      if (start >= end) return;
      let first = 0;
      while (first < parts.length && (parts[first]?.[1] ?? 0) < start) first++;
      let after = first;
      let [from, to] = [start, end];
      for (; after < parts.length; after++) {
        const part = parts[after];
        if (part === undefined || part[0] > end) break;
        from = Math.min(from, part[0]);
        to = Math.max(to, part[1]);
        bytes -= part[1] - part[0];
      }
      parts.splice(first, after - first, [from, to]);
      bytes += to - from;
    },
  };
  for (const [start, end] of there) ranges.add(start, end);
  return ranges;
}

/** What of a content of `size` bytes is not there. @param there in order, without overlaps */
export function holesIn(there: readonly ByteRange[], size: number): ByteRange[] {
  const holes: ByteRange[] = [];
  let at = 0;
  for (const [start, end] of there) {
    if (at < start) holes.push([at, start]);
    at = end;
  }
  if (at < size) holes.push([at, size]);
  return holes;
}

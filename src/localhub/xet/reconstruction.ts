import type { XetHash } from "./hashes.ts";
import type { Segment, StoredXorb, XetFile, XetStore } from "./store.ts";

type Range = { start: number; /** Exclusive. */ end: number };
/** Chunks of a xorb, and where they are in it. */
export type Fetch = { chunks: Range; bytes: { start: number; /** Inclusive. */ end: number } };
export type Reconstruction = {
  /** Bytes of the first term that come before the range that was asked for. */
  offset: number;
  terms: Segment[];
  fetches: Map<XetHash, Fetch[]>;
};

/** How to put bytes `start` to `end` of a file together: whole chunks, and what of which xorb has them. */
export function reconstruct(store: XetStore, file: XetFile, start: number, end: number): Reconstruction {
  const terms: Segment[] = [];
  let offset = 0;
  let at = 0;
  for (const segment of file.segments) {
    const clipped = clip(store.xorb(segment.xorb), segment, start - at, end - at);
    if (clipped) {
      if (terms.length === 0) offset = start - at - clipped.skipped;
      terms.push(clipped.term);
    }
    at += segment.size;
  }
  const fetches = new Map<XetHash, Fetch[]>();
  for (const hash of new Set(terms.map(({ xorb }) => xorb))) {
    const xorb = store.xorb(hash);
    const ranges = merged(terms.filter((term) => term.xorb === hash));
    fetches.set(
      hash,
      ranges.map((chunks) => ({ chunks, bytes: bytesOf(xorb, chunks) })),
    );
  }
  return { offset, terms, fetches };
}

/** The part of a segment whose chunks have bytes between `from` and `to`; `skipped`: bytes of the chunks before it. */
function clip(
  xorb: StoredXorb | undefined,
  segment: Segment,
  from: number,
  to: number,
): { term: Segment; skipped: number } | undefined {
  let at = 0;
  let skipped = 0;
  let term: Segment | undefined;
  for (let index = segment.start; index < segment.end; index++) {
    const size = xorb?.chunks[index]?.size ?? 0;
    if (at + size > from && at < to) {
      term ??= { xorb: segment.xorb, start: index, end: index, size: 0 };
      term.end = index + 1;
      term.size += size;
    } else if (!term) skipped = at + size;
    at += size;
  }
  return term && { term, skipped };
}

/** Ranges that overlap or touch are one request. */
function merged(ranges: readonly Range[]): Range[] {
  const sorted = ranges.toSorted((a, b) => a.start - b.start);
  const all: Range[] = [];
  for (const { start, end } of sorted) {
    const last = all.at(-1);
    if (last && start <= last.end) last.end = Math.max(last.end, end);
    else all.push({ start, end });
  }
  return all;
}

function bytesOf(xorb: StoredXorb | undefined, { start, end }: Range): Fetch["bytes"] {
  return { start: start === 0 ? 0 : (xorb?.chunks[start - 1]?.end ?? 0), end: (xorb?.chunks[end - 1]?.end ?? 0) - 1 };
}

import { carriesTokens } from "../../core/credential.ts";
import { NetworkError } from "../../core/errors.ts";
import type { ChunkRange } from "./chunk-decoder.ts";
import { MOST_CONTENT } from "./kernel.ts";

/** Bytes of the file: `start` to `end`, exclusive. */
export interface FileRange {
  readonly start: number;
  readonly end: number;
}

/** Where content of a xorb range belongs in the file. */
export interface Use extends ChunkRange {
  /** First byte in the file. May lie before the range of the file that was asked for: chunks are told whole. */
  readonly at: number;
  /** Bytes of content that the chunks must have together. */
  readonly size: number;
}

/** One request to the storage: some chunks of a xorb, and all that is made of them. */
export interface XorbRange {
  readonly xorb: string;
  readonly url: URL;
  /** Bytes of the serialized xorb; the last one too. */
  readonly first: number;
  readonly last: number;
  readonly chunks: ChunkRange;
  /** In order of the file. */
  readonly uses: readonly Use[];
  /** The part of the file that the plan was made for. */
  readonly window: FileRange;
}

/** Limits of the format: chunks and bytes of a xorb. */
const MOST_CHUNKS = 8192;
const MOST_BYTES = 64 * 1024 * 1024 + MOST_CHUNKS * 8;
/** Twice what a part of a file can need: its smallest chunks have 8 KiB. Each is looked up among the ranges of a xorb. */
const MOST_TERMS = 65_536;

/**
 * Narrows an answer about how to put a part of a file together, of either version. Nothing in it is believed: what
 * does not add up to exactly the part that was asked for is refused before a byte is fetched.
 * @param cas where the answer came from: only from loopback may it lead to loopback
 * @throws NetworkError `ERR_HF_BAD_ANSWER`
 */
export function readReconstruction(value: unknown, window: FileRange, cas: URL): XorbRange[] {
  const { offset_into_first_range: offset, terms, xorbs, fetch_info: info } = fields(value);
  if (!Array.isArray(terms) || terms.length === 0 || terms.length > MOST_TERMS) throw bad("no terms, or too many");
  const sources = readSources(xorbs ?? info, cas);
  if (!isCount(offset)) throw bad("no offset");
  const made = new Map<Source, { readonly xorb: string; readonly uses: Use[] }>();
  let at = window.start - offset;
  for (const [number, term] of terms.entries()) {
    const { hash, unpacked_length: size, range } = fields(term);
    const chunks = readRange(range);
    if (typeof hash !== "string" || !isCount(size) || size === 0 || size > (chunks.end - chunks.start) * MOST_CONTENT) {
      throw bad("a term without a size");
    }
    if (at >= window.end || at + size <= window.start) throw bad("a term outside of the part that was asked for");
    if (number === 0 && offset >= size) throw bad("an offset behind the first term");
    const source = sources.get(hash)?.find((one) => one.chunks.start <= chunks.start && chunks.end <= one.chunks.end);
    if (source === undefined) throw bad("a term whose xorb is not told");
    const known = made.get(source) ?? { xorb: hash, uses: [] };
    made.set(source, known);
    known.uses.push({ ...chunks, at, size });
    at += size;
  }
  if (at < window.end) throw bad("less than was asked for");
  const ranges = [...made].map(([{ url, first, last, chunks }, rest]) => ({
    url,
    first,
    last,
    chunks,
    window,
    ...rest,
  }));
  // More than its content can need: a peer that makes us fetch without end.
  const bytes = ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  if (bytes > (window.end - window.start) * 2 + MOST_BYTES) throw bad("far more bytes than the file has");
  return ranges;
}

interface Source {
  readonly url: URL;
  readonly first: number;
  readonly last: number;
  readonly chunks: ChunkRange;
}

function readSources(value: unknown, cas: URL): ReadonlyMap<string, readonly Source[]> {
  const sources = new Map<string, Source[]>();
  for (const [hash, entries] of Object.entries(fields(value))) {
    if (!/^[0-9a-f]{64}$/.test(hash) || !Array.isArray(entries)) throw bad("xorbs that are none");
    const ranges = entries.flatMap((entry) => readEntry(entry, cas));
    if (ranges.length > MOST_CHUNKS) throw bad("more ranges of a xorb than it has chunks");
    sources.set(hash, ranges);
  }
  return sources;
}

/** Version 2 has one address with ranges, version 1 one of each. Several ranges are asked for one by one. */
function readEntry(entry: unknown, cas: URL): Source[] {
  const { url, ranges, range, url_range: bytes } = fields(entry);
  const address = readAddress(url, cas);
  const pairs = Array.isArray(ranges) ? ranges.map(fields) : [{ chunks: range, bytes }];
  return pairs.map((pair) => {
    const { start: first, end: last } = fields(pair.bytes);
    if (!isCount(first) || !isCount(last) || last < first || last - first >= MOST_BYTES) throw bad("no range of bytes");
    return { url: address, first, last, chunks: readRange(pair.chunks) };
  });
}

function readRange(value: unknown): ChunkRange {
  const { start, end } = fields(value);
  if (!isCount(start) || !isCount(end) || end <= start || end > MOST_CHUNKS) throw bad("no range of chunks");
  return { start, end };
}

function readAddress(value: unknown, cas: URL): URL {
  if (typeof value !== "string" || !URL.canParse(value)) throw bad("no address");
  const url = new URL(value);
  if (!mayLead(cas, url)) throw bad(`an address that is not asked: ${url.protocol}//${url.host}`);
  url.hash = "";
  return url;
}

/**
 * Whether an address that came from one place may be asked: https anywhere, http only on loopback and only when the
 * place is there itself, so that nobody far away has services of this machine asked.
 */
export function mayLead(from: URL, to: URL): boolean {
  if (to.username !== "" || to.password !== "" || !carriesTokens(to)) return false;
  return to.protocol === "https:" || from.protocol === "http:";
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function fields(value: unknown): Partial<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}

function bad(what: string): NetworkError {
  return new NetworkError("ERR_HF_BAD_ANSWER", `The Xet storage says of the file what can't be: ${what}.`, {
    hint: "Try again, or take the other way: --transport http.",
  });
}

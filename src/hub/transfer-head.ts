import { trimBoth } from "../core/trim.ts";

/** The head of an HTTP/1 answer, as far as the transfer of a body needs it. */
export interface ResponseHead {
  readonly status: number;
  /** Lower-case names; values of a name that came more than once are joined with ", ". */
  readonly headers: ReadonlyMap<string, string>;
  readonly framing: Framing;
  /** The connection may carry another request after this answer. */
  readonly keepAlive: boolean;
  /** `Content-Encoding`, where it is not identity. */
  readonly encoding: string | undefined;
}

/** How the end of the body is told (RFC 9112 section 6.3). Only the first two are for the narrow path. */
export type Framing = { readonly kind: "none" } | { readonly kind: "length"; readonly length: number } | OddFraming;
type OddFraming = { readonly kind: "chunked" } | { readonly kind: "close" };

/** Where the head ends: a number of bytes, or that more must come. A `string` says what is wrong with it. */
export type HeadEnd = number | "more" | { readonly wrong: string };

/** Node's own limit is 16 KB; the Hub's answers for files carry several signed addresses of some KB each. */
export const HEAD_LIMIT = 32 * 1024;
const HEADER_COUNT_LIMIT = 200;
const LF = 10;
const CR = 13;
const BLANK = /[\t ]/;

/**
 * Finds the blank line that ends the head in `bytes[0, filled)`, looking only at what came after `from`. A line feed
 * without a carriage return is refused at once: waiting for an end that cannot come would be a hang.
 */
export function findHeadEnd(bytes: Uint8Array, from: number, filled: number): HeadEnd {
  for (let at = bytes.indexOf(LF, from); at !== -1 && at < filled; at = bytes.indexOf(LF, at + 1)) {
    if (at >= HEAD_LIMIT) break;
    if (at === 0 || bytes[at - 1] !== CR) return { wrong: "a line does not end with CR LF" };
    if (at >= 3 && bytes[at - 2] === LF) return at + 1;
  }
  return filled >= HEAD_LIMIT ? { wrong: `the head is longer than ${HEAD_LIMIT} bytes` } : "more";
}

/**
 * Reads a whole head, blank line included. Strict on purpose: where two readers could disagree about where a body
 * begins or ends (RFC 9112 sections 2.2, 5.1, 5.2, 6.3), the answer is refused.
 * @param method decides whether a body follows
 * @returns the head, or what is wrong with it
 */
export function parseHead(bytes: Uint8Array, method: "GET" | "HEAD"): ResponseHead | { readonly wrong: string } {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  if (!text.endsWith("\r\n\r\n")) return { wrong: "the head has no end" };
  const [statusLine = "", ...lines] = text.slice(0, -4).split("\r\n");
  // eslint-disable-next-line no-control-regex
  const start = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/.exec(statusLine);
  if (start === null) return { wrong: "the first line is not a status line of HTTP/1" };
  if (lines.length > HEADER_COUNT_LIMIT) return { wrong: `more than ${HEADER_COUNT_LIMIT} header lines` };
  const headers = new Map<string, string>();
  for (const line of lines) {
    // A line that begins with a blank (folding) has no name, a blank before the colon is no name either.
    // eslint-disable-next-line no-control-regex
    const field = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):([\t\x20-\x7e\x80-\xff]*)$/.exec(line);
    if (field === null) return { wrong: "a header line is malformed" };
    const name = (field[1] ?? "").toLowerCase();
    const value = trimBoth(field[2] ?? "", BLANK);
    const before = headers.get(name);
    if (before !== undefined && SINGLE.has(name)) return { wrong: `${name} came twice` };
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  const status = Number(start[2]);
  const framing = framingOf(status, method, headers);
  if ("wrong" in framing) return framing;
  return { status, headers, framing, keepAlive: keepsAlive(start[1] === "1", headers), encoding: encodingOf(headers) };
}

/** Headers that mean something only once; two of them are two answers mixed into one. */
const SINGLE = new Set([
  "content-length",
  "transfer-encoding",
  "content-range",
  "content-encoding",
  "location",
  "etag",
]);

function framingOf(
  status: number,
  method: "GET" | "HEAD",
  headers: ReadonlyMap<string, string>,
): Framing | { readonly wrong: string } {
  const length = headers.get("content-length");
  const coding = headers.get("transfer-encoding");
  if (length !== undefined && coding !== undefined)
    return { wrong: "both content-length and transfer-encoding are there" };
  if (length !== undefined && (!/^\d{1,16}$/.test(length) || !Number.isSafeInteger(Number(length)))) {
    return { wrong: "content-length is not a number of bytes" };
  }
  if (method === "HEAD" || status < 200 || status === 204 || status === 304) return { kind: "none" };
  if (coding !== undefined) return { kind: coding.toLowerCase() === "chunked" ? "chunked" : "close" };
  return length === undefined ? { kind: "close" } : { kind: "length", length: Number(length) };
}

function keepsAlive(modern: boolean, headers: ReadonlyMap<string, string>): boolean {
  const words = (headers.get("connection") ?? "").toLowerCase().split(",");
  return modern && !words.some((word) => trimBoth(word, BLANK) === "close");
}

function encodingOf(headers: ReadonlyMap<string, string>): string | undefined {
  const encoding = headers.get("content-encoding")?.toLowerCase();
  return encoding === undefined || encoding === "" || encoding === "identity" ? undefined : encoding;
}
